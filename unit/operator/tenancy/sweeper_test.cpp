#include "operator/tenancy/sweeper.hpp"

#include <gtest/gtest.h>

#include "unit/operator/tenancy/world.hpp"

namespace rt::op::test {
namespace {

using namespace std::chrono_literals;

/// Leaves behind whatever it mints for the Registries that it is told.
class LeavingSource final : public CredentialSource {
  public:
    Result<RegistryCredential> mint(MintRequest const&, std::stop_token) override {
        return fail(internal_error("not asked for here"));
    }
    [[nodiscard]] bool leaves_behind(tenancy::Registry const& registry) const override {
        return leaving.contains(registry.meta.name);
    }
    Result<SweepResult> sweep(SweepRequest const& request, std::stop_token) override {
        requests.push_back(request);
        clock->advance(takes);
        if (error) {
            return fail(*error);
        }
        return SweepResult{1, 0};
    }

    std::set<std::string> leaving;
    std::vector<SweepRequest> requests;
    std::optional<Error> error;
    rt::test::FakeClock* clock = nullptr;
    std::chrono::nanoseconds takes{0};
};

class SweeperTest : public testing::Test {
  protected:
    SweeperTest() {
        source_.clock = &outside_.clock;
        world_.put(kube::types::registries, shared_acr());
        world_.put(kube::types::namespaces, namespace_object("cainiao-prod"));
        world_.put(kube::types::registry_tenancies,
                   tenancy("cainiao", {"cainiao-prod"}, {"cainiao"}));
    }
    kube::Outcome sweep() {
        view_.replace_registries(outside_.api.all(kube::types::registries));
        view_.replace_secrets(outside_.api.all(kube::types::secrets));
        return sweeper_.reconcile("shared-acr", {});
    }
    std::vector<std::string> newcomers() {
        view_.replace_registries(outside_.api.all(kube::types::registries));
        return sweeper_.newcomers();
    }

    Outside outside_;
    World world_{outside_};
    ClusterView view_{world_.settings, outside_.clock, [](Affected const&) {}};
    LeavingSource source_;
    Sweeper sweeper_{source_, view_, outside_.clock, world_.metrics, 60s};
};

TEST_F(SweeperTest, asks_only_for_registries_that_leave_something_behind) {
    EXPECT_TRUE(newcomers().empty());
    source_.leaving = {"shared-acr"};
    EXPECT_EQ(newcomers(), std::vector<std::string>{"shared-acr"});
    EXPECT_TRUE(newcomers().empty()) << "it is swept already";
}

TEST_F(SweeperTest, says_what_the_secrets_hold) {
    source_.leaving = {"shared-acr"};
    auto const outcome = sweep();
    EXPECT_EQ(outcome.kind, kube::Outcome::Kind::After);
    EXPECT_EQ(outcome.delay, 60s + 1ms);
    ASSERT_EQ(source_.requests.size(), 1U);
    SweepRequest const& request = source_.requests[0];
    EXPECT_EQ(request.registry->meta.name, "shared-acr");
    EXPECT_EQ(request.grace, 60s);
    ASSERT_EQ(request.held.size(), 1U);
    EXPECT_EQ(request.held[0].ns, "cainiao-prod");
    EXPECT_EQ(request.held[0].registry, "shared-acr");
    EXPECT_EQ(std::chrono::floor<std::chrono::seconds>(request.held[0].issued_at),
              std::chrono::floor<std::chrono::seconds>(outside_.clock.wall_now()));

    world_.erase(kube::types::registry_tenancies, "cainiao");
    static_cast<void>(sweep());
    EXPECT_EQ(source_.requests[1].held.size(), 1U) << "as long as the Secret is there";
    world_.advance(2min);
    static_cast<void>(sweep());
    EXPECT_TRUE(source_.requests[2].held.empty());
}

TEST_F(SweeperTest, gives_a_slow_server_a_rest) {
    source_.leaving = {"shared-acr"};
    source_.takes = 6s;
    EXPECT_EQ(sweep().delay, 120s + 1ms);
}

TEST_F(SweeperTest, tries_again_what_failed) {
    source_.leaving = {"shared-acr"};
    source_.error = Error{ErrorKind::Unavailable, "Listing robots: HTTP 502"};
    EXPECT_EQ(sweep().kind, kube::Outcome::Kind::Retry);
    source_.error = Error{ErrorKind::Cancelled, "the end"};
    EXPECT_EQ(sweep().kind, kube::Outcome::Kind::Done);
}

TEST_F(SweeperTest, ends_with_its_registry_and_begins_anew_with_it) {
    source_.leaving = {"shared-acr"};
    ASSERT_EQ(newcomers().size(), 1U);
    source_.leaving.clear();
    EXPECT_EQ(sweep().kind, kube::Outcome::Kind::Done);
    source_.leaving = {"shared-acr"};
    EXPECT_EQ(newcomers().size(), 1U);
}

}  // namespace
}  // namespace rt::op::test
