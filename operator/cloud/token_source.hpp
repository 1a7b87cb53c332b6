#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "lib/base/clock.hpp"
#include "lib/base/random.hpp"
#include "lib/base/result.hpp"
#include "lib/base/secret.hpp"
#include "lib/http/transport.hpp"
#include "lib/kube/client/client.hpp"
#include "lib/tenancy/policy.hpp"

namespace rt::op {

/// One credential to obtain: for which namespace of which cluster (both go, hashed where they must,
/// into session names), and with which role, external ID and narrowing (`spec`).
struct MintRequest {
    tenancy::CredentialSpec const& spec;
    std::string ns;       ///< the governed cluster namespace
    std::string cluster;  ///< clusterName of the settings, or the UID of kube-system
};

/// What a registry accepts: one user and password for all hosts of the Registry.
struct RegistryCredential {
    std::string username;
    SecretString password;
    /// When it was issued, by our clock.
    WallTime issued_at;
    /// When it ends: the server's remaining life (expiry minus the server's own "now") added to our
    /// clock, so that a clock that is off by minutes does no harm. nullopt: it never ends (static).
    std::optional<WallTime> expires_at;
};

/// A credential that a pull Secret of this cluster holds, as its annotation says.
struct HeldCredential {
    std::string ns;
    std::string registry;
    WallTime issued_at;
};

/// One look at what mints have left behind at a registry.
struct SweepRequest {
    std::shared_ptr<tenancy::Registry const> registry;
    /// All of the cluster's, of whatever Registry: two Registries may stand for one server.
    std::vector<HeldCredential> held;
    /// How long nodes may go on with a credential that no Secret holds any more.
    std::chrono::nanoseconds grace;
};
struct SweepResult {
    std::size_t removed = 0;
    std::size_t waiting = 0;  ///< unneeded, but not for the grace yet
};

/// Obtains credentials. Blocking and thread-safe; one call is bounded to about a minute in all.
///
/// Errors say who can help:
/// - permanent, retried slowly: Forbidden (the trust policy or the role's policy says no), NotFound
///   (a Secret, role or instance that is named does not exist), InvalidArgument (what is asked for
///   can never be granted), Unauthenticated (our own base identity is refused);
/// - transient, retried with back-off: Throttled (with retry_after where given), Unavailable,
///   DeadlineExceeded, Corrupt, Expired (e.g. arrived already expired);
/// - Cancelled: the stop was requested.
/// `code` is the cloud's error code; `message` is for platform admins (Events on the tenancy,
/// logs): it names the step, the code, the cloud's text and the request ID, and never holds a
/// secret. It may name a role, so it is never shown inside a tenant's namespace.
class CredentialSource {
  public:
    virtual ~CredentialSource() = default;
    virtual Result<RegistryCredential> mint(MintRequest const& request, std::stop_token stop) = 0;

    /// Whether mints for this Registry leave something outside the cluster that does not just end:
    /// then sweep() wants to be called from time to time.
    [[nodiscard]] virtual bool leaves_behind(tenancy::Registry const& /*registry*/) const {
        return false;
    }
    /// Deletes what this cluster's mints left behind and no pull Secret holds; nothing else, and
    /// nothing that may be on its way into a Secret. Takes longer than a mint where there is much.
    virtual Result<SweepResult> sweep(SweepRequest const& /*request*/, std::stop_token /*stop*/) {
        return SweepResult{};
    }
};

/// What the sources work with; all of it outlives them.
struct CredentialSourceContext {
    http::Transport& clouds;  ///< system CAs and the CA bundle directory; no API server credentials
    kube::Client& api;        ///< for Secrets in our own namespace, read on demand
    Clock& clock;
    Random& random;
    std::string product_namespace;  ///< where AccessKey and DockerConfigSecret Secrets are
    /// The operator's own ServiceAccount token for identity OIDC (audience sts.amazonaws.com), as
    /// its Deployment mounts it.
    std::string web_identity_token_file = "/var/run/secrets/registry-tenancy/aws/token";
    /// The same for Alibaba Cloud (RRSA; audience sts.aliyuncs.com).
    std::string rrsa_token_file = "/var/run/secrets/registry-tenancy/alibaba/token";
    /// The same for Google's workload identity pools (audience sts.googleapis.com).
    std::string google_token_file = "/var/run/secrets/registry-tenancy/google/token";
    /// The same for Microsoft Entra ID (audience api://AzureADTokenExchange).
    std::string azure_token_file = "/var/run/secrets/registry-tenancy/azure/token";
};

/// One source that chooses by the Registry's type. A type without credentials (Anonymous) or
/// unknown to this build is InvalidArgument; nothing ever falls back to another identity.
[[nodiscard]] std::unique_ptr<CredentialSource> make_credential_sources(
    CredentialSourceContext context);

}  // namespace rt::op
