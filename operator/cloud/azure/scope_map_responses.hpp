#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/base/clock.hpp"
#include "lib/base/result.hpp"
#include "lib/base/secret.hpp"
#include "lib/http/message.hpp"

namespace rt::op::azure {

/// Each reads one answer of Azure Resource Manager. Errors are classified by status, carry its code
/// in Error::code, quote code, message and correlation ID and say what to do; never a body.

/// Of a PUT or the GET after it: whether the resource is as asked for (else it is being made).
[[nodiscard]] Result<bool> read_provisioned(http::Response const& response);

struct TokenPassword {
    std::string username;
    SecretString password;
    std::optional<WallTime> expires_at;  ///< by Azure's clock; nullopt: never
};
/// Of generateCredentials, or of the address that a 202 named.
[[nodiscard]] Result<TokenPassword> read_password(http::Response const& response);

struct ScopeMapPage {
    struct Entry {
        std::string name;
        std::string description;
    };
    std::vector<Entry> entries;
    std::string next;  ///< where the rest is; empty: nowhere
};
[[nodiscard]] Result<ScopeMapPage> read_scope_maps(http::Response const& response);

/// Whether it is gone by now; what was gone already counts. False: Azure is still at it.
[[nodiscard]] Result<bool> read_deleted(http::Response const& response);

}  // namespace rt::op::azure
