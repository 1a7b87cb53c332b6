#pragma once

#include <chrono>
#include <optional>
#include <set>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>

#include "lib/base/result.hpp"
#include "lib/http/transport.hpp"
#include "lib/registry/reason.hpp"
#include "lib/tenancy/registry.hpp"

namespace rt::registry {

/// Each request of a check: what takes longer is no registry that one wants to pull from, and many
/// namespaces wait for their turn.
inline constexpr std::chrono::seconds request_timeout{5};

/// How a registry's host lets one in, as GET /v2/ tells.
struct Door {
    enum class Kind {
        Open,    ///< asks nobody who they are
        Bearer,  ///< a token from `realm`
        Basic,   ///< user and password at the host itself
    };
    Kind kind = Kind::Open;
    std::string realm{};  ///< allowed for this Registry (realm_allowed)
    std::string service{};
    bool operator==(Door const&) const = default;
};

/// Views of a login; whoever holds the secret outlives it.
struct Login {
    std::string_view username;
    std::string_view password;
};

/// One image to ask about.
struct Question {
    std::string repository;
    std::string reference;  ///< tag or digest, for registries that can only be asked for a manifest
    bool operator==(Question const&) const = default;
};

/// Asks the host how it lets one in. Errors have the name of a Reason as code.
[[nodiscard]] Result<Door> knock(http::Transport& transport, tenancy::Registry const& registry,
                                 std::string const& host, std::stop_token const& stop);

/// The same from the answer to GET /v2/.
[[nodiscard]] Result<Door> read_door(tenancy::Registry const& registry, std::string const& host,
                                     http::Response const& response);

/// Whether the holder of `login` (null: anyone) may read an image's manifest, and its status.
struct ManifestAnswer {
    int status = 0;
    std::string digest{};  ///< of what is there
};
[[nodiscard]] Result<ManifestAnswer> ask_manifest(http::Transport& transport,
                                                  std::string const& host, Door const& door,
                                                  Question const& question, Login const* login,
                                                  std::stop_token const& stop);

/// The repositories, of those asked about, that whoever shows `login` (null: anyone) may pull. A
/// refused login is an error with the code TokenRejected, also where the token endpoint says so
/// only when nothing is asked of it. Never looks at content, and sends the
/// login to the host or to the door's realm alone.
[[nodiscard]] Result<std::set<std::string>> may_pull(http::Transport& transport,
                                                     std::string const& host, Door const& door,
                                                     std::span<Question const> questions,
                                                     Login const* login,
                                                     std::stop_token const& stop);

/// What a token says was granted: repositories with "pull". nullopt: the token doesn't tell.
[[nodiscard]] std::optional<std::set<std::string>> pulls_granted_by(std::string_view token);

}  // namespace rt::registry
