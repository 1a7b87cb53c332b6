#include "operator/publish/rotation.hpp"

#include <gtest/gtest.h>

namespace rt::op::publish {
namespace {

using namespace std::chrono_literals;

WallTime const start{std::chrono::hours(24 * 365 * 56)};

CertificateState fresh() {
    CertificateState state;
    state.not_before = start;
    state.not_after = start + certificate_life;
    state.bundle_size = 1;
    state.bundle_published = true;
    return state;
}

TEST(Rotation, NoCertificateMakesOne) {
    EXPECT_EQ(next_step({}, start), RotationStep::Create);
}

TEST(Rotation, AFreshCertificateStays) {
    EXPECT_EQ(next_step(fresh(), start + certificate_life * 2 / 3 - 1s), RotationStep::Keep);
}

TEST(Rotation, AfterTwoThirdsTheNextIsStaged) {
    EXPECT_EQ(next_step(fresh(), start + certificate_life * 2 / 3), RotationStep::Stage);
}

TEST(Rotation, AnExpiredOrForeignCertificateIsReplacedAtOnce) {
    EXPECT_EQ(next_step(fresh(), start + certificate_life), RotationStep::Create);
    CertificateState state = fresh();
    state.leaf_matches = false;
    EXPECT_EQ(next_step(state, start), RotationStep::Create);
}

TEST(Rotation, TheNextLeafIsServedOnlyOnceItsCaIsTrustedEverywhere) {
    CertificateState state = fresh();
    WallTime const now = start + certificate_life * 2 / 3;
    state.staged = true;
    state.staged_at = now;
    state.bundle_size = 2;
    EXPECT_EQ(next_step(state, now + staging_time - 1s), RotationStep::Keep);
    state.bundle_published = false;
    EXPECT_EQ(next_step(state, now + staging_time + 1h), RotationStep::Keep);
    state.bundle_published = true;
    EXPECT_EQ(next_step(state, now + staging_time), RotationStep::Promote);
}

TEST(Rotation, TheOldCaGoesAfterTheOverlap) {
    CertificateState state = fresh();
    state.bundle_size = 2;
    state.promoted_at = start;
    EXPECT_EQ(next_step(state, start + overlap_time - 1s), RotationStep::Keep);
    EXPECT_EQ(next_step(state, start + overlap_time), RotationStep::DropOld);
}

TEST(Rotation, UnreadableTimesNeverStopIt) {
    CertificateState state = fresh();
    state.bundle_size = 2;
    EXPECT_EQ(next_step(state, start), RotationStep::DropOld);
    state.staged = true;
    EXPECT_EQ(next_step(state, start), RotationStep::Promote);
}

}  // namespace
}  // namespace rt::op::publish
