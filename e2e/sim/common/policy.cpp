#include "e2e/sim/common/policy.hpp"

#include <algorithm>

#include "e2e/sim/common/policy_json.hpp"
#include "e2e/sim/common/text.hpp"

namespace sim {
namespace {

using web::json::value;

std::vector<std::string> external_ids(value const& condition, std::string const& where,
                                      bool& wildcards) {
    refuse_other_keys(condition, {"StringEquals", "StringLike"}, where + ".Condition");
    if (condition.size() != 1) {
        refuse_policy(where + ".Condition must have one operator");
    }
    wildcards = condition.has_field("StringLike");
    value const& keys = condition.at(wildcards ? "StringLike" : "StringEquals");
    refuse_other_keys(keys, {"sts:ExternalId"}, where + ".Condition");
    return policy_texts(policy_member(keys, "sts:ExternalId", where + ".Condition"),
                        where + ".Condition");
}

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
            refuse_other_keys(principal, {"RAM", "Service"}, where + ".Principal");
            if (principal.has_field("RAM")) {
                statement.principals = policy_texts(principal.at("RAM"), where + ".Principal.RAM");
            }
            if (item.has_field("Condition")) {
                statement.external_ids =
                    external_ids(item.at("Condition"), where, statement.wildcards);
            }
            policy.statements_.push_back(std::move(statement));
        }
        return policy;
    });
}

bool TrustPolicy::trusts(std::string_view principal, std::string_view external_id) const {
    std::string const whole_account = "acs:ram::" + account_of(principal) + ":root";
    bool trusted = false;
    for (Statement const& statement : statements_) {
        auto const& names = statement.principals;
        bool const named = std::any_of(names.begin(), names.end(), [&](std::string const& name) {
            return name == principal || name == whole_account;
        });
        if (!named) {
            continue;
        }
        auto const& wanted = statement.external_ids;
        bool const condition =
            wanted.empty() || (statement.wildcards ? any_pattern_matches(wanted, external_id)
                                                   : std::find(wanted.begin(), wanted.end(),
                                                               external_id) != wanted.end());
        if (!condition) {
            continue;
        }
        if (!statement.allow) {
            return false;
        }
        trusted = true;
    }
    return trusted;
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
