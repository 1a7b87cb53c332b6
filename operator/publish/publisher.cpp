#include "operator/publish/publisher.hpp"

#include <nlohmann/json.hpp>
#include <optional>

#include "lib/base/digest.hpp"
#include "lib/base/json.hpp"
#include "lib/base/log.hpp"
#include "lib/base/time.hpp"
#include "lib/http/transport.hpp"
#include "lib/tenancy/names_fixed.hpp"
#include "operator/publish/certificates.hpp"
#include "operator/publish/configurations.hpp"
#include "operator/publish/rotation.hpp"

namespace rt::op::publish {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view certificate_secret = "registry-tenancy-webhook-cert";
constexpr std::string_view publisher_manager = "registry-tenancy-publisher";
constexpr std::string_view staged_at_annotation = "registrytenancy.dev/certificate-staged-at";
constexpr std::string_view promoted_at_annotation = "registrytenancy.dev/certificate-promoted-at";
/// Often enough that an install is quick and a change by hand is soon undone; three no-op applies.
constexpr auto pass_interval = 10s;
constexpr auto pass_interval_unpublished = 2s;
constexpr auto probe_timeout = 3s;

std::string data_of(Json const& secret, std::string_view key) {
    Json const* const data = find(secret, "data");
    auto decoded = base64_decode(data == nullptr ? "" : string_at(*data, key));
    return decoded ? *decoded : std::string();
}

std::optional<WallTime> time_annotation(kube::ObjectMeta const& meta, std::string_view key) {
    auto const found = meta.annotations.find(std::string(key));
    if (found == meta.annotations.end()) {
        return std::nullopt;
    }
    auto const time = parse_rfc3339(found->second);
    return time ? std::optional<WallTime>(*time) : std::nullopt;
}

/// nullopt where the object does not exist.
Result<std::optional<Json>> get_if_exists(kube::Client& client, kube::ResourceType const& type,
                                          kube::ObjectKey const& key, std::stop_token stop) {
    Result<Json> object = client.get(type, key, std::move(stop));
    if (object) {
        return std::optional<Json>(std::move(*object));
    }
    if (object.error().kind == ErrorKind::NotFound) {
        return std::optional<Json>();
    }
    return fail(object.error());
}

struct Address {
    std::string host;
    int port = 0;
};

/// The first ready address of an EndpointSlice.
std::optional<Address> ready_address(Json const& slice) {
    Json const* const ports = find(slice, "ports");
    Json const* const endpoints = find(slice, "endpoints");
    if (ports == nullptr || !ports->is_array() || ports->empty() || endpoints == nullptr ||
        !endpoints->is_array()) {
        return std::nullopt;
    }
    Json const* const port = find(ports->front(), "port");
    for (Json const& endpoint : *endpoints) {
        Json const* const conditions = find(endpoint, "conditions");
        Json const* const ready = conditions == nullptr ? nullptr : find(*conditions, "ready");
        Json const* const addresses = find(endpoint, "addresses");
        bool const usable = (ready == nullptr || *ready == true) && addresses != nullptr &&
                            addresses->is_array() && !addresses->empty() &&
                            addresses->front().is_string() && port != nullptr &&
                            port->is_number_integer();
        if (usable) {
            return Address{addresses->front().get<std::string>(), port->get<int>()};
        }
    }
    return std::nullopt;
}

}  // namespace

/// The certificate Secret, read.
struct Publisher::Certificate {
    std::string resource_version;  ///< empty: the Secret does not exist
    std::string leaf;
    SecretString key;
    std::string bundle;
    std::string next_leaf;
    SecretString next_key;
    std::string next_ca;
    std::optional<WallTime> staged_at;
    std::optional<WallTime> promoted_at;
};

/// The live webhook configurations, where they exist.
struct Publisher::Live {
    std::optional<Json> mutating;
    std::optional<Json> validating;
    std::optional<Json> resources;

