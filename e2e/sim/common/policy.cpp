#include "e2e/sim/common/policy.hpp"

#include <cpprest/json.h>

#include <algorithm>
#include <stdexcept>

#include "e2e/sim/common/text.hpp"

namespace sim {
namespace {

using web::json::value;

constexpr std::size_t statements_at_most = 100;

[[noreturn]] void refuse(std::string const& why) {
    throw std::invalid_argument(why);
}

std::vector<std::string> texts(value const& one_or_many, std::string const& where) {
    std::vector<std::string> out;
    if (one_or_many.is_string()) {
        out.push_back(one_or_many.as_string());
    } else if (one_or_many.is_array()) {
        for (value const& item : one_or_many.as_array()) {
            if (!item.is_string()) {
                refuse(where + " must hold texts");
            }
            out.push_back(item.as_string());
        }
    } else {
        refuse(where + " must be a text or a list of texts");
    }
    if (out.empty()) {
        refuse(where + " must not be empty");
    }
    return out;
}

void refuse_other_keys(value const& object, std::initializer_list<std::string_view> known,
                       std::string const& where) {
    if (!object.is_object()) {
        refuse(where + " must be an object");
    }
    for (auto const& [key, ignored] : object.as_object()) {
        if (std::find(known.begin(), known.end(), key) == known.end()) {
            refuse(where + " must not have the key \"" + key + "\"");
        }
    }
}

value const& member(value const& object, std::string const& key, std::string const& where) {
    if (!object.has_field(key)) {
        refuse(where + " needs \"" + key + "\"");
    }
    return object.at(key);
}

bool effect(value const& statement, std::string const& where) {
    value const& text = member(statement, "Effect", where);
    if (text.is_string() && text.as_string() == "Allow") {
        return true;
    }
    if (text.is_string() && text.as_string() == "Deny") {
        return false;
    }
    refuse(where + ".Effect must be Allow or Deny");
}

value parse_document(std::string_view json) {
    value document = value::parse(std::string(json));
    refuse_other_keys(document, {"Version", "Statement"}, "the policy");
    value const& version = member(document, "Version", "the policy");
    if (!version.is_string() || version.as_string() != "1") {
        refuse("Version must be \"1\"");
    }
    value const& statements = member(document, "Statement", "the policy");
    if (!statements.is_array() || statements.size() == 0) {
        refuse("Statement must be a list with at least one entry");
    }
    if (statements.size() > statements_at_most) {
        refuse("Statement has too many entries");
    }
    return document;
}

/// Runs `read` and turns whatever it throws into the text of the problem.
template <typename Parsed, typename Read>
std::optional<Parsed> guarded(std::string& problem, Read read) {
    try {
        return read();
    } catch (std::exception const& error) {
        problem = error.what();
        return std::nullopt;
    }
}

bool any_match(std::vector<std::string> const& patterns, std::string_view text) {
    return std::any_of(patterns.begin(), patterns.end(),
                       [&](std::string const& pattern) { return wildcard_match(pattern, text); });
}

std::vector<std::string> external_ids(value const& condition, std::string const& where,
                                      bool& wildcards) {
    refuse_other_keys(condition, {"StringEquals", "StringLike"}, where + ".Condition");
    if (condition.size() != 1) {
        refuse(where + ".Condition must have one operator");
    }
    wildcards = condition.has_field("StringLike");
    value const& keys = condition.at(wildcards ? "StringLike" : "StringEquals");
    refuse_other_keys(keys, {"sts:ExternalId"}, where + ".Condition");
    return texts(member(keys, "sts:ExternalId", where + ".Condition"), where + ".Condition");
}

}  // namespace

std::optional<Policy> Policy::parse(std::string_view json, std::string& problem) {
    return guarded<Policy>(problem, [&] {
        value const document = parse_document(json);
        Policy policy;
        for (value const& item : document.at("Statement").as_array()) {
            std::string const where =
                "Statement[" + std::to_string(policy.statements_.size()) + "]";
            refuse_other_keys(item, {"Effect", "Action", "Resource"}, where);
            Statement statement;
            statement.allow = effect(item, where);
            statement.actions = texts(member(item, "Action", where), where + ".Action");
            statement.resources = texts(member(item, "Resource", where), where + ".Resource");
            policy.statements_.push_back(std::move(statement));
        }
        return policy;
    });
}

Verdict Policy::evaluate(std::string_view action, std::string_view resource) const {
    Verdict verdict = Verdict::ImplicitDeny;
    for (Statement const& statement : statements_) {
        if (!any_match(statement.actions, action)) {
            continue;
        }
        if (!any_match(statement.resources, resource)) {
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
        value const document = parse_document(json);
        TrustPolicy policy;
        for (value const& item : document.at("Statement").as_array()) {
            std::string const where =
                "Statement[" + std::to_string(policy.statements_.size()) + "]";
            refuse_other_keys(item, {"Effect", "Action", "Principal", "Condition"}, where);
            Statement statement;
            statement.allow = effect(item, where);
            auto const actions = texts(member(item, "Action", where), where + ".Action");
            if (!any_match(actions, "sts:AssumeRole")) {
                refuse(where + ".Action: sts:AssumeRole");
            }
            value const& principal = member(item, "Principal", where);
            refuse_other_keys(principal, {"RAM", "Service"}, where + ".Principal");
            if (principal.has_field("RAM")) {
                statement.principals = texts(principal.at("RAM"), where + ".Principal.RAM");
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
            wanted.empty() || (statement.wildcards ? any_match(wanted, external_id)
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
    return parts.size() >= 5 ? parts[3] : std::string();
}

}  // namespace sim
