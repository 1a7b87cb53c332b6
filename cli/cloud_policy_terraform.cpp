#include <cctype>

#include "cli/cloud_policy.hpp"

namespace rt::cli {
namespace {

/// "acr-cainiao" as the name of a resource.
std::string identifier(std::string text) {
    for (char& c : text) {
        c = std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
    }
    return std::isdigit(static_cast<unsigned char>(text[0])) != 0 ? "_" + text : text;
}

/// A policy as an indented heredoc; Terraform takes the indentation off again.
std::string document(std::string const& policy) {
    std::string out = "<<-EOT\n    ";
    for (char const c : policy) {
        out += c;
        if (c == '\n') {
            out += "    ";
        }
    }
    return out + "\n  EOT\n";
}

std::string for_caller(CloudPolicies const& policies, std::string const& type,
                       std::string const& name, std::string const& name_key,
                       std::string const& document_key) {
    if (policies.caller_policy.empty()) {
        return {};
    }
    return "# In the operator's account, to attach to " +
           (policies.caller.empty() ? std::string("its identity") : policies.caller) +
           "\nresource \"" + type + "\" \"" + identifier(name) + "\" {\n  " + name_key + " = \"" +
           name + "\"\n  " + document_key + " = " + document(policies.caller_policy) + "}\n";
}

std::string alibaba(PolicySubject const& subject, CloudPolicies const& policies) {
    std::string const id = identifier(subject.role_name);
    std::string const pull = subject.role_name + "-pull";
    std::string out = "# In account " + subject.account + "\n";
    if (!policies.trust_policy.empty()) {
        out += "resource \"alicloud_ram_role\" \"" + id + "\" {\n  role_name = \"" +
               subject.role_name +
               "\"\n  assume_role_policy_document = " + document(policies.trust_policy) + "}\n\n";
    }
    out += "resource \"alicloud_ram_policy\" \"" + id + "_pull\" {\n  policy_name = \"" + pull +
           "\"\n  policy_document = " + document(policies.role_policy) + "}\n\n";
    out += "resource \"alicloud_ram_role_policy_attachment\" \"" + id +
           "_pull\" {\n  policy_name = alicloud_ram_policy." + id +
           "_pull.policy_name\n  policy_type = \"Custom\"\n  role_name = \"" + subject.role_name +
           "\"\n}\n\n";
    return out + for_caller(policies, "alicloud_ram_policy", "assume-" + subject.role_name,
                            "policy_name", "policy_document");
}

std::string amazon(PolicySubject const& subject, CloudPolicies const& policies) {
    std::string const id = identifier(subject.role_name);
    std::string out = "# In account " + subject.account + "\n";
    if (!policies.trust_policy.empty()) {
        out += "resource \"aws_iam_role\" \"" + id + "\" {\n  name = \"" + subject.role_name +
               "\"\n  assume_role_policy = " + document(policies.trust_policy) + "}\n\n";
    }
    out += "resource \"aws_iam_role_policy\" \"" + id +
           "_pull\" {\n  name = \"pull\"\n  role = \"" + subject.role_name +
           "\"\n  policy = " + document(policies.role_policy) + "}\n\n";
    out += for_caller(policies, "aws_iam_policy", "assume-" + subject.role_name, "name", "policy");
    if (!policies.caller_trust.empty()) {
        std::string const name = policies.caller.substr(policies.caller.rfind('/') + 1);
        out += "\nresource \"aws_iam_role\" \"" + identifier(name) + "\" {\n  name = \"" + name +
               "\"\n  assume_role_policy = " + document(policies.caller_trust) + "}\n";
    }
    return out;
}

}  // namespace

std::string terraform_of(PolicySubject const& subject, CloudPolicies const& policies) {
    std::string out;
    for (std::string const& note : policies.notes) {
        out += "# note: " + note + '\n';
    }
    if (subject.registry->alibaba_acr) {
        return out + alibaba(subject, policies);
    }
    if (subject.registry->amazon_ecr) {
        return out + amazon(subject, policies);
    }
    for (std::string const& command : policies.commands) {
        out += "# " + command + '\n';
    }
    return out;
}

}  // namespace rt::cli
