#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "lib/base/clock.hpp"
#include "lib/base/json.hpp"
#include "lib/base/result.hpp"
#include "lib/kube/client/client.hpp"
#include "lib/registry/chain.hpp"
#include "lib/tenancy/settings.hpp"
#include "operator/cloud/token_source.hpp"

namespace rt::op {

/// What `registry-tenancy-operator doctor` is asked, as JSON in the environment variable
/// REGISTRY_TENANCY_DOCTOR (`kubectl tenancy doctor --from-cluster` writes it).
struct DoctorRequest {
    std::string tenancy;
    std::string ns;
    std::string image{};  ///< reference; empty: one that is in use
    bool role = false;    ///< also ask how wide the role is
};
[[nodiscard]] Result<DoctorRequest> read_doctor_request(std::string_view text);

/// What the doctor works with; all of it outlives it.
struct DoctorContext {
    kube::Client& api;
    registry::Network network;
    Clock& clock;
    tenancy::Settings const& settings;
    std::string cluster;
    /// The operator's own sources of credentials, over the given transport.
    std::function<std::unique_ptr<CredentialSource>(http::Transport&)> make_source;
};

/// Mints the credentials of one namespace as the operator would, with the operator's identity, and
/// walks to the registry with them. What it got is thrown away; nothing is written. Each step is
/// told at once. True where every step went well.
[[nodiscard]] Result<bool> examine(DoctorRequest const& request, DoctorContext& context,
                                   std::function<void(registry::Step const&)> const& tell,
                                   std::stop_token const& stop);

}  // namespace rt::op
