// The webhook as shipped, without an API server: the real endpoint on the real TLS server, with an
// index that never changes: 1,000 namespaces, each under a tenancy of 20 registry namespaces and
// with an exception of its own.
//
//     bench-webhook CERTIFICATE KEY     prints its port, then serves until killed
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "lib/base/clock.hpp"
#include "lib/base/file.hpp"
#include "lib/base/metrics.hpp"
#include "lib/base/time.hpp"
#include "lib/http/server.hpp"
#include "webhook/endpoint.hpp"
#include "webhook/index_builder.hpp"

namespace {

using rt::Json;

constexpr int rules_count = 20;

Json registry() {
    return {{"apiVersion", "registrytenancy.dev/v1alpha1"},
            {"kind", "Registry"},
            {"metadata", {{"name", "shared-acr"}, {"uid", "1"}, {"generation", 1}}},
            {"spec",
             {{"hosts",
               {"shareacr-registry-vpc.cn-shanghai.cr.aliyuncs.com",
                "shareacr-registry.cn-shanghai.cr.aliyuncs.com"}},
              {"type", "AlibabaACR"},
              {"alibabaACR",
               {{"instanceID", "cri-shanghai-shared01"},
                {"region", "cn-shanghai"},
                {"identity", {{"type", "InstanceRole"}}}}}}}};
}

Json tenancy() {
    Json allow = Json::array();
    for (int index = 1; index < rules_count; ++index) {
        allow.push_back({{"namespace", "team-" + std::to_string(index)}});
    }
    allow.push_back({{"namespace", "cainiao"}});
    return {{"apiVersion", "registrytenancy.dev/v1alpha1"},
            {"kind", "RegistryTenancy"},
            {"metadata", {{"name", "cainiao"}, {"uid", "2"}, {"generation", 1}}},
            {"spec",
             {{"namespaces", {"cainiao-prod"}},
              {"registries",
               {{{"name", "shared-acr"},
                 {"role", "acs:ram::1146716667364888:role/acr-cainiao"},
                 {"allow", allow}}}}}}};
}

/// The tenancy and an exception of another namespace: a decision must not depend on how many there
/// are.
Json other_tenancy(std::string const& ns) {
    Json object = tenancy();
    object["metadata"] = {{"name", ns}, {"uid", "tenancy-" + ns}, {"generation", 1}};
    object["spec"]["namespaces"] = {ns};
    return object;
}

Json exception(std::string const& ns, std::string const& expires_at) {
    return {{"apiVersion", "registrytenancy.dev/v1alpha1"},
            {"kind", "RegistryException"},
            {"metadata", {{"name", ns}, {"uid", "exception-" + ns}, {"generation", 1}}},
            {"spec",
             {{"namespaces", {ns}},
              {"images",
               {{{"registry", "shared-acr"}, {"repository", "alipay/a1"}},
                {{"host", "docker.io"}, {"namespace", "library"}}}},
              {"reason", "a benchmark"},
              {"expiresAt", expires_at}}}};
}

constexpr int others_count = 999;

int serve(rt::http::ServingCertificate const& certificate) {
    auto& clock = rt::system_clock();
    rt::webhook::IndexBuilder index(
        clock, [](std::string_view) { return false; }, std::chrono::seconds(60));
    std::vector<Json> tenancies{tenancy()};
    std::vector<Json> namespaces;
    std::vector<Json> exceptions;
    for (int number = 0; number <= others_count; ++number) {
        std::string const ns = number == 0 ? "cainiao-prod" : "other-" + std::to_string(number);
        if (number != 0) {
            tenancies.push_back(other_tenancy(ns));
        }
        exceptions.push_back(
            exception(ns, rt::format_rfc3339(clock.wall_now() + std::chrono::hours(24))));
        namespaces.push_back(
            {{"metadata", {{"name", ns}, {"uid", "ns-" + ns}, {"labels", Json::object()}}}});
    }
    index.replace_registries({registry()});
    index.replace_tenancies(tenancies);
    index.replace_exceptions(exceptions);
    index.replace_namespaces(namespaces);
    auto const figures = index.figures();
    if (figures.governed != others_count + 1 || figures.exceptions != others_count + 1 ||
        figures.unreadable != 0) {
        std::fprintf(stderr, "bench-webhook: its index is not what it should be\n");
        return 1;
    }
    rt::Metrics registry_of_metrics;
    rt::webhook::AdmissionMetrics metrics(registry_of_metrics);
    rt::webhook::FixedPolicySource const policies(index.current());
    rt::webhook::Endpoint const endpoint(policies, {}, metrics, nullptr, rt::system_clock());
    rt::http::ServerOptions options;
    options.address = "127.0.0.1";
    options.metrics_prefix = "registry_tenancy_webhook_server";
    // The load generator keeps its connections; replacing them is not what is measured.
    options.limits.requests_per_connection_max = std::numeric_limits<std::uint64_t>::max();
    auto server = rt::http::start_tls_server(options, endpoint.handler(), registry_of_metrics);
    if (!server) {
        std::fprintf(stderr, "bench-webhook: %s\n", server.error().message.c_str());
        return 1;
    }
    if (auto const set = (*server)->set_certificate(certificate); !set) {
        std::fprintf(stderr, "bench-webhook: %s\n", set.error().message.c_str());
        return 1;
    }
    std::printf("%d\n", (*server)->port());
    std::fflush(stdout);
    ::pause();
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fprintf(stderr, "usage: bench-webhook CERTIFICATE KEY\n");
        return 2;
    }
    auto const certificate = rt::read_file(argv[1], 1'000'000);
    auto const key = rt::read_file(argv[2], 1'000'000);
    if (!certificate || !key) {
        std::fprintf(stderr, "bench-webhook: cannot read the certificate or key\n");
        return 1;
    }
    return serve({*certificate, *key, {}});
}
