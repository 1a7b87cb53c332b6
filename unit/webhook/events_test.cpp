#include "webhook/events.hpp"

#include <gtest/gtest.h>

#include "unit/support/fake_api_server.hpp"
#include "unit/support/fake_clock.hpp"

namespace rt::webhook {
namespace {

Review pod_review() {
    Review review;
    review.kind = "Pod";
    review.kind_version = "v1";
    review.ns = "cainiao-prod";
    review.name = "web-1";
    review.target = Target::Pod;
    return review;
}

Decision denial() {
    Decision decision;
    decision.outcome = Outcome::Denied;
    decision.reason = tenancy::Reason::NotAllowed;
    return decision;
}

TEST(TokenBucket, GivesABurstAndThenItsRate) {
    test::FakeClock clock;
    TokenBucket bucket(2, 3, clock);
    EXPECT_TRUE(bucket.take() && bucket.take() && bucket.take());
    EXPECT_FALSE(bucket.take());
    clock.advance(std::chrono::milliseconds{500});
    EXPECT_TRUE(bucket.take());
    EXPECT_FALSE(bucket.take());
    clock.advance(std::chrono::hours{1});
    EXPECT_TRUE(bucket.take() && bucket.take() && bucket.take());
    EXPECT_FALSE(bucket.take());
}

TEST(Events, HangOnTheControllerWhereThereIsOne) {
    Review review = pod_review();
    review.object.owners = {{"v1", "ConfigMap", "other", "1", false},
                            {"apps/v1", "ReplicaSet", "web-7", "2", true}};
    auto const owner = regarding(review);
    EXPECT_EQ(owner.kind, "ReplicaSet");
    EXPECT_EQ(owner.api_version, "apps/v1");
    EXPECT_EQ(owner.name, "web-7");
    EXPECT_EQ(owner.ns, "cainiao-prod");
    review.object.owners.clear();
    EXPECT_EQ(regarding(review).name, "web-1");
    review.kind_group = "apps";
    review.kind = "Deployment";
    EXPECT_EQ(regarding(review).api_version, "apps/v1");
}

TEST(Events, AreWrittenButNeverOnDryRun) {
    test::FakeClock clock;
    test::FakeApiServer api(clock);
    {
        kube::EventRecorder recorder(api, "registry-tenancy-webhook", "test", clock);
        EventMirror mirror(recorder, clock);
        Review review = pod_review();
        review.dry_run = true;
        mirror.observe(review, denial(), {tenancy::Reason::NotAllowed, "never"});
        review.dry_run = false;
        mirror.observe(review, denial(), {tenancy::Reason::NotAllowed, "[RT-NotAllowed] once"});
    }
    auto const events = api.all(kube::types::events);
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0]["reason"], "RT-NotAllowed");
    EXPECT_EQ(events[0]["note"], "[RT-NotAllowed] once");
    EXPECT_EQ(events[0]["type"], "Warning");
}

TEST(Events, AreRationed) {
    test::FakeClock clock;
    test::FakeApiServer api(clock);
    {
        kube::EventRecorder recorder(api, "registry-tenancy-webhook", "test", clock);
        EventMirror mirror(recorder, clock);
        Decision audited = denial();
        audited.outcome = Outcome::Audited;
        for (int i = 0; i < 2'000; ++i) {
            std::string const name = "web-" + std::to_string(i);
            Review review = pod_review();
            review.name = name;
            mirror.observe(review, audited, {tenancy::Reason::NotAllowed, "x"});
        }
    }
    EXPECT_LE(api.all(kube::types::events).size(), 200U);
    EXPECT_GT(api.all(kube::types::events).size(), 0U);
}

}  // namespace
}  // namespace rt::webhook
