// What the operator's metrics say of expiry, lateness and the mint budget.
#include "operator/metrics.hpp"

#include <gtest/gtest.h>

#include <sstream>

#include "unit/operator/tenancy/world.hpp"

namespace rt::op::test {
namespace {

using namespace std::chrono_literals;
using kube::types::namespaces;
using kube::types::registries;
using kube::types::registry_tenancies;

constexpr char expiry[] = "registrytenancy_credential_expiry_timestamp_seconds";
constexpr char lateness[] = "registry_tenancy_operator_refresh_lateness_seconds";
constexpr char budget_used[] = "registry_tenancy_operator_mint_budget_used_ratio";

/// The series of that name and labels ("" or {name="value"}); nullopt where there is none.
std::optional<double> value_of(Metrics const& metrics, std::string const& series) {
    std::istringstream lines(metrics.text());
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with(series + ' ')) {
            return std::stod(line.substr(series.size() + 1));
        }
    }
    return std::nullopt;
}

std::string of_registry(std::string const& registry) {
    return std::string(expiry) + "{registry=\"" + registry + "\"}";
}

double seconds_since_epoch(WallTime time) {
    return std::chrono::duration<double>(time.time_since_epoch()).count();
}

class MetricsTest : public testing::Test {
  protected:
    void observe(ClusterView::Expiry const& seen, double used = 0) {
        operator_metrics.observe(seen, {}, {}, 0, used, now);
    }
    Metrics metrics;
    OperatorMetrics operator_metrics{metrics};
    WallTime const now = WallTime{} + 1'000'000s;
};

TEST_F(MetricsTest, ExpiryHasOneSeriesForEachRegistryAndIsZeroOnceNothingIsLeft) {
    ClusterView::Expiry seen;
    seen.credentials = 5;
    seen.expired = 2;
    seen.nearest = now + 60s;
    seen.nearest_of = {{"a", now + 60s}, {"b", now + 600s}};
    observe(seen);
    EXPECT_EQ(value_of(metrics, of_registry("a")), 1'000'060);
    EXPECT_EQ(value_of(metrics, of_registry("b")), 1'000'600);
    EXPECT_EQ(value_of(metrics, "registry_tenancy_operator_nearest_expiry_seconds"), 60);
    EXPECT_EQ(value_of(metrics, "registry_tenancy_operator_credentials{state=\"live\"}"), 3);
    EXPECT_EQ(value_of(metrics, "registry_tenancy_operator_credentials{state=\"expired\"}"), 2);
    seen.nearest_of.erase("a");
    observe(seen);
    EXPECT_EQ(value_of(metrics, of_registry("a")), 0) << "an alert on it must see that it is gone";
    EXPECT_EQ(value_of(metrics, of_registry("b")), 1'000'600);
    observe({});
    EXPECT_EQ(value_of(metrics, of_registry("b")), 0);
    EXPECT_EQ(value_of(metrics, "registry_tenancy_operator_nearest_expiry_seconds"), 0);
}

TEST_F(MetricsTest, ExpiryOfVeryManyRegistriesSharesOneSeries) {
    ClusterView::Expiry seen;
    for (int i = 100; i < 400; ++i) {
        seen.nearest_of["r" + std::to_string(i)] = now + std::chrono::seconds(i);
    }
    observe(seen);
    EXPECT_EQ(value_of(metrics, of_registry("r100")), 1'000'100);
    EXPECT_EQ(value_of(metrics, of_registry("r399")), std::nullopt);
    EXPECT_EQ(value_of(metrics, of_registry("(others)")), 1'000'200) << "the first to end of them";
    std::string const text = metrics.text();
    std::size_t series = 0;
    for (auto at = text.find("\n" + std::string(expiry) + '{'); at != std::string::npos;
         at = text.find("\n" + std::string(expiry) + '{', at + 1)) {
        ++series;
    }
    EXPECT_EQ(series, 101U);
}

TEST_F(MetricsTest, TheBudgetIsShownAsItIs) {
    for (double const used : {0.0, 0.5, 1.0, 7.25}) {
        observe({}, used);
        EXPECT_EQ(value_of(metrics, budget_used), used);
    }
}

TEST(BudgetUsed, IsThatOfTheFullestBucketAndAboveOneWhileMintsWait) {
    rt::test::FakeClock clock;
    MintBudget budget{10, 8, clock};  // of which one account may use six
    EXPECT_EQ(budget.used(), 0);
    ASSERT_FALSE(budget.ask("ns-0", "account", "role"));
    EXPECT_NEAR(budget.used(), 1.0 / 6, 1e-9);
    for (int i = 1; i < 6; ++i) {
        ASSERT_FALSE(budget.ask("ns-" + std::to_string(i), "account", "role"));
    }
    EXPECT_NEAR(budget.used(), 1, 1e-9);
    ASSERT_TRUE(budget.ask("ns-6", "account", "role")) << "one that waits has taken in advance";
    EXPECT_NEAR(budget.used(), 7.0 / 6, 1e-9);
    clock.advance(1h);
    EXPECT_EQ(budget.used(), 0);
}

class MetricsOfTheOperator : public testing::Test {
  protected:
    MetricsOfTheOperator() {
        outside.api.put(registries, shared_acr());
        outside.api.put(registry_tenancies, tenancy("cainiao", {"cainiao-prod"}, {"cainiao"}));
        outside.api.put(namespaces, namespace_object("cainiao-prod"));
    }
    [[nodiscard]] double count(World const& world) const {
        return value_of(world.metrics_registry, std::string(lateness) + "_count").value_or(-1);
    }
    [[nodiscard]] double sum(World const& world) const {
        return value_of(world.metrics_registry, std::string(lateness) + "_sum").value_or(-1);
    }
    Outside outside;
};

TEST_F(MetricsOfTheOperator, ExpiryIsWhatTheSecretsSay) {
    World world(outside);
    world.settle();
    auto const seen = world.view.expiry(outside.clock.wall_now());
    world.metrics.observe(seen, {}, {}, 0, 0, outside.clock.wall_now());
    EXPECT_NEAR(value_of(world.metrics_registry, of_registry("shared-acr")).value_or(0),
                seconds_since_epoch(outside.clock.wall_now()) + 3600, 1);
}

TEST_F(MetricsOfTheOperator, LatenessCountsRefreshesAlone) {
    World world(outside);
    world.settle();
    EXPECT_EQ(count(world), 0) << "the first credential of all can't be late";
    Json narrower = tenancy("cainiao", {"cainiao-prod"}, {"cainiao"});
    narrower["spec"]["registries"][0]["allow"] = {{{"repository", "cainiao/a1"}}};
    world.put(registry_tenancies, narrower);
    EXPECT_EQ(count(world), 0) << "nor one for other rules";
    world.advance(37min);
    EXPECT_EQ(count(world), 1);
    EXPECT_LT(sum(world), 1);
}

TEST_F(MetricsOfTheOperator, LatenessIsTheTimeThatTheCloudKeptUsWaiting) {
    World world(outside);
    world.settle();
    outside.source.failing["shared-acr"] = {ErrorKind::Unavailable, "timeout"};
    world.advance(50min);
    EXPECT_EQ(count(world), 0);
    outside.source.failing.clear();
    world.advance(2min);
    EXPECT_EQ(count(world), 1);
    EXPECT_GT(sum(world), (50 - 36) * 60);
    EXPECT_LT(sum(world), (52 - 24) * 60);
}

}  // namespace
}  // namespace rt::op::test
