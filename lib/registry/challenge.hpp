#pragma once

#include <map>
#include <string>
#include <vector>

#include "lib/http/message.hpp"

namespace rt::registry {

/// One challenge of WWW-Authenticate (RFC 7235 section 4.1). Scheme and parameter names in lower
/// case, values without their quotes.
struct Challenge {
    std::string scheme;
    std::map<std::string, std::string> parameters{};
    bool operator==(Challenge const&) const = default;
};

/// Every challenge of every WWW-Authenticate field, in order. What follows something malformed in a
/// field is left out.
[[nodiscard]] std::vector<Challenge> parse_challenges(http::Headers const& headers);

/// The first one of that scheme (lower case), or null.
[[nodiscard]] Challenge const* find_scheme(std::vector<Challenge> const& challenges,
                                           std::string_view scheme);

}  // namespace rt::registry