    [[nodiscard]] bool carry(std::string const& bundle) const {
        for (auto const* one : {&mutating, &validating, &resources}) {
            if (!*one) {
                return false;
            }
            for (std::string const& live : ca_bundles_of(**one)) {
                if (live != bundle) {
                    return false;
                }
            }
        }
        return true;
    }
};

ProbeEndpoint tls_probe() {
    return [](std::string const& address, int port, std::string const& server_name,
              std::string const& ca_pem, std::stop_token stop) -> Result<void> {
        http::TlsOptions tls;
        tls.ca_pem = ca_pem;
        tls.use_system_cas = false;
        tls.server_name = server_name;
        bool const ipv6 = address.find(':') != std::string::npos;
        // That it answers is what its readiness says; that it serves this certificate is what only
        // a handshake shows. A request would be refused where clientCAFile is set: the certificate
        // that is asked for belongs to the API server.
        return http::verify_server(
            "https://" + (ipv6 ? "[" + address + "]" : address) + ":" + std::to_string(port) + "/",
            std::move(tls), probe_timeout, std::move(stop));
    };
}

Publisher::Publisher(tenancy::Settings const& settings, kube::Client& client, Clock& clock,
                     ProbeEndpoint probe, Metrics& metrics)
    : settings_(settings),
      client_(client),
      clock_(clock),
      probe_(std::move(probe)),
      published_gauge_(metrics.gauge("registry_tenancy_webhook_configurations_published",
                                     "1 while the webhook configurations stand as they should")),
      expiry_gauge_(metrics.gauge("registry_tenancy_webhook_certificate_expiry_seconds",
                                  "Unix time at which the serving certificate ends")) {}

std::string Publisher::server_name() const {
    return std::string(webhook_service) + "." + settings_.product_namespace + ".svc";
}

Result<Publisher::Live> Publisher::load_live(std::stop_token stop) {
    Live live;
    RT_TRY(live.mutating, get_if_exists(client_, kube::types::mutating_webhook_configurations,
                                        {"", std::string(configuration_name)}, stop));
    RT_TRY(live.validating, get_if_exists(client_, kube::types::validating_webhook_configurations,
                                          {"", std::string(configuration_name)}, stop));
    RT_TRY(live.resources,
           get_if_exists(client_, kube::types::validating_webhook_configurations,
                         {"", std::string(resources_configuration_name)}, std::move(stop)));
    return live;
}

Result<Publisher::Certificate> Publisher::load_certificate(std::stop_token stop) {
    kube::ObjectKey const key{settings_.product_namespace, std::string(certificate_secret)};
    RT_TRY(std::optional<Json> const secret,
           get_if_exists(client_, kube::types::secrets, key, std::move(stop)));
    Certificate certificate;
    if (!secret) {
        return certificate;
    }
    kube::ObjectMeta const meta = kube::meta_of(*secret);
    certificate.resource_version = meta.resource_version;
    certificate.leaf = data_of(*secret, "tls.crt");
    certificate.bundle = data_of(*secret, "ca.crt");
    bool const managed =
        settings_.op.serving_certificate == tenancy::OperatorSettings::ServingCertificate::Managed;
    if (!managed) {
        return certificate;
    }
    auto const label = meta.labels.find(std::string(tenancy::managed_by_label));
    if (label == meta.labels.end() || label->second != publisher_manager) {
        return fail(Error{ErrorKind::Conflict,
                          "Secret " + key.str() +
                              " exists and is not ours; delete it, or set "
                              "operator.servingCertificate: External to use it as it is"});
    }
    certificate.key = SecretString(data_of(*secret, "tls.key"));
    certificate.next_leaf = data_of(*secret, "next.crt");
    certificate.next_key = SecretString(data_of(*secret, "next.key"));
    certificate.next_ca = data_of(*secret, "next-ca.crt");
    certificate.staged_at = time_annotation(meta, staged_at_annotation);
    certificate.promoted_at = time_annotation(meta, promoted_at_annotation);
    return certificate;
}

