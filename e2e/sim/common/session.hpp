#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "e2e/sim/common/crypto.hpp"
#include "e2e/sim/common/policy.hpp"
#include "e2e/sim/common/text.hpp"
#include "e2e/sim/common/world.hpp"

namespace sim {

/// A role session: temporary credentials together with everything they stand for. It travels
/// sealed inside its own SecurityToken, so that no simulator has to remember it.
struct Session {
    std::string access_key_id;
    std::string access_key_secret;
    std::string role_arn;
    std::string name;    ///< RoleSessionName
    std::string policy;  ///< the session policy's JSON text; empty: none
    TimePoint expires;
    std::vector<std::string> transitive_tags;  ///< keys that sessions begun from it have, too (AWS)
};

/// A new session with random credentials.
Session new_session(std::string role_arn, std::string name, std::string policy, TimePoint expires);

std::string seal_session(Sealer const& sealer, Session const& session);
/// Nothing where the token was not made by these simulators. Expiry is left to the caller.
std::optional<Session> unseal_session(Sealer const& sealer, std::string_view token);

/// Who calls: a user with a permanent AccessKey, or a role session.
struct Caller {
    std::string arn;  ///< the user's or role's ARN: what trust policies name
    std::string account;
    std::string session;  ///< session name; empty for users
    std::string session_policy;
    TimePoint expires = TimePoint::max();  ///< of the credentials; users' never end
    std::vector<std::string> transitive_tags{};

    /// acs:ram::UID:assumed-role/ROLE/SESSION or arn:aws:sts::UID:assumed-role/ROLE/SESSION for
    /// sessions, the user's ARN otherwise.
    [[nodiscard]] std::string full_arn() const;
};

/// The caller's identity policy, as the world states it now, and the session policy, both: what
/// RAM calls the intersection. A role or user that is gone may do nothing.
Verdict evaluate(World const& world, Caller const& caller, std::string_view action,
                 std::string_view resource);

Caller caller_of(Session const& session);
Caller caller_of(User const& user);

/// The password of `cr_temp_user`: base64(JSON) ":" 40 hex digits, as ACR's. It holds the whole
/// session (without its secret), and ends when that does.
std::string make_registry_password(Sealer const& sealer, Caller const& caller,
                                   std::string const& instance, TimePoint now, TimePoint expires);

/// What a registry password stands for.
struct RegistryLogin {
    Caller caller;
    std::string instance;
    TimePoint expires;
};
std::optional<RegistryLogin> open_registry_password(Sealer const& sealer,
                                                    std::string_view password);

}  // namespace sim
