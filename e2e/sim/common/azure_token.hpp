#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "e2e/sim/common/crypto.hpp"
#include "e2e/sim/common/text.hpp"

namespace sim {

/// A JSON Web Token of Entra ID or of a registry. Clients read none of it but `exp`.
struct AzureToken {
    enum class Kind { Aad, Refresh, Access };
    Kind kind = Kind::Aad;
    std::string issuer;
    std::string audience;  ///< the resource, or the registry's host
    std::string client_id;
    std::string tenant;
    TimePoint expires;
    std::vector<std::string> pull{};  ///< of access tokens: repositories that may be pulled
};

/// Signed with the key that these simulators share, in place of Microsoft's.
std::string make_azure_token(Sealer const& sealer, AzureToken const& token, TimePoint now);
/// Nothing for what none of these simulators has made. Expiry is left to the caller.
std::optional<AzureToken> open_azure_token(Sealer const& sealer, std::string_view token);

}  // namespace sim
