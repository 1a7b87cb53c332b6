#include "e2e/sim/common/policy_json.hpp"

#include <algorithm>
#include <stdexcept>

#include "e2e/sim/common/text.hpp"

namespace sim {
namespace {

constexpr std::size_t statements_at_most = 100;

}  // namespace

using web::json::value;

[[noreturn]] void refuse_policy(std::string const& why) {
    throw std::invalid_argument(why);
}

std::vector<std::string> policy_texts(value const& one_or_many, std::string const& where) {
    std::vector<std::string> out;
    if (one_or_many.is_string()) {
        out.push_back(one_or_many.as_string());
    } else if (one_or_many.is_array()) {
        for (value const& item : one_or_many.as_array()) {
            if (!item.is_string()) {
                refuse_policy(where + " must hold texts");
            }
            out.push_back(item.as_string());
        }
    } else {
        refuse_policy(where + " must be a text or a list of texts");
    }
    if (out.empty()) {
        refuse_policy(where + " must not be empty");
    }
    return out;
}

void refuse_other_keys(value const& object, std::initializer_list<std::string_view> known,
                       std::string const& where) {
    if (!object.is_object()) {
        refuse_policy(where + " must be an object");
    }
    for (auto const& [key, ignored] : object.as_object()) {
        if (std::find(known.begin(), known.end(), key) == known.end()) {
            refuse_policy(where + " must not have the key \"" + key + "\"");
        }
    }
}

value const& policy_member(value const& object, std::string const& key, std::string const& where) {
    if (!object.has_field(key)) {
        refuse_policy(where + " needs \"" + key + "\"");
    }
    return object.at(key);
}

bool policy_effect(value const& statement, std::string const& where) {
    value const& text = policy_member(statement, "Effect", where);
    if (text.is_string() && text.as_string() == "Allow") {
        return true;
    }
    if (text.is_string() && text.as_string() == "Deny") {
        return false;
    }
    refuse_policy(where + ".Effect must be Allow or Deny");
}

value parse_policy_document(std::string_view json, std::string_view wanted_version) {
    value document = value::parse(std::string(json));
    refuse_other_keys(document, {"Version", "Statement"}, "the policy");
    value const& version = policy_member(document, "Version", "the policy");
    if (!version.is_string() || version.as_string() != wanted_version) {
        refuse_policy("Version must be \"" + std::string(wanted_version) + "\"");
    }
    value const& statements = policy_member(document, "Statement", "the policy");
    if (!statements.is_array() || statements.size() == 0) {
        refuse_policy("Statement must be a list with at least one entry");
    }
    if (statements.size() > statements_at_most) {
        refuse_policy("Statement has too many entries");
    }
    return document;
}

bool any_pattern_matches(std::vector<std::string> const& patterns, std::string_view text) {
    return std::any_of(patterns.begin(), patterns.end(),
                       [&](std::string const& pattern) { return wildcard_match(pattern, text); });
}

}  // namespace sim
