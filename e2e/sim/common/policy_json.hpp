#pragma once

#include <cpprest/json.h>

#include <exception>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Reading policies of either cloud: what is not understood is refused, never misread. Everything
/// here throws std::invalid_argument, which `guarded` turns into the text of the problem.
namespace sim {

[[noreturn]] void refuse_policy(std::string const& why);

/// A text or a list of texts, not empty.
std::vector<std::string> policy_texts(web::json::value const& one_or_many,
                                      std::string const& where);
void refuse_other_keys(web::json::value const& object,
                       std::initializer_list<std::string_view> known, std::string const& where);
web::json::value const& policy_member(web::json::value const& object, std::string const& key,
                                      std::string const& where);
/// True for Allow, false for Deny.
bool policy_effect(web::json::value const& statement, std::string const& where);
/// {"Version": VERSION, "Statement": [...]}
web::json::value parse_policy_document(std::string_view json, std::string_view version);

bool any_pattern_matches(std::vector<std::string> const& patterns, std::string_view text);

template <typename Parsed, typename Read>
std::optional<Parsed> guarded(std::string& problem, Read read) {
    try {
        return read();
    } catch (std::exception const& error) {
        problem = error.what();
        return std::nullopt;
    }
}

}  // namespace sim
