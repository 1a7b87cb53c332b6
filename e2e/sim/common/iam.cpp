#include "e2e/sim/common/iam.hpp"

#include <algorithm>

#include "e2e/sim/common/policy.hpp"
#include "e2e/sim/common/policy_json.hpp"
#include "e2e/sim/common/text.hpp"

namespace sim {
namespace {

using web::json::value;

bool contains(std::vector<std::string> const& list, std::string_view text) {
    return std::find(list.begin(), list.end(), text) != list.end();
}

/// "1234" and "arn:aws:iam::1234:root" both stand for a whole account.
bool stands_for(std::string const& written, std::string const& principal) {
    if (written == principal) {
        return true;
    }
    std::string const account = account_of(principal);
    auto const parts = split(principal, ':');
    return written == account ||
           (parts.size() > 1 && written == "arn:" + parts[1] + ":iam::" + account + ":root");
}

}  // namespace

std::optional<IamTrust> IamTrust::parse(std::string_view json, std::string& problem) {
    return guarded<IamTrust>(problem, [&] {
        value const document = parse_policy_document(json, "2012-10-17");
        IamTrust trust;
        for (value const& item : document.at("Statement").as_array()) {
            std::string const where = "Statement[" + std::to_string(trust.statements_.size()) + "]";
            refuse_other_keys(item, {"Sid", "Effect", "Action", "Principal", "Condition"}, where);
            Statement statement;
            statement.allow = policy_effect(item, where);
            statement.actions =
                policy_texts(policy_member(item, "Action", where), where + ".Action");
            value const& principal = policy_member(item, "Principal", where);
            refuse_other_keys(principal, {"AWS", "Federated", "Service"}, where + ".Principal");
            if (principal.has_field("AWS")) {
                statement.accounts_and_arns = policy_texts(principal.at("AWS"), where);
            }
            if (principal.has_field("Federated")) {
                statement.federated = policy_texts(principal.at("Federated"), where);
            }
            if (principal.has_field("Service")) {
                statement.services = policy_texts(principal.at("Service"), where);
            }
            if (item.has_field("Condition")) {
                value const& condition = item.at("Condition");
                refuse_other_keys(condition, {"StringEquals", "StringLike"}, where + ".Condition");
                for (auto const& [name, keys] : condition.as_object()) {
                    for (auto const& [key, values] : keys.as_object()) {
                        statement.conditions.push_back(
                            {key, policy_texts(values, where + "." + key), name == "StringLike"});
                    }
                }
            }
            trust.statements_.push_back(std::move(statement));
        }
        return trust;
    });
}

bool IamTrust::Statement::meets(TrustQuestion const& question) const {
    bool const named =
        question.federated ? contains(federated, question.principal)
        : question.service
            ? contains(services, question.principal)
            : std::any_of(accounts_and_arns.begin(), accounts_and_arns.end(),
                          [&](auto const& one) { return stands_for(one, question.principal); });
    return named && any_pattern_matches(actions, question.action) &&
           std::all_of(conditions.begin(), conditions.end(), [&](Condition const& condition) {
               auto const at = question.context.find(condition.key);
               return at != question.context.end() &&
                      (condition.wildcards ? any_pattern_matches(condition.values, at->second)
                                           : contains(condition.values, at->second));
           });
}

bool IamTrust::allows(TrustQuestion const& question) const {
    bool allowed = false;
    for (Statement const& statement : statements_) {
        if (statement.meets(question)) {
            if (!statement.allow) {
                return false;
            }
            allowed = true;
        }
    }
    return allowed;
}

bool IamTrust::names(std::string_view principal) const {
    return std::any_of(statements_.begin(), statements_.end(), [&](Statement const& statement) {
        return statement.allow && contains(statement.accounts_and_arns, principal);
    });
}

}  // namespace sim
