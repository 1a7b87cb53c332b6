#include "e2e/sim/common/policy.hpp"

#include <algorithm>

#include "e2e/sim/common/policy_json.hpp"
#include "e2e/sim/common/text.hpp"

namespace sim {
namespace {

using web::json::value;

}  // namespace

std::optional<Policy> Policy::parse(std::string_view json, std::string& problem, Cloud cloud) {
    return guarded<Policy>(problem, [&] {
        value const document =
            parse_policy_document(json, cloud == Cloud::Amazon ? "2012-10-17" : "1");
        Policy policy;
        for (value const& item : document.at("Statement").as_array()) {
            std::string const where =
                "Statement[" + std::to_string(policy.statements_.size()) + "]";
            if (cloud == Cloud::Amazon) {
                refuse_other_keys(item, {"Sid", "Effect", "Action", "Resource"}, where);
            } else {
                refuse_other_keys(item, {"Effect", "Action", "Resource"}, where);
            }
            Statement statement;
            statement.allow = policy_effect(item, where);
            statement.actions =
                policy_texts(policy_member(item, "Action", where), where + ".Action");
            statement.resources =
                policy_texts(policy_member(item, "Resource", where), where + ".Resource");
            policy.statements_.push_back(std::move(statement));
        }
        return policy;
    });
}

Verdict Policy::evaluate(std::string_view action, std::string_view resource) const {
    Verdict verdict = Verdict::ImplicitDeny;
    for (Statement const& statement : statements_) {
        if (!any_pattern_matches(statement.actions, action)) {
            continue;
        }
        if (!any_pattern_matches(statement.resources, resource)) {
            continue;
        }
        if (!statement.allow) {
            return Verdict::ExplicitDeny;
        }
        verdict = Verdict::Allowed;
    }
    return verdict;
}

std::optional<TrustPolicy> TrustPolicy::parse(std::string_view json, std::string& problem) {
    return guarded<TrustPolicy>(problem, [&] {
        value const document = parse_policy_document(json, "1");
        TrustPolicy policy;
        for (value const& item : document.at("Statement").as_array()) {
            std::string const where =
                "Statement[" + std::to_string(policy.statements_.size()) + "]";
            refuse_other_keys(item, {"Effect", "Action", "Principal", "Condition"}, where);
            Statement statement;
            statement.allow = policy_effect(item, where);
            auto const actions =
                policy_texts(policy_member(item, "Action", where), where + ".Action");
            if (!any_pattern_matches(actions, "sts:AssumeRole")) {
                refuse_policy(where + ".Action: sts:AssumeRole");
            }
            value const& principal = policy_member(item, "Principal", where);
            refuse_other_keys(principal, {"RAM", "Service", "Federated"}, where + ".Principal");
            if (principal.has_field("RAM")) {
                statement.principals = policy_texts(principal.at("RAM"), where + ".Principal.RAM");
            }
            if (principal.has_field("Federated")) {
                statement.federated =
                    policy_texts(principal.at("Federated"), where + ".Principal.Federated");
            }
            if (item.has_field("Condition")) {
                value const& condition = item.at("Condition");
                refuse_other_keys(condition, {"StringEquals", "StringLike"}, where + ".Condition");
                for (auto const& [name, keys] : condition.as_object()) {
                    refuse_other_keys(keys, {"sts:ExternalId", "oidc:iss", "oidc:sub", "oidc:aud"},
                                      where + ".Condition");
                    for (auto const& [key, values] : keys.as_object()) {
                        statement.conditions.push_back(
                            {key, policy_texts(values, where + "." + key), name == "StringLike"});
                    }
                }
            }
            policy.statements_.push_back(std::move(statement));
        }
        return policy;
    });
}

bool TrustPolicy::Statement::holds(std::map<std::string, std::string> const& context) const {
    return std::all_of(conditions.begin(), conditions.end(), [&](Condition const& condition) {
        auto const at = context.find(condition.key);
        auto const& wanted = condition.values;
        return at != context.end() && (condition.wildcards ? any_pattern_matches(wanted, at->second)
                                                           : std::find(wanted.begin(), wanted.end(),
                                                                       at->second) != wanted.end());
    });
}

template <typename Named>
bool TrustPolicy::trusts_named(Named named,
                               std::map<std::string, std::string> const& context) const {
    bool trusted = false;
    for (Statement const& statement : statements_) {
        if (!named(statement) || !statement.holds(context)) {
            continue;
        }
        if (!statement.allow) {
            return false;
        }
        trusted = true;
    }
    return trusted;
}

bool TrustPolicy::trusts(std::string_view principal, std::string_view external_id) const {
    std::string const whole_account = "acs:ram::" + account_of(principal) + ":root";
    std::map<std::string, std::string> context;
    if (!external_id.empty()) {
        context["sts:ExternalId"] = external_id;
    }
    return trusts_named(
        [&](Statement const& statement) {
            return std::any_of(
                statement.principals.begin(), statement.principals.end(),
                [&](auto const& name) { return name == principal || name == whole_account; });
        },
        context);
}

bool TrustPolicy::trusts_token(std::string_view provider,
                               std::map<std::string, std::string> const& context) const {
    return trusts_named(
        [&](Statement const& statement) {
            return std::find(statement.federated.begin(), statement.federated.end(), provider) !=
                   statement.federated.end();
        },
        context);
}

std::string account_of(std::string_view arn) {
    auto const parts = split(arn, ':');
    if (parts.size() < 5) {
        return {};
    }
    return cloud_of(arn) == Cloud::Amazon ? parts[4] : parts[3];
}

Cloud cloud_of(std::string_view arn) {
    return arn.substr(0, 4) == "arn:" ? Cloud::Amazon : Cloud::Alibaba;
}

}  // namespace sim
