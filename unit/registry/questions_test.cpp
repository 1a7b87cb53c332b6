#include "lib/registry/questions.hpp"

#include <gtest/gtest.h>

namespace rt::registry {
namespace {

using Kind = tenancy::AllowEntry::Kind;

tenancy::CredentialSpec spec_for(std::vector<tenancy::AllowEntry> allow) {
    tenancy::CredentialSpec spec;
    spec.hosts = {"a.example.com", "b.example.com"};
    spec.allow = std::move(allow);
    return spec;
}

std::vector<tenancy::RunningImage> images(std::vector<std::string> const& names) {
    std::vector<tenancy::RunningImage> result;
    for (std::string const& name : names) {
        result.push_back({name, {}});
    }
    return result;
}

TEST(QuestionsOf, TakeOneImageInUseForEachEntry) {
    auto const spec = spec_for({{Kind::Namespace, "cainiao", ""},
                                {Kind::Namespace, "unused", ""},
                                {Kind::Repository, "base/jdk", ""},
                                {Kind::WholeRegistry, "", ""}});
    std::string const digest = "sha256:" + std::string(64, 'a');
    auto const questions =
        questions_of(spec, images({"a.example.com/cainiao-x/a1:v1", "a.example.com/cainiao/a1:v1",
                                   "a.example.com/cainiao/a2:v1",
                                   "a.example.com/base/jdk@" + digest, "not an image", "nginx"}));
    EXPECT_EQ(questions.host, "a.example.com");
    ASSERT_EQ(questions.asked.size(), 3U);
    EXPECT_EQ(questions.asked[0].question, (Question{"cainiao/a1", "v1"}));
    EXPECT_EQ(questions.asked[1].question, (Question{"base/jdk", digest}));
    EXPECT_EQ(questions.asked[2].entry.kind, Kind::WholeRegistry);
}

TEST(QuestionsOf, AskTheHostThroughWhichMostIsUsed) {
    auto const spec = spec_for({{Kind::Namespace, "x", ""}, {Kind::Namespace, "y", ""}});
    auto const questions = questions_of(
        spec, images({"a.example.com/x/a", "b.example.com/x/a", "b.example.com/y/a:v2"}));
    EXPECT_EQ(questions.host, "b.example.com");
    ASSERT_EQ(questions.asked.size(), 2U);
    EXPECT_EQ(questions.asked[0].question.reference, "latest");
    EXPECT_EQ(questions.asked[1].question.reference, "v2");
}

TEST(QuestionsOf, AreNoneWhereNothingIsInUseAndNeverTooMany) {
    EXPECT_TRUE(questions_of(spec_for({{Kind::Namespace, "x", ""}}), {}).asked.empty());
    EXPECT_TRUE(questions_of(spec_for({{Kind::Namespace, "x", ""}}), images({"c.example.com/x/a"}))
                    .asked.empty());
    std::vector<tenancy::AllowEntry> allow;
    std::vector<std::string> names;
    for (int i = 0; i < 40; ++i) {
        allow.push_back({Kind::Namespace, "n" + std::to_string(i), ""});
        names.push_back("a.example.com/n" + std::to_string(i) + "/a");
    }
    EXPECT_EQ(questions_of(spec_for(allow), images(names)).asked.size(), questions_max);
}

}  // namespace
}  // namespace rt::registry
