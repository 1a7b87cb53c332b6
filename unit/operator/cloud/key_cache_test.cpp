#include "operator/cloud/key_cache.hpp"

#include <gtest/gtest.h>

#include <future>

#include "unit/support/fake_clock.hpp"

namespace rt::op {
namespace {

using namespace std::chrono_literals;

class Cache : public testing::Test {
  protected:
    [[nodiscard]] KeyCache::Fetched keys(std::string id) const {
        KeyCache::Fetched fetched;
        fetched.keys.access_key_id = std::move(id);
        fetched.refresh_at = clock.steady_now() + 10min;
        fetched.usable_until = clock.steady_now() + 20min;
        return fetched;
    }
    test::FakeClock clock;
    KeyCache cache{clock};
};

TEST_F(Cache, AnIdentityWhoseCloudHangsKeepsNoOtherWaiting) {
    std::promise<void> release;
    std::promise<void> asked;
    auto const hanging = std::async(std::launch::async, [&] {
        return cache.get("slow", [&]() -> Result<KeyCache::Fetched> {
            asked.set_value();
            release.get_future().wait();
            return keys("slow-key");
        });
    });
    asked.get_future().wait();
    auto const other = std::async(std::launch::async, [&] {
        return cache.get("other", [&] { return Result<KeyCache::Fetched>(keys("other-key")); });
    });
    EXPECT_EQ(other.wait_for(10s), std::future_status::ready);
    release.set_value();
}

TEST_F(Cache, KeysAtHandAreUsedWhileTheyLiveAndForgottenOnesAreNot) {
    auto const failing = []() -> Result<KeyCache::Fetched> {
        return fail(Error{ErrorKind::Unavailable, "away"});
    };
    ASSERT_TRUE(cache.get("role", [&] { return Result<KeyCache::Fetched>(keys("first")); }));
    clock.advance(11min);
    EXPECT_EQ(cache.get("role", failing).value().access_key_id, "first");
    cache.forget("role");
    EXPECT_FALSE(cache.get("role", failing));
}

}  // namespace
}  // namespace rt::op
