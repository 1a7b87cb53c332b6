// What the parts of a decision cost, without sockets: image parsing, index look-up, reading a
// review, deciding. Run with --benchmark_filter=... as any Google Benchmark program.
#include <benchmark/benchmark.h>

#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "lib/base/clock.hpp"
#include "lib/base/time.hpp"
#include "lib/http/server.hpp"
#include "lib/tenancy/image_reference.hpp"
#include "webhook/admission/decide.hpp"
#include "webhook/admission/review.hpp"
#include "webhook/index_builder.hpp"

namespace {

using rt::Json;

constexpr char const* image = "shareacr-registry-vpc.cn-shanghai.cr.aliyuncs.com/cainiao/a1:v0.1";

Json registry() {
    return {{"apiVersion", "registrytenancy.dev/v1alpha1"},
            {"kind", "Registry"},
            {"metadata", {{"name", "shared-acr"}, {"uid", "registry"}, {"generation", 1}}},
            {"spec",
             {{"hosts", {"shareacr-registry-vpc.cn-shanghai.cr.aliyuncs.com"}},
              {"type", "AlibabaACR"},
              {"alibabaACR",
               {{"instanceID", "cri-shanghai-shared01"},
                {"region", "cn-shanghai"},
                {"identity", {{"type", "InstanceRole"}}}}}}}};
}

Json tenancy(int number) {
    std::string const name = "team-" + std::to_string(number);
    return {{"apiVersion", "registrytenancy.dev/v1alpha1"},
            {"kind", "RegistryTenancy"},
            {"metadata", {{"name", name}, {"uid", name}, {"generation", 1}}},
            {"spec",
             {{"namespaces", {name}},
              {"registries",
               {{{"name", "shared-acr"},
                 {"role", "acs:ram::1146716667364888:role/acr-cainiao"},
                 {"allow", {{{"namespace", "cainiao"}}, {{"namespace", name}}}}}}}}}};
}

Json exception(int number) {
    std::string const name = "team-" + std::to_string(number);
    auto const end = rt::system_clock().wall_now() + std::chrono::hours(24);
    return {{"apiVersion", "registrytenancy.dev/v1alpha1"},
            {"kind", "RegistryException"},
            {"metadata", {{"name", name}, {"uid", "exception-" + name}, {"generation", 1}}},
            {"spec",
             {{"namespaces", {name}},
              {"images", {{{"registry", "shared-acr"}, {"repository", "alipay/a1"}}}},
              {"reason", "a benchmark"},
              {"expiresAt", rt::format_rfc3339(end)}}}};
}

/// An index of `namespaces` namespaces, each under a tenancy and with an exception of its own.
rt::webhook::PolicyView view_of(int namespaces) {
    rt::webhook::IndexBuilder builder(
        rt::system_clock(), [](std::string_view) { return false; }, std::chrono::seconds(60));
    std::vector<Json> tenancies;
    std::vector<Json> exceptions;
    std::vector<Json> all;
    for (int number = 0; number < namespaces; ++number) {
        std::string const name = "team-" + std::to_string(number);
        tenancies.push_back(tenancy(number));
        exceptions.push_back(exception(number));
        all.push_back({{"metadata", {{"name", name}, {"uid", name}, {"labels", Json::object()}}}});
    }
    builder.replace_registries({registry()});
    builder.replace_namespaces(all);
    builder.replace_tenancies(tenancies);
    builder.replace_exceptions(exceptions);
    return {builder.current(), true, std::chrono::milliseconds{0}};
}

std::string review_text(int namespaces) {
    std::string const name = "team-" + std::to_string(namespaces / 2);
    Json const kind{{"group", ""}, {"version", "v1"}, {"kind", "Pod"}};
    Json const resource{{"group", ""}, {"version", "v1"}, {"resource", "pods"}};
    Json const pod{{"kind", "Pod"},
                   {"apiVersion", "v1"},
                   {"metadata", {{"name", "web-1"}, {"namespace", name}}},
                   {"spec",
                    {{"containers", {{{"name", "web"}, {"image", image}}}},
                     {"imagePullSecrets", {{{"name", "registry-tenancy"}}}}}}};
    return Json{{"kind", "AdmissionReview"},
                {"apiVersion", "admission.k8s.io/v1"},
                {"request",
                 {{"uid", "705ab4f5-6393-11e8-b7cc-42010a800002"},
                  {"kind", kind},
                  {"resource", resource},
                  {"requestKind", kind},
                  {"requestResource", resource},
                  {"name", "web-1"},
                  {"namespace", name},
                  {"operation", "CREATE"},
                  {"userInfo", {{"username", "system:admin"}}},
                  {"object", pod},
                  {"oldObject", nullptr},
                  {"dryRun", false}}}}
        .dump();
}

/// The text with the padding that the server gives.
class Body {
  public:
    explicit Body(std::string const& text)
        : size_(text.size()),
          bytes_(std::make_unique<char[]>(text.size() + rt::http::body_padding_bytes)) {
        std::memcpy(bytes_.get(), text.data(), size_);
    }
    [[nodiscard]] std::string_view view() const { return {bytes_.get(), size_}; }

  private:
    std::size_t size_;
    std::unique_ptr<char[]> bytes_;
};

void parse_image(benchmark::State& state) {
    for (auto _ : state) {
        auto const parsed = rt::tenancy::ImageReference::parse(image, {});
        benchmark::DoNotOptimize(parsed);
    }
}
BENCHMARK(parse_image);

void find_namespace(benchmark::State& state) {
    auto const namespaces = static_cast<int>(state.range(0));
    auto const view = view_of(namespaces);
    std::string const name = "team-" + std::to_string(namespaces / 2);
    for (auto _ : state) {
        benchmark::DoNotOptimize(view.index->find(name));
    }
}
BENCHMARK(find_namespace)->Arg(1)->Arg(1000)->Arg(10'000);

void read_review(benchmark::State& state) {
    Body const body(review_text(1));
    rt::webhook::ReviewReader reader;
    for (auto _ : state) {
        benchmark::DoNotOptimize(reader.read(body.view()));
    }
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(body.view().size()));
}
BENCHMARK(read_review);

void decide(benchmark::State& state) {
    auto const namespaces = static_cast<int>(state.range(0));
    auto const view = view_of(namespaces);
    Body const body(review_text(namespaces));
    rt::webhook::ReviewReader reader;
    static_cast<void>(reader.read(body.view()));
    rt::webhook::AdmissionSettings const settings;
    if (rt::webhook::decide(reader.review(), view, settings).outcome !=
        rt::webhook::Outcome::Allowed) {
        state.SkipWithError("the Pod must be allowed");
        return;
    }
    for (auto _ : state) {
        auto const decision = rt::webhook::decide(reader.review(), view, settings);
        benchmark::DoNotOptimize(decision);
    }
}
BENCHMARK(decide)->Arg(1)->Arg(100)->Arg(1000)->Arg(10'000);

}  // namespace

BENCHMARK_MAIN();