Result<void> Publisher::write_certificate(Certificate const& certificate, std::stop_token stop) {
    Json annotations = Json::object();
    if (certificate.staged_at) {
        annotations[staged_at_annotation] = format_rfc3339(*certificate.staged_at);
    }
    if (certificate.promoted_at) {
        annotations[promoted_at_annotation] = format_rfc3339(*certificate.promoted_at);
    }
    Json data{{"tls.crt", base64_encode(certificate.leaf)},
              {"tls.key", base64_encode(certificate.key.reveal())},
              {"ca.crt", base64_encode(certificate.bundle)}};
    if (!certificate.next_leaf.empty()) {
        data["next.crt"] = base64_encode(certificate.next_leaf);
        data["next.key"] = base64_encode(certificate.next_key.reveal());
        data["next-ca.crt"] = base64_encode(certificate.next_ca);
    }
    Json secret{{"apiVersion", "v1"},
                {"kind", "Secret"},
                {"type", "kubernetes.io/tls"},
                {"metadata",
                 {{"name", certificate_secret},
                  {"namespace", settings_.product_namespace},
                  {"labels", {{tenancy::managed_by_label, publisher_manager}}},
                  {"annotations", annotations}}},
                {"data", data}};
    if (!certificate.resource_version.empty()) {
        // With it, an apply is an optimistic lock: two publishers never mix their pairs.
        secret["metadata"]["resourceVersion"] = certificate.resource_version;
    }
    RT_CHECK(client_.apply(kube::types::secrets, secret,
                           {.field_manager = std::string(publisher_manager)}, std::move(stop)));
    return {};
}

Result<void> Publisher::rotate(Certificate& certificate, Live const& live, std::stop_token stop) {
    WallTime const now = clock_.wall_now();
    CertificateState state;
    if (auto const info = inspect_certificate(certificate.leaf)) {
        state.not_before = info->not_before;
        state.not_after = info->not_after;
        state.leaf_matches = !info->dns_names.empty() && info->dns_names.front() == server_name() &&
                             !certificate.key.empty() &&
                             signed_by(certificate.leaf, certificate.bundle);
    }
    state.staged = !certificate.next_leaf.empty() && !certificate.next_key.empty();
    state.staged_at = certificate.staged_at;
    state.promoted_at = certificate.promoted_at;
    state.bundle_size = split_bundle(certificate.bundle).size();
    state.bundle_published = live.carry(certificate.bundle);

    RotationStep const step = next_step(state, now);
    if (step == RotationStep::Keep) {
        return {};
    }
    if (step == RotationStep::Create || step == RotationStep::Stage) {
        std::vector<std::string> const names{server_name(), server_name() + ".cluster.local"};
        RT_TRY(ServingPair pair, make_serving_pair(names, now, certificate_life));
        if (step == RotationStep::Create) {
            certificate.leaf = std::move(pair.certificate_pem);
            certificate.key = std::move(pair.key_pem);
            certificate.bundle = std::move(pair.ca_pem);
            certificate.promoted_at = now;
        } else {
            certificate.next_leaf = std::move(pair.certificate_pem);
            certificate.next_key = std::move(pair.key_pem);
            certificate.bundle += pair.ca_pem;
            certificate.next_ca = std::move(pair.ca_pem);
            certificate.staged_at = now;
        }
    } else if (step == RotationStep::Promote) {
        certificate.leaf = std::move(certificate.next_leaf);
        certificate.key = std::move(certificate.next_key);
        certificate.promoted_at = now;
    } else {
        certificate.bundle = split_bundle(certificate.bundle).back();
    }
    if (step != RotationStep::Stage) {
        certificate.next_leaf.clear();
        certificate.next_key = SecretString();
        certificate.next_ca.clear();
        certificate.staged_at.reset();
    }
    constexpr std::string_view names[] = {"keep", "create", "stage", "promote", "drop-old"};
    log_info("serving certificate", {{"step", names[static_cast<std::size_t>(step)]}});
    return write_certificate(certificate, std::move(stop));
}

