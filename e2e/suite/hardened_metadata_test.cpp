#include <nlohmann/json.hpp>

#include "e2e/suite/support/clouds.hpp"
#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/processes.hpp"
#include "e2e/suite/support/tenancy_test.hpp"

namespace e2e {
namespace {

/// Runs alone: it takes the operator's cached identity away by killing it.
class HardenedMetadataService : public TenancyTest {};

TEST_F(HardenedMetadataService, is_asked_with_a_token) {
    HardenedMetadata const hardened;
    // The control: it demands one.
    ASSERT_EQ(run({repository() + "/e2e/cluster/inside", "curl", "-s", "-o", "/dev/null", "-w",
                   "%{http_code}", "http://100.100.100.200/latest/meta-data/region-id"})
                  .out,
              "403");
    CloudRequests const requests;
    for (std::string const& container : containers_of("registry-tenancy-operator")) {
        ASSERT_TRUE(done(kill_container(container)));
    }
    std::string const ns = make_namespace("ns");
    Tenancy tenancy;
    tenancy.name = name("tenancy");
    tenancy.namespaces = {ns};
    tenancy.role = "acr-suite-26";
    make_tenancy(tenancy);
    ASSERT_TRUE(eventually(std::chrono::seconds(90), [&] { return why_not_ready(tenancy.name); }));
    auto const read = requests.matching([](Json const& entry) {
        return text_at(entry, "/action") == "Credentials" && text_at(entry, "/code") == "OK";
    });
    EXPECT_FALSE(read.empty()) << "hardened, it gives credentials for a token only";
    ASSERT_TRUE(done(apply(pod_manifest(ns, "a1", std::string(allowed_image)))));
    EXPECT_TRUE(eventually(soon, [&] { return why_not_running(ns, "a1"); }));
}

}  // namespace
}  // namespace e2e
