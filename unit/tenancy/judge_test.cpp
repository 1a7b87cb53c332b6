#include "lib/tenancy/judge.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "unit/tenancy/objects.hpp"

namespace rt::tenancy {
namespace {

using testing::vpc_host;

TEST(JudgeImage, GivesTheFindingThatAdmissionGives) {
    RegistryCatalog const catalog({testing::registry("shared-acr", testing::acr_spec())});
    auto const policy = NamespacePolicy::compile(
        {testing::tenancy(
            "cainiao", testing::one_registry("shared-acr", {{{"namespace", "cainiao"}},
                                                            {{"repository", "base/jdk"},
                                                             {"deprecated", "use cainiao/jdk"}}}))},
        {}, catalog);
    std::string const host(vpc_host);
    struct Case {
        std::string image;
        std::string code;  ///< empty: no finding
    };
    for (auto const& [image, code] : std::vector<Case>{
             {host + "/cainiao/a1:v1", ""},
             {host + "/base/jdk", "RT-Deprecated"},
             {host + "/alipay/a1", "RT-NotAllowed"},
             {"nginx", "RT-NotAllowed"},
             {"Not An Image", "RT-Unparseable"},
             {"", "RT-Unparseable"},
         }) {
        auto const judgement = judge_image(policy, image);
        ASSERT_EQ(judgement.finding.has_value(), !code.empty()) << image;
        if (judgement.finding) {
            EXPECT_EQ(code_of(judgement.finding->reason), code) << image;
            EXPECT_EQ(judgement.finding->written, image);
            EXPECT_EQ(denies(judgement.finding->reason), code != "RT-Deprecated");
        }
        EXPECT_EQ(judgement.verdict.allowed(), code.empty() || code == "RT-Deprecated") << image;
    }
}

TEST(AllowsPullSecret, OursAlwaysAndOthersAsListed) {
    PullSecretsPolicy const any;
    PullSecretsPolicy const listed{true, {"a", "b"}};
    for (std::string const secret : {"a", "c", "registry-tenancy", ""}) {
        EXPECT_TRUE(allows_pull_secret(any, secret)) << secret;
        EXPECT_EQ(allows_pull_secret(listed, secret), secret != "c") << secret;
    }
}

TEST(JudgePullSecret, SaysForeignOrOtherOrNothing) {
    PullSecretsPolicy const any;
    PullSecretsPolicy const listed{true, {"a"}};
    auto const said = [](std::optional<Finding> const& finding) {
        return !finding ? std::string()
                        : std::string(code_of(finding->reason)) +
                              (denies(finding->reason) ? " denies " : " warns ") + finding->name;
    };
    EXPECT_EQ(said(judge_pull_secret(listed, "b")), "RT-ForeignSecret denies b");
    EXPECT_EQ(said(judge_pull_secret(any, "b")), "RT-ForeignSecret warns b");
    for (std::string const secret : {"registry-tenancy", ""}) {
        EXPECT_EQ(said(judge_pull_secret(any, secret)), "") << secret;
        EXPECT_EQ(said(judge_pull_secret(listed, secret)), "") << secret;
    }
    EXPECT_EQ(said(judge_pull_secret(listed, "a")), "");
}

}  // namespace
}  // namespace rt::tenancy