Result<void> Publisher::endpoint_answers(std::string const& ca_bundle, std::stop_token stop) {
    kube::ListOptions options;
    options.ns = settings_.product_namespace;
    options.label_selector = "kubernetes.io/service-name=" + std::string(webhook_service);
    RT_TRY(kube::ListPage const slices,
           kube::list_all(client_, kube::types::endpoint_slices, options, stop));
    Error last{ErrorKind::Unavailable, "no endpoint of the webhook is ready yet"};
    for (Json const& slice : slices.items) {
        if (auto const address = ready_address(slice)) {
            auto answered = probe_(address->host, address->port, server_name(), ca_bundle, stop);
            if (answered) {
                return {};
            }
            last = answered.error().with_context("webhook endpoint " + address->host);
        }
    }
    return fail(last);
}

Result<void> Publisher::apply_configurations(std::string const& ca_bundle, Live const& live,
                                             std::stop_token stop) {
    RT_TRY(Json const role,
           client_.get(kube::types::cluster_roles, {"", std::string(webhook_cluster_role)}, stop));
    if (kube::meta_of(role).being_deleted()) {
        return fail(Error{ErrorKind::Unavailable, "the webhook's ClusterRole is being deleted"});
    }
    if (!live.validating) {
        // The first publication is the one that could lock a cluster out.
        RT_CHECK(endpoint_answers(ca_bundle, stop));
    }
    ConfigurationInputs inputs;
    inputs.settings = &settings_;
    inputs.ca_bundle_pem = ca_bundle;
    inputs.cluster_role_uid = kube::meta_of(role).uid;
    inputs.break_glass = live.validating && break_glass_active(*live.validating, clock_.wall_now());
    kube::ApplyOptions const options{.field_manager = std::string(publisher_manager)};
    for (Json const& wanted : make_configurations(inputs)) {
        bool const mutating =
            string_at(wanted, "kind") == kube::types::mutating_webhook_configurations.kind;
        RT_CHECK(client_.apply(mutating ? kube::types::mutating_webhook_configurations
                                        : kube::types::validating_webhook_configurations,
                               wanted, options, stop));
    }
    return {};
}

Result<void> Publisher::step(std::stop_token stop) {
    RT_TRY(Live const live, load_live(stop));
    RT_TRY(Certificate certificate, load_certificate(stop));
    if (settings_.op.serving_certificate ==
        tenancy::OperatorSettings::ServingCertificate::Managed) {
        RT_CHECK(rotate(certificate, live, stop));
    }
    if (certificate.bundle.empty()) {
        return fail(Error{ErrorKind::NotFound,
                          "Secret " + settings_.product_namespace + "/" +
                              std::string(certificate_secret) +
                              " has no ca.crt yet; with operator.servingCertificate: External "
                              "something else must write it (cert-manager does)"});
    }
    if (auto const info = inspect_certificate(certificate.leaf)) {
        expiry_gauge_.Set(
            static_cast<double>(std::chrono::system_clock::to_time_t(info->not_after)));
    }
    return apply_configurations(certificate.bundle, live, std::move(stop));
}

void Publisher::run(std::stop_token stop) {
    std::string last_trouble;
    while (!stop.stop_requested()) {
        Result<void> const done = step(stop);
        if (done && !published_.load()) {
            log_info("webhook configurations published");
        }
        if (!done && done.error().message != last_trouble && !stop.stop_requested()) {
            log_warn("webhook configurations not published yet", {{"error", done.error().message}});
        }
        last_trouble = done ? std::string() : done.error().message;
        published_.store(done.has_value());
        published_gauge_.Set(done ? 1 : 0);
        clock_.sleep_for(done ? std::chrono::nanoseconds(pass_interval)
                              : std::chrono::nanoseconds(pass_interval_unpublished),
                         stop);
    }
}

}  // namespace rt::op::publish
