#include "operator/cloud/leftovers.hpp"

#include <gtest/gtest.h>

#include "operator/cloud/owner_marks.hpp"

namespace rt::op {
namespace {

using namespace std::chrono_literals;
using Ids = std::vector<std::string>;

constexpr auto grace = 60s;

class LeftoversTest : public testing::Test {
  protected:
    /// A robot of `ns`, issued at `at`.
    static Leftover robot(std::string const& id, std::string const& ns, WallTime at) {
        return {id, owner_mark(ns, "harbor"), at};
    }
    Ids sweep(std::vector<Leftover> const& robots, std::vector<HeldCredential> const& held) {
        return leftovers_.may_go(robots, held, grace, wall_, now_);
    }
    void pass(std::chrono::seconds time) {
        wall_ += time;
        now_ += time;
    }

    Leftovers leftovers_;
    WallTime wall_{1'767'323'045s};
    SteadyTime now_{1000s};
};

TEST_F(LeftoversTest, keeps_what_a_secret_holds_for_ever) {
    auto const at = wall_;
    for (int day = 0; day < 10; ++day) {
        EXPECT_EQ(sweep({robot("1", "a", at)}, {{"a", "harbor", at}}), Ids{});
        pass(24h);
    }
    EXPECT_EQ(leftovers_.waiting(), 0U);
}

TEST_F(LeftoversTest, lets_a_superseded_one_go_after_the_grace) {
    auto const old = wall_ - 48h;
    auto const young = wall_;
    std::vector<Leftover> const robots{robot("1", "a", old), robot("2", "a", young)};
    std::vector<HeldCredential> const held{{"a", "harbor", young}};
    EXPECT_EQ(sweep(robots, held), Ids{});
    EXPECT_EQ(leftovers_.waiting(), 1U);
    pass(59s);
    EXPECT_EQ(sweep(robots, held), Ids{});
    pass(1s);
    EXPECT_EQ(sweep(robots, held), Ids{"1"});
}

TEST_F(LeftoversTest, leaves_one_alone_that_may_be_on_its_way) {
    auto const old = wall_ - 48h;
    auto const young = wall_;
    std::vector<Leftover> const robots{robot("1", "a", old), robot("2", "a", young)};
    std::vector<HeldCredential> const held{{"a", "harbor", old}};
    for (int minute = 0; minute < 59; ++minute) {
        ASSERT_EQ(sweep(robots, held), Ids{}) << minute;
        pass(60s);
    }
    // It never came: an answer that was lost, or a Secret that could not be written.
    pass(120s);
    EXPECT_EQ(sweep(robots, held), Ids{});
    pass(60s);
    EXPECT_EQ(sweep(robots, held), Ids{"2"});
}

TEST_F(LeftoversTest, lets_one_go_whose_secret_is_gone) {
    auto const at = wall_;
    EXPECT_EQ(sweep({robot("1", "a", at)}, {{"a", "harbor", at}}), Ids{});
    pass(30s);
    EXPECT_EQ(sweep({robot("1", "a", at)}, {}), Ids{});
    pass(60s);
    EXPECT_EQ(sweep({robot("1", "a", at)}, {}), Ids{"1"});
}

TEST_F(LeftoversTest, begins_anew_where_a_secret_holds_it_again) {
    auto const at = wall_;
    std::vector<HeldCredential> const held{{"a", "harbor", at}};
    sweep({robot("1", "a", at)}, held);
    pass(59s);
    sweep({robot("1", "a", at)}, {});
    pass(59s);
    EXPECT_EQ(sweep({robot("1", "a", at)}, held), Ids{});
    pass(59s);
    EXPECT_EQ(sweep({robot("1", "a", at)}, {}), Ids{});
    pass(59s);
    EXPECT_EQ(sweep({robot("1", "a", at)}, {}), Ids{});
    pass(1s);
    EXPECT_EQ(sweep({robot("1", "a", at)}, {}), Ids{"1"});
}

TEST_F(LeftoversTest, after_a_restart_waits_for_the_grace_and_for_the_young) {
    std::vector<Leftover> const robots{robot("1", "gone", wall_ - 2h), robot("2", "new", wall_)};
    EXPECT_EQ(sweep(robots, {}), Ids{});
    pass(60s);
    EXPECT_EQ(sweep(robots, {}), Ids{"1"});
    EXPECT_EQ(leftovers_.waiting(), 1U) << "and 2 is none that waits";
}

TEST_F(LeftoversTest, tells_registries_and_namespaces_apart) {
    auto const at = wall_ - 48h;
    std::vector<Leftover> const robots{robot("1", "a", at)};
    std::vector<HeldCredential> const held{{"a", "another", at}, {"b", "harbor", at}};
    sweep(robots, held);
    pass(60s);
    EXPECT_EQ(sweep(robots, held), Ids{"1"});
}

}  // namespace
}  // namespace rt::op
