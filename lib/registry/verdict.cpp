#include "lib/registry/verdict.hpp"

#include <algorithm>

#include "lib/base/text.hpp"
#include "lib/registry/pull_facts.hpp"

namespace rt::registry {
namespace {

/// Paths that a sentence names; the rest are counted.
constexpr std::size_t named_max = 3;

std::string listed(std::vector<std::string> texts) {
    std::size_t const all = texts.size();
    texts.resize(std::min(all, named_max));
    return join(texts, ", ") +
           (all > named_max ? " and " + std::to_string(all - named_max) + " more" : "");
}

/// registry namespace "cainiao" of HOST
std::string what(std::vector<tenancy::AllowEntry> const& entries, std::string const& host) {
    std::vector<std::string> texts;
    for (tenancy::AllowEntry const& entry : entries) {
        switch (entry.kind) {
            case tenancy::AllowEntry::Kind::WholeRegistry:
                texts.emplace_back("the registry");
                break;
            case tenancy::AllowEntry::Kind::Namespace:
                texts.push_back("registry namespace \"" + entry.path + "\"");
                break;
            case tenancy::AllowEntry::Kind::Repository:
                texts.push_back("repository \"" + entry.path + "\"");
                break;
        }
    }
    return listed(std::move(texts)) + " of " + host;
}

std::string who(tenancy::CredentialSpec const& spec) {
    if (spec.role) {
        return "role " + spec.role->str();
    }
    return spec.registry->docker_config_secret
               ? "the login in Secret " + spec.registry->docker_config_secret->secret_name
               : "the credential of Registry " + spec.registry->meta.name;
}

std::string fix_for_narrow(tenancy::CredentialSpec const& spec, Verdict const& verdict) {
    std::vector<std::string> resources;
    std::vector<std::string> actions;
    std::string role;
    for (tenancy::AllowEntry const& entry : verdict.entries) {
        Permission permission = pull_permission(
            *spec.registry, spec.role ? std::string_view(spec.role->account()) : "", entry);
        if (!permission.actions.empty()) {
            actions = std::move(permission.actions);
            resources.push_back(std::move(permission.resource));
            role = std::move(permission.role);
        }
    }
    if (actions.empty()) {
        return "give it the right to pull there";
    }
    // Two paths may lie in one resource: a registry, a project.
    resources.erase(std::unique(resources.begin(), resources.end()), resources.end());
    return (actions.size() == 1 ? "add action " : "add actions ") + join(actions, ", ") +
           (resources.size() == 1 ? " on resource " : " on resources ") + listed(resources) +
           (role.empty() ? "" : " (role " + role + ")");
}

std::string see_tenancy(tenancy::CredentialSpec const& spec) {
    return spec.tenancies.empty() ? std::string()
                                  : "; cluster admins see the fix in the condition PullVerified of "
                                    "RegistryTenancy \"" +
                                        spec.tenancies.front() + "\"";
}

std::string network_fix(Reason reason) {
    switch (reason) {
        case Reason::DNSFailed:
            return "make the name resolve for Pods (cluster DNS, private zone), or take the host "
                   "out of the Registry";
        case Reason::TLSUntrusted:
            return "add the certificate of its CA to ConfigMap registry-tenancy-ca-bundle and "
                   "restart the operator, or mend the certificate";
        default:
            return "open the way from the operator's Pods (network policy, security group, access "
                   "list of the registry), or wait until it answers again";
    }
}

}  // namespace

Result<Answers> ask(http::Transport& transport, std::string const& host, Door const& door,
                    std::span<Asked const> asked, Login const& login, std::stop_token const& stop) {
    std::vector<Question> questions;
    questions.reserve(asked.size());
    for (Asked const& one : asked) {
        questions.push_back(one.question);
    }
    Answers answers;
    RT_TRY(answers.holder, may_pull(transport, host, door, questions, &login, stop));
    if (auto anyone = may_pull(transport, host, door, questions, nullptr, stop)) {
        answers.anyone = *std::move(anyone);
    }
    return answers;
}

Verdict verdict_of(std::span<Asked const> asked, Result<Answers> const& answers) {
    if (asked.empty()) {
        return {Reason::NothingToAsk};
    }
    if (!answers) {
        return {
            reason_of(answers.error().code).value_or(Reason::Unknown), {}, answers.error().message};
    }
    Verdict refused{Reason::RoleTooNarrow};
    Verdict open{Reason::RegistryNamespacePublic};
    for (Asked const& one : asked) {
        bool const anyone = answers->anyone.contains(one.question.repository);
        if (anyone) {
            open.entries.push_back(one.entry);
        } else if (!answers->holder.contains(one.question.repository)) {
            refused.entries.push_back(one.entry);
        }
    }
    if (!refused.entries.empty()) {
        return refused;
    }
    return open.entries.empty() ? Verdict{Reason::Verified} : open;
}

Words words_for(Verdict const& verdict, tenancy::CredentialSpec const& spec,
                std::string const& host) {
    std::string const registry = "registry \"" + spec.registry->meta.name + "\"";
    switch (verdict.reason) {
        case Reason::Verified:
            return {"the credential can pull", ""};
        case Reason::SwitchedOff:
            return {
                "the operator's setting operator.pullChecksPerSecond is 0, so no registry is asked "
                "whether credentials can pull",
                ""};
        case Reason::NothingToAsk:
            return {"no image of " + registry + " is in use, so there is nothing to ask it for",
                    ""};
        case Reason::RoleTooNarrow:
            return {who(spec) + " may not pull from " + what(verdict.entries, host) + ": " +
                        fix_for_narrow(spec, verdict),
                    "The credential here may not pull from " + what(verdict.entries, host) +
                        ", though it is allowed: who it stands for has no right to" +
                        see_tenancy(spec) + "."};
        case Reason::RegistryNamespacePublic:
            return {"anyone may pull from " + what(verdict.entries, host) +
                        " without a credential: make it private, or allow it through a Registry of "
                        "type Anonymous",
                    "Anyone may pull from " + what(verdict.entries, host) +
                        " without a credential" + see_tenancy(spec) + "."};
        case Reason::TokenRejected:
            return {verdict.detail + ": check that " + host + " is a host of what Registry " +
                        spec.registry->meta.name + " names, and that " + who(spec) +
                        " was not revoked",
                    host + " refuses the credential here" + see_tenancy(spec) + "."};
        case Reason::RealmNotPinned:
            return {verdict.detail + ", which Registry " + spec.registry->meta.name +
                        " does not approve, so the credential was not shown to it: put it into "
                        "spec.realm if it is the right one",
                    ""};
        case Reason::DNSFailed:
        case Reason::TLSUntrusted:
        case Reason::RegistryUnreachable:
            return {
                "seen from the operator, " + verdict.detail + ": " + network_fix(verdict.reason),
                "Seen from the operator (nodes may see it otherwise), " + host +
                    " cannot be asked whether the credential works" + see_tenancy(spec) + "."};
        case Reason::Unknown:
            break;
    }
    return {verdict.detail.empty() ? "the registry's answers do not tell" : verdict.detail, ""};
}

}  // namespace rt::registry
