#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "e2e/sim/common/crypto.hpp"
#include "e2e/sim/common/simulator.hpp"
#include "e2e/sim/common/text.hpp"

namespace sim {

inline constexpr std::string_view google_scope_base = "https://www.googleapis.com/auth/";

/// What a Google access token stands for. It travels sealed inside the token itself.
struct GoogleToken {
    /// As allow policies name it: serviceAccount:EMAIL or principal://iam.googleapis.com/...
    std::string principal;
    std::vector<std::string> scopes;
    TimePoint expires;

    /// Whether one of these scopes (without google_scope_base) was granted.
    [[nodiscard]] bool has_scope(std::initializer_list<std::string_view> any_of) const;
};

std::string seal_google_token(Sealer const& sealer, GoogleToken const& token);
/// Nothing where the token was not made by these simulators. Expiry is left to the caller.
std::optional<GoogleToken> open_google_token(Sealer const& sealer, std::string_view token);

/// The e-mail address of a service account, or the principal as it is: for the log and for faults.
std::string google_name(std::string const& principal);

/// An error as Google's JSON APIs write it: {"error":{"code":…,"message":…,"status":…}}.
Response google_error(CloudError const& error);

/// The token of "Authorization: Bearer TOKEN"; empty where there is none.
std::string bearer_token(Request const& request);

}  // namespace sim
