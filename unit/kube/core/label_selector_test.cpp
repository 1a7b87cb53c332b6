#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "lib/kube/core/object.hpp"

namespace rt::kube {
namespace {

using Labels = std::map<std::string, std::string>;

TEST(LabelSelector, MatchesAsTheApiServerDoes) {
    struct Case {
        char const* selector;
        Labels labels;
        bool matches;
    };
    Labels const team{{"team", "cainiao"}};
    for (Case const& one : {
             Case{"{}", team, true},
             {R"({"matchLabels":{"team":"cainiao"}})", team, true},
             {R"({"matchLabels":{"team":"alipay"}})", team, false},
             {R"({"matchLabels":{"team":"cainiao","tier":"x"}})", team, false},
             {R"({"matchLabels":{"team":""}})", {{"team", ""}}, true},
             {R"({"matchLabels":{"team":""}})", {}, false},
             {R"({"matchExpressions":[{"key":"team","operator":"In","values":["a","cainiao"]}]})",
              team, true},
             {R"({"matchExpressions":[{"key":"team","operator":"In","values":["a"]}]})", team,
              false},
             {R"({"matchExpressions":[{"key":"team","operator":"NotIn","values":["a"]}]})", team,
              true},
             {R"({"matchExpressions":[{"key":"team","operator":"NotIn","values":["a"]}]})",
              {},
              true},
             {R"({"matchExpressions":[{"key":"team","operator":"Exists"}]})", team, true},
             {R"({"matchExpressions":[{"key":"team","operator":"Exists","values":[]}]})",
              {},
              false},
             {R"({"matchExpressions":[{"key":"team","operator":"DoesNotExist"}]})", team, false},
             {R"({"matchExpressions":[{"key":"team","operator":"DoesNotExist"}]})", {}, true},
         }) {
        auto const selector = LabelSelector::parse(Json::parse(one.selector), "/s");
        ASSERT_TRUE(selector) << one.selector << ": " << selector.error().message;
        EXPECT_EQ(selector->matches(one.labels), one.matches) << one.selector;
    }
}

TEST(LabelSelector, KnowsWhenItIsEmpty) {
    EXPECT_TRUE(LabelSelector::parse(Json::object(), "")->empty());
    EXPECT_TRUE(LabelSelector::parse(Json::parse(R"({"matchLabels":{}})"), "")->empty());
    EXPECT_FALSE(LabelSelector::parse(Json::parse(R"({"matchLabels":{"a":"b"}})"), "")->empty());
}

TEST(LabelSelector, NamesTheFieldThatIsWrong) {
    struct Case {
        char const* selector;
        char const* message;
    };
    for (Case const& one : {
             Case{"[]", "/s: must be an object"},
             {R"({"matchLabel":{}})", "/s/matchLabel: unknown field"},
             {R"({"matchLabels":[]})", "/s/matchLabels: must be a map"},
             {R"({"matchLabels":{"a":1}})", "/s/matchLabels/a: must be a string"},
             {R"({"matchLabels":{"a":"b c"}})",
              "/s/matchLabels/a: \"b c\" cannot be a label value"},
             {R"({"matchLabels":{"a/b/c":"x"}})", "cannot be a label key"},
             {R"({"matchLabels":{"-a":"x"}})", "cannot be a label key"},
             {R"({"matchLabels":{"A/b":"x"}})", "cannot be a label key"},
             {R"({"matchExpressions":{}})", "/s/matchExpressions: must be a list"},
             {R"({"matchExpressions":[3]})", "/s/matchExpressions/0: must be an object"},
             {R"({"matchExpressions":[{"operator":"In"}]})", "/s/matchExpressions/0/key: \"\""},
             {R"({"matchExpressions":[{"key":"a","operator":"Gt","values":["1"]}]})",
              "/s/matchExpressions/0/operator: \"Gt\" is not an operator; use In"},
             {R"({"matchExpressions":[{"key":"a","operator":"In"}]})",
              "/s/matchExpressions/0/values: must not be empty"},
             {R"({"matchExpressions":[{"key":"a","operator":"Exists","values":["x"]}]})",
              "/s/matchExpressions/0/values: must be empty"},
             {R"({"matchExpressions":[{"key":"a","operator":"In","values":["x",2]}]})",
              "/s/matchExpressions/0/values/1: must be a string"},
             {R"({"matchExpressions":[{"key":"a","operator":"In","value":["x"]}]})",
              "/s/matchExpressions/0/value: unknown field"},
         }) {
        auto const selector = LabelSelector::parse(Json::parse(one.selector), "/s");
        ASSERT_FALSE(selector) << one.selector;
        EXPECT_EQ(selector.error().kind, ErrorKind::InvalidArgument);
        EXPECT_NE(selector.error().message.find(one.message), std::string::npos)
            << one.selector << " -> " << selector.error().message;
    }
}

}  // namespace
}  // namespace rt::kube
