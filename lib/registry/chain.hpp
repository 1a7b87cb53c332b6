#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/json.hpp"
#include "lib/registry/network.hpp"
#include "lib/registry/verdict.hpp"
#include "lib/tenancy/policy.hpp"

namespace rt::registry {

/// One step on the way from a name to an image.
struct Step {
    std::string
        name;  ///< DNS, TCP, TLS, proxy, /v2/, challenge, token, scope, manifest; identity, ...
    bool ok = true;
    std::chrono::milliseconds took{};
    std::string saw{};    ///< printable, without secrets
    std::string cause{};  ///< of what failed, or looks odd: likely cause and fix
    bool operator==(Step const&) const = default;
};
[[nodiscard]] Json to_json(Step const& step);
/// nullopt: no such object.
[[nodiscard]] std::optional<Step> read_step(Json const& object);
/// "  ok      DNS         3 ms  10.1.2.3\n", and the cause on a line below.
[[nodiscard]] std::string rendered(Step const& step);

/// Where to go, and with what.
struct ChainTarget {
    tenancy::CredentialSpec const& spec;  ///< whose Registry, role and `allow` it is about
    std::string host;                     ///< host[:port]
    /// What to pull; without it the walk ends at the challenge.
    std::optional<Asked> image{};
    Login const* login = nullptr;  ///< null: as anybody
};

/// Walks the chain DNS -> TCP -> TLS -> /v2/ -> challenge -> token -> scope -> manifest, each step
/// with its time and what it saw, and ends at the first that fails, with its likely cause and fix.
/// Where a proxy stands between, one step "proxy" takes the place of DNS, TCP and TLS.
/// `tell` gets each step at once. True where the whole way was walked.
bool walk(ChainTarget const& target, Network const& network,
          std::function<void(Step const&)> const& tell, std::stop_token const& stop);

}  // namespace rt::registry
