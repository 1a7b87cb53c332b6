#include "operator/inventory/policy_report.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "unit/support/fake_api_server.hpp"
#include "unit/support/fake_clock.hpp"

namespace rt::op {
namespace {

using rt::test::Verb;
using Kind = tenancy::Workloads::Kind;

tenancy::Workloads findings() {
    tenancy::Workloads result;
    result.denied = 30;
    result.by_exception = 1;
    result.images = {{Kind::Denied, "docker.io/library/nginx", ""},
                     {Kind::ByException, "docker.io/library/redis", "incident-4711"}};
    return result;
}

class PolicyReportsTest : public testing::Test {
  protected:
    std::optional<Json> report(kube::ResourceType const& type) {
        return api.find(type, {"n", "registry-tenancy"});
    }

    rt::test::FakeClock clock;
    rt::test::FakeApiServer api{clock};
    Metrics registry;
    OperatorMetrics metrics{registry};
    PolicyReports reports{api, metrics};
};

TEST_F(PolicyReportsTest, SayWhatDashboardsShow) {
    Json const report = render_report(policy_reports(), "n", findings());
    EXPECT_EQ(report["apiVersion"], "wgpolicyk8s.io/v1alpha2");
    EXPECT_EQ(report["summary"]["fail"], 30);
    EXPECT_EQ(report["summary"]["warn"], 1);
    ASSERT_EQ(report["results"].size(), 2U);
    EXPECT_EQ(report["results"][0]["result"], "fail");
    EXPECT_EQ(report["results"][0]["rule"], "RT-NotAllowed");
    EXPECT_EQ(report["results"][0]["properties"]["image"], "docker.io/library/nginx");
    EXPECT_EQ(report["results"][1]["result"], "warn");
    EXPECT_EQ(report["results"][1]["properties"]["exception"], "incident-4711");
    EXPECT_FALSE(report.contains("source")) << "no field of that type";
    EXPECT_EQ(render_report(open_reports(), "n", findings())["source"], "registry-tenancy");
}

TEST_F(PolicyReportsTest, AreNotWrittenWhereTheClusterHasNoTypeForThem) {
    EXPECT_EQ(reports.discover({}), false);
    EXPECT_TRUE(reports.put("n", findings(), {}));
    EXPECT_EQ(api.count(Verb::Apply, policy_reports()), 0);
    EXPECT_EQ(api.count(Verb::Apply, open_reports()), 0);
}

TEST_F(PolicyReportsTest, AreWrittenOnChangeAloneAndRemovedWhereNothingIsLeft) {
    api.serve(policy_reports());
    EXPECT_EQ(reports.discover({}), true);
    EXPECT_EQ(reports.discover({}), false);
    for (int i = 0; i < 3; ++i) {
        EXPECT_TRUE(reports.put("n", findings(), {}));
    }
    EXPECT_EQ(api.count(Verb::Apply, policy_reports()), 1);
    ASSERT_TRUE(report(policy_reports()));
    for (int i = 0; i < 3; ++i) {
        EXPECT_TRUE(reports.put("n", {}, {}));
    }
    EXPECT_FALSE(report(policy_reports()));
    EXPECT_EQ(api.count(Verb::Delete, policy_reports()), 1);
}

TEST_F(PolicyReportsTest, OfAnEarlierRunAreRemovedToo) {
    api.serve(open_reports());
    EXPECT_EQ(reports.discover({}), true);
    EXPECT_TRUE(reports.put("n", findings(), {}));
    PolicyReports restarted(api, metrics);
    EXPECT_EQ(restarted.discover({}), true);
    EXPECT_TRUE(restarted.put("n", {}, {}));
    EXPECT_FALSE(report(open_reports()));
}

TEST_F(PolicyReportsTest, FailuresAreErrorsAndMissingTypesAreNot) {
    api.serve(policy_reports());
    EXPECT_EQ(reports.discover({}), true);
    api.fail_next(Verb::Apply, policy_reports(), Error{ErrorKind::Throttled, "slow down"});
    EXPECT_FALSE(reports.put("n", findings(), {}));
    api.fail_next(Verb::Apply, policy_reports(), Error{ErrorKind::NotFound, "the type is gone"});
    EXPECT_TRUE(reports.put("n", findings(), {}));
}

}  // namespace
}  // namespace rt::op
