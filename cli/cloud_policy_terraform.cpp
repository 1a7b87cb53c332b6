#include <cctype>

#include "cli/cloud_policy.hpp"

namespace rt::cli {
namespace {

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

/// How the providers of Alibaba Cloud and Amazon call things.
struct Vocabulary {
    std::string_view prefix;  ///< of all types of resources
    std::string_view role_name;
    std::string_view trust;
    std::string_view policy_name;
    std::string_view policy_text;
    std::string_view attached_policy;  ///< what an attachment calls its policy, ...
    std::string_view policy_key;       ///< ... by which attribute of that
    std::string_view attachment_more;
    std::string_view attached_to;  ///< suffix of the name of a role or user
};

constexpr Vocabulary alibaba{"alicloud_ram_",
                             "role_name",
                             "assume_role_policy_document",
                             "policy_name",
                             "policy_document",
                             "policy_name",
                             "policy_name",
                             "  policy_type = \"Custom\"\n",
                             "_name"};
constexpr Vocabulary amazon{
    "aws_iam_", "name", "assume_role_policy", "name", "policy", "policy_arn", "arn", "", ""};

std::string name_of(std::string const& arn) {
    return arn.substr(arn.rfind('/') + 1);
}

/// acs:ram::ACCOUNT:... and arn:aws:iam::ACCOUNT:...
std::string account_of(std::string const& arn) {
    std::size_t const at = arn.find("::");
    return at == std::string::npos ? "" : arn.substr(at + 2, arn.find(':', at + 2) - at - 2);
}

class Printer {
  public:
    Printer(Vocabulary const& words, std::set<std::string>& made) : words_(words), made_(made) {}

    void role(std::string const& arn, std::string const& trust) {
        if (trust.empty() || !made_.insert(arn + trust).second) {
            return;
        }
        if (begin("role", address_name(arn), "In account " + account_of(arn))) {
            put(words_.role_name, hcl_string(name_of(arn)));
            put(words_.trust, document(trust));
            end();
        } else {
            out_ += "# note: " + arn +
                    " is above, as another Registry needs it: add the statement of this trust "
                    "policy, which --cloud-format json prints\n";
        }
    }
    /// A policy, and its attachment to the role or user where that is known.
    void policy(std::string const& name, std::string const& text, std::string const& arn) {
        std::string const id = hcl_name(name);
        if (!begin("policy", id,
                   "For " + (arn.empty() ? std::string("the operator's own identity") : arn))) {
            return;
        }
        put(words_.policy_name, hcl_string(name));
        put(words_.policy_text, document(text));
        end();
        std::string const kind = arn.find(":user/") != std::string::npos   ? "user"
                                 : arn.find(":role/") != std::string::npos ? "role"
                                                                           : "";
        if (kind.empty() || !begin(kind + "_policy_attachment", id, "")) {
            return;
        }
        put(words_.attached_policy,
            type("policy") + '.' + id + '.' + std::string(words_.policy_key));
        out_ += words_.attachment_more;
        std::string const made = type("role") + '.' + address_name(arn);
        put(kind + std::string(words_.attached_to), made_.contains(made)
                                                        ? made + '.' + std::string(words_.role_name)
                                                        : hcl_string(name_of(arn)));
        end();
    }
    std::string take() { return std::move(out_); }

  private:
    [[nodiscard]] std::string type(std::string const& kind) const {
        return std::string(words_.prefix) + kind;
    }
    static std::string address_name(std::string const& arn) {
        return hcl_name(name_of(arn) + '_' + account_of(arn));
    }
    /// False where it was printed before.
    bool begin(std::string const& kind, std::string const& id, std::string const& comment) {
        if (!made_.insert(type(kind) + '.' + id).second) {
            return false;
        }
        out_ += comment.empty() ? "" : "# " + comment + '\n';
        out_ += "resource \"" + type(kind) + "\" \"" + id + "\" {\n";
        return true;
    }
    void put(std::string_view key, std::string const& value) {
        out_ += "  " + std::string(key) + " = " + value + (value.ends_with('\n') ? "" : "\n");
    }
    void end() { out_ += "}\n\n"; }

    Vocabulary const& words_;
    std::set<std::string>& made_;
    std::string out_;
};

std::string documents(Vocabulary const& words, PolicySubject const& subject,
                      CloudPolicies const& policies, std::set<std::string>& made) {
    Printer printer(words, made);
    printer.role(subject.role, policies.trust_policy);
    printer.policy(subject.role_name + "-pull-" + subject.registry->meta.name, policies.role_policy,
                   subject.role);
    if (!policies.caller_policy.empty()) {
        if (!policies.caller.empty()) {
            printer.role(policies.caller, policies.caller_trust);
        }
        printer.policy("assume-" + subject.role_name + '-' + subject.account,
                       policies.caller_policy, policies.caller);
    }
    return printer.take();
}

}  // namespace

std::string hcl_name(std::string text) {
    for (char& c : text) {
        c = std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
    }
    return std::isdigit(static_cast<unsigned char>(text[0])) != 0 ? "_" + text : text;
}

std::string hcl_string(std::string_view text) {
    std::string out = "\"";
    for (std::size_t i = 0; i < text.size(); ++i) {
        char const c = text[i];
        if (c == '"' || c == '\\') {
            out += '\\';
        } else if ((c == '$' || c == '%') && text.substr(i + 1, 1) == "{") {
            out += c;  // no template
        }
        out += c;
    }
    return out + '"';
}

std::string terraform_of(PolicySubject const& subject, CloudPolicies const& policies,
                         std::set<std::string>& made) {
    std::string out;
    for (std::string const& note : policies.notes) {
        out += "# note: " + note + '\n';
    }
    if (subject.registry->alibaba_acr) {
        return out + documents(alibaba, subject, policies, made);
    }
    if (subject.registry->amazon_ecr) {
        return out + documents(amazon, subject, policies, made);
    }
    for (PolicyStep const& step : policies.steps) {
        for (std::string const& block : step.blocks) {
            out += made.insert(block).second ? block + '\n' : "";
        }
    }
    return out;
}

}  // namespace rt::cli
