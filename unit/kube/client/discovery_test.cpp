#include "lib/kube/client/discovery.hpp"

#include <gtest/gtest.h>

#include "unit/support/fake_api_server.hpp"
#include "unit/support/fake_clock.hpp"

namespace rt::kube {
namespace {

ResourceType type_of(std::string const& group, std::string const& version,
                     std::string const& plural, std::string const& kind, bool namespaced = true) {
    return {group, version, plural, kind, namespaced};
}

struct Discovery : testing::Test {
    test::FakeClock clock;
    test::FakeApiServer api{clock};

    std::vector<std::optional<ResourceType>> ask(std::vector<GroupResource> const& wanted) {
        auto types = discover(api, wanted, {});
        EXPECT_TRUE(types) << types.error().message;
        return types ? *types : std::vector<std::optional<ResourceType>>();
    }
    int questions() {
        int count = 0;
        for (auto const& call : api.calls()) {
            count += call.verb == test::Verb::RawGet ? 1 : 0;
        }
        return count;
    }
};

TEST_F(Discovery, TellsWhatTheClusterHasInTheVersionThatItPrefers) {
    auto const old_rollouts = type_of("argoproj.io", "v1alpha1", "rollouts", "Rollout");
    auto const rollouts = type_of("argoproj.io", "v1beta1", "rollouts", "Rollout");
    auto const workflows = type_of("argoproj.io", "v1alpha1", "workflows", "Workflow");
    auto const odd = type_of("example.com", "v1", "geese", "Goose", false);
    for (auto const& type : {old_rollouts, workflows, rollouts, odd}) {
        api.serve(type);
    }
    auto const types = ask({{"argoproj.io", "rollouts"},
                            {"argoproj.io", "workflows"},
                            {"argoproj.io", "experiments"},
                            {"ray.io", "rayjobs"},
                            {"example.com", "geese"}});
    ASSERT_EQ(types.size(), 5U);
    EXPECT_EQ(types[0], rollouts);
    EXPECT_EQ(types[1], workflows) << "the preferred version hasn't it";
    EXPECT_FALSE(types[2]);
    EXPECT_FALSE(types[3]);
    EXPECT_EQ(types[4], odd);
    EXPECT_EQ(questions(), 6) << "each group and each version once";
}

TEST_F(Discovery, AnAnswerThatFailsIsNoAbsence) {
    api.fail_next(test::Verb::RawGet, {"", "", "/apis/ray.io", "", false},
                  Error{ErrorKind::Unavailable, "down"});
    auto const types = discover(api, {{"ray.io", "rayjobs"}}, {});
    ASSERT_FALSE(types);
    EXPECT_EQ(types.error().kind, ErrorKind::Unavailable);
}

}  // namespace
}  // namespace rt::kube
