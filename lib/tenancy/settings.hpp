#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.hpp"
#include "lib/tenancy/custom_kinds.hpp"

namespace rt::tenancy {

enum class UnmanagedNamespaces { Allow, Deny };

/// Limits of the admission server; see lib/http/server.hpp for their meaning.
struct ServerLimitSettings {
    std::size_t body_bytes_max = std::size_t{32} * 1024 * 1024;
    std::size_t body_bytes_in_flight_max = std::size_t{256} * 1024 * 1024;
    std::size_t connections_max = 4096;
    std::size_t connections_per_peer_max = 512;
    std::size_t suspended_max = 1024;
};

struct WebhookSettings {
    std::uint16_t port = 8443;
    std::uint16_t admin_port = 8080;
    unsigned threads = 2;
    std::string certificate_directory = "/etc/registry-tenancy/tls";
    std::string client_ca_file{};                ///< empty: the API server need not prove itself
    std::vector<std::string> client_subjects{};  ///< accepted common names; empty: any of that CA
    std::chrono::seconds timeout{3};             ///< timeoutSeconds of the webhook configurations
    std::chrono::seconds staleness_max{150};     ///< older proof than this: not ready, deny
    std::chrono::seconds drain{15};              ///< keep serving after SIGTERM
    ServerLimitSettings limits{};
};

struct OperatorSettings {
    enum class ServingCertificate { Managed, External };
    std::uint16_t admin_port = 8080;
    unsigned workers = 8;
    ServingCertificate serving_certificate = ServingCertificate::Managed;
    /// Mints per second in all, and the burst; see config.yaml for how they relate to cloud quotas.
    double mints_per_second = 20;
    int mint_burst = 20;
    /// Mints per hour and namespace caused by drift (a Secret deleted or edited by hand).
    int drift_mints_per_hour = 10;
    /// Credentials per second that registries are asked about (operator/proof); 0: none.
    double pull_checks_per_second = 5;
    /// What becomes of a Pod that came before its credential and waits for the kubelet's next try.
    enum class WaitingPods { Tell, Evict };
    WaitingPods waiting_pods = WaitingPods::Tell;
    /// HOST[:PORT] to connect to instead, by the host of a cloud's API.
    std::map<std::string, std::string, std::less<>> connect_to{};
};

/// The one settings file that all programs read (YAML). Unknown keys are refused with the nearest
/// known one; errors name key, line, value and fix.
struct Settings {
    std::string cluster_name{};  ///< empty: the UID of the kube-system namespace
    UnmanagedNamespaces unmanaged_namespaces = UnmanagedNamespaces::Allow;
    std::vector<std::string> excluded_namespaces{};
    /// How long Secret, grant and rules outlive a tenancy: a rename, a move or a re-created object
    /// passes unnoticed.
    std::chrono::seconds grace{60};
    /// The longest life of a RegistryException, counted from its creation (key `exceptionDaysMax`).
    std::chrono::hours exception_life_max{24 * 30};
    /// Custom kinds whose pod templates are judged like Deployments (key podTemplatePaths): the
    /// shipped ones, and what the file changes in them.
    CustomKinds custom_kinds = shipped_custom_kinds();
    std::string ca_bundle_directory = "/etc/registry-tenancy/ca";
    std::string product_namespace = "registry-tenancy-system";
    std::string log_level = "info";
    WebhookSettings webhook{};
    OperatorSettings op{};  ///< key `operator`

    static Result<Settings> parse(std::string_view yaml);
    /// parse() of a file; the message names the path.
    static Result<Settings> load(std::string const& path);
    /// kube-system, our own, and excluded_namespaces.
    [[nodiscard]] bool excluded(std::string_view ns) const;
};

}  // namespace rt::tenancy
