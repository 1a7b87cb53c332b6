#include "lib/kube/core/condition.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "lib/base/time.hpp"

namespace rt::kube {
namespace {

using namespace std::chrono_literals;

WallTime const noon = *parse_rfc3339("2026-01-02T12:00:00Z");

TEST(Condition, TheTransitionTimeMovesOnlyWithTheStatus) {
    std::vector<Condition> conditions;
    EXPECT_TRUE(set_condition(conditions, {"Ready", "False", "Minting", "", 1}, noon));
    EXPECT_FALSE(set_condition(conditions, {"Ready", "False", "Minting", "", 1}, noon + 1h));
    EXPECT_TRUE(set_condition(conditions, {"Ready", "False", "Denied", "no", 2}, noon + 2h));
    EXPECT_EQ(conditions.front().last_transition_time, noon);
    EXPECT_TRUE(set_condition(conditions, {"Ready", "True", "Done", "", 2}, noon + 3h + 500ms));
    EXPECT_EQ(conditions.front().last_transition_time, noon + 3h);
    EXPECT_EQ(conditions.size(), 1U);
}

TEST(Condition, SurvivesAWriteAndARead) {
    std::vector<Condition> conditions;
    set_condition(conditions, {"Ready", "True", "Done", "2 of 2", 7}, noon);
    set_condition(conditions, {"Stalled", "False", "Fine", "", 7}, noon);
    Json const object = {{"status", {{"conditions", to_json(conditions)}}}};
    EXPECT_EQ(conditions_of(object), conditions);
    ASSERT_NE(find_condition(conditions, "Stalled"), nullptr);
    EXPECT_EQ(find_condition(conditions, "Stalled")->reason, "Fine");
    EXPECT_EQ(find_condition(conditions, "Other"), nullptr);
}

TEST(Condition, ReadsWhateverIsThere) {
    for (char const* const text :
         {"null", "{}", R"({"status":3})", R"({"status":{"conditions":{}}})",
          R"({"status":{"conditions":[null,3,{},{"status":"True"}]}})"}) {
        EXPECT_TRUE(conditions_of(Json::parse(text)).empty()) << text;
    }
}

}  // namespace
}  // namespace rt::kube
