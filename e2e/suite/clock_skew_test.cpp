#include <nlohmann/json.hpp>

#include "e2e/suite/support/clouds.hpp"
#include "e2e/suite/support/ecr.hpp"
#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/tenancy_test.hpp"

namespace e2e {
namespace {

/// Clouds whose clock is off for everybody and whose answers say so. Runs alone: every other mint
/// would meet it. (Where the answers don't say so, see the tables of failures.)
class ClockSkew : public TenancyTest {
  protected:
    static Json clock(long offset_seconds) {
        return {{"mode", "clock"}, {"offsetSeconds", offset_seconds}};
    }
    /// How often STS refused a signature for its time, and gave this test's session, since then.
    static std::string counted(CloudRequests const& requests, std::string const& simulator,
                               std::string const& refusal, std::string const& session) {
        auto const refused = requests.matching([&](Json const& entry) {
            return text_at(entry, "/simulator") == simulator && text_at(entry, "/code") == refusal;
        });
        auto const given = requests.matching([&](Json const& entry) {
            return text_at(entry, "/simulator") == simulator && text_at(entry, "/code") == "OK" &&
                   text_at(entry, "/session").find(session) != std::string::npos;
        });
        return std::string(refused.empty() ? "none" : "some") + " refused, " +
               std::to_string(given.size()) + " given";
    }
};

TEST_F(ClockSkew, alibaba_cloud_is_signed_for_by_its_own_time) {
    CloudRequests const requests;
    std::string ns;
    {
        Fault const sts("sts", clock(3600));
        Fault const acr("acr", clock(3600));
        ns = make_governed_namespace();
        EXPECT_EQ(counted(requests, "sts", "InvalidTimeStamp.Expired", ns),
                  "some refused, 1 given");
        ASSERT_TRUE(done(apply(pod_manifest(ns, "pulled", std::string(allowed_image)))));
        EXPECT_TRUE(eventually(soon, [&] { return why_not_running(ns, "pulled"); }));
    }
    // And again when the cloud's clock is right.
    auto const before = pull_secret(ns);
    ASSERT_TRUE(done(kubectl(
        {"annotate", "registrytenancy", name("tenancy"), "registrytenancy.dev/rotate=after"})));
    EXPECT_TRUE(eventually(soon, [&] {
        auto const now = pull_secret(ns);
        return now && before && now->data != before->data
                   ? ""
                   : "no new credential: " + ready_text(name("tenancy"));
    }));
    EXPECT_EQ(why_not_ready(name("tenancy")), "");
}

TEST_F(ClockSkew, amazon_is_signed_for_by_its_own_time) {
    std::string const host = "111122223333.dkr.ecr.eu-central-1.amazonaws.com";
    ASSERT_TRUE(done(apply(ecr_registry_manifest())));
    CloudRequests const requests;
    Fault const sts("awsSts", clock(-3600));
    Fault const ecr("ecr", clock(-3600));
    std::string const ns = make_namespace("ns");
    Tenancy tenancy;
    tenancy.name = name("tenancy");
    tenancy.namespaces = {ns};
    tenancy.registry = "ecr-111122223333";
    tenancy.role = "arn:aws:iam::111122223333:role/ecr-suite-03";
    tenancy.allow = {{"namespace", "payments"}};
    make_ready_tenancy(tenancy);
    EXPECT_EQ(counted(requests, "awsSts", "SignatureDoesNotMatch", ns), "some refused, 1 given");
    ASSERT_TRUE(done(apply(pod_manifest(ns, "pulled", host + "/payments/a1:v0.1"))));
    EXPECT_TRUE(eventually(soon, [&] { return why_not_running(ns, "pulled"); }));
}

/// Harbor checks no time of ours, but says when a robot ends by its own clock: two days behind, a
/// robot of one day ends yesterday.
TEST_F(ClockSkew, the_life_of_harbors_robots_goes_by_harbors_clock) {
    make_product_secret(name("robot"), "Opaque",
                        {{"username", "robot$registry-tenancy"},
                         {"password", "simulated-secret-of-registry-tenancys-robot"}});
    Fault const behind("harbor", clock(-2L * 86400));
    make_registry(
        {{"type", "Harbor"},
         {"harbor",
          {{"url", "https://harbor.example.org"},
           {"identity", {{"type", "AccessKey"}, {"accessKey", {{"secretName", name("robot")}}}}}}}},
        "harbor.example.org");
    std::string const ns = make_namespace("ns");
    Tenancy tenancy;
    tenancy.name = name("tenancy");
    tenancy.namespaces = {ns};
    tenancy.registry = name("registry");
    tenancy.role = "";
    make_ready_tenancy(tenancy);
    auto const minted = pull_secret(ns);
    ASSERT_TRUE(minted);
    ASSERT_TRUE(done(apply(pod_manifest(ns, "pulled", "harbor.example.org/cainiao/a1:v0.1"))));
    EXPECT_TRUE(eventually(soon, [&] { return why_not_running(ns, "pulled"); }));
    EXPECT_TRUE(throughout(std::chrono::seconds(10), [&] {
        auto const now = pull_secret(ns);
        return now && now->data == minted->data ? "" : "taken for one that has ended";
    }));
}

}  // namespace
}  // namespace e2e
