#include "e2e/sim/common/policy.hpp"

#include <gtest/gtest.h>

namespace sim {
namespace {

Policy parsed(std::string const& json) {
    std::string problem;
    auto policy = Policy::parse(json, problem);
    EXPECT_TRUE(policy) << problem;
    return policy.value_or(Policy());
}

std::string const repository = "acs:cr:cn-shanghai:1146716667364888:repository/cri-1/";

std::string allow(std::string const& action, std::string const& resource) {
    return R"({"Effect":"Allow","Action":")" + action + R"(","Resource":")" + resource + R"("})";
}

std::string document(std::string const& statements) {
    return R"({"Version":"1","Statement":[)" + statements + "]}";
}

TEST(Policy, evaluates_requests) {
    struct Case {
        std::string name;
        std::string statements;
        std::string action;
        std::string resource;
        Verdict verdict;
    };
    std::string const deny =
        R"(,{"Effect":"Deny","Action":"cr:*","Resource":")" + repository + R"(secret/*"})";
    std::vector<Case> const cases = {
        {"the namespace by wildcard", allow("cr:PullRepository", repository + "cainiao/*"),
         "cr:PullRepository", repository + "cainiao/a1", Verdict::Allowed},
        {"deeper paths, too", allow("cr:PullRepository", repository + "cainiao/*"),
         "cr:PullRepository", repository + "cainiao/a/b", Verdict::Allowed},
        {"another namespace", allow("cr:PullRepository", repository + "cainiao/*"),
         "cr:PullRepository", repository + "alipay/a1", Verdict::ImplicitDeny},
        {"a namespace that only begins alike", allow("cr:PullRepository", repository + "cainiao/*"),
         "cr:PullRepository", repository + "cainiao-x/a1", Verdict::ImplicitDeny},
        {"one repository exactly", allow("cr:PullRepository", repository + "base/jdk"),
         "cr:PullRepository", repository + "base/jdk", Verdict::Allowed},
        {"not its longer brother", allow("cr:PullRepository", repository + "base/jdk"),
         "cr:PullRepository", repository + "base/jdk8", Verdict::ImplicitDeny},
        {"region and account by wildcard",
         allow("cr:PullRepository", "acs:cr:*:*:repository/cri-1/cainiao/*"), "cr:PullRepository",
         repository + "cainiao/a1", Verdict::Allowed},
        {"an ARN without the instance matches nothing",
         allow("cr:PullRepository", "acs:cr:*:*:repository/cainiao/*"), "cr:PullRepository",
         repository + "cainiao/a1", Verdict::ImplicitDeny},
        {"another action", allow("cr:PullRepository", "*"), "cr:PushRepository",
         repository + "cainiao/a1", Verdict::ImplicitDeny},
        {"actions by wildcard", allow("cr:Pull*", "*"), "cr:PullRepository",
         repository + "cainiao/a1", Verdict::Allowed},
        {"only a star is the star resource", allow("cr:GetAuthorizationToken", "acs:cr:*"),
         "cr:GetAuthorizationToken", "*", Verdict::ImplicitDeny},
        {"the star resource", allow("cr:GetAuthorizationToken", "*"), "cr:GetAuthorizationToken",
         "*", Verdict::Allowed},
        {"deny beats allow", allow("cr:*", "*") + deny, "cr:PullRepository",
         repository + "secret/a", Verdict::ExplicitDeny},
        {"deny elsewhere does not matter", allow("cr:*", "*") + deny, "cr:PullRepository",
         repository + "open/a", Verdict::Allowed},
    };
    for (Case const& one : cases) {
        SCOPED_TRACE(one.name);
        EXPECT_EQ(parsed(document(one.statements)).evaluate(one.action, one.resource), one.verdict);
    }
}

TEST(Policy, refuses_what_it_cannot_read) {
    std::string const good = allow("cr:*", "*");
    std::string const too_deep(200, '[');
    for (std::string const& json : std::vector<std::string>{
             "",
             "null",
             "[]",
             "{",
             too_deep,
             R"({"Version":"1"})",
             R"({"Statement":[)" + good + "]}",
             R"({"Version":"2","Statement":[)" + good + "]}",
             R"({"Version":1,"Statement":[)" + good + "]}",
             document(""),
             document("1"),
             R"({"Version":"1","Statement":)" + good + "}",
             document(R"({"Effect":"allow","Action":"a","Resource":"*"})"),
             document(R"({"Action":"a","Resource":"*"})"),
             document(R"({"Effect":"Allow","Resource":"*"})"),
             document(R"({"Effect":"Allow","Action":"a"})"),
             document(R"({"Effect":"Allow","Action":[],"Resource":"*"})"),
             document(R"({"Effect":"Allow","Action":[1],"Resource":"*"})"),
             document(R"({"Effect":"Allow","Action":"a","Resource":"*","Condition":{}})"),
             document(R"({"Effect":"Allow","NotAction":"a","Resource":"*"})"),
             R"({"Version":"1","Statement":[)" + good + R"(],"Extra":1})"}) {
        std::string problem;
        EXPECT_FALSE(Policy::parse(json, problem)) << json;
        EXPECT_FALSE(problem.empty()) << json;
    }
}

TEST(TrustPolicy, decides_by_principal_and_external_id) {
    std::string problem;
    auto const trust = TrustPolicy::parse(
        document(R"({"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"RAM":)"
                 R"(["acs:ram::1:role/node","acs:ram::2:root"]},)"
                 R"("Condition":{"StringEquals":{"sts:ExternalId":["demo","second"]}}})"),
        problem);
    ASSERT_TRUE(trust) << problem;
    EXPECT_TRUE(trust->trusts("acs:ram::1:role/node", "demo"));
    EXPECT_TRUE(trust->trusts("acs:ram::1:role/node", "second"));
    EXPECT_TRUE(trust->trusts("acs:ram::2:user/anyone", "demo"));
    EXPECT_FALSE(trust->trusts("acs:ram::1:role/node", ""));
    EXPECT_FALSE(trust->trusts("acs:ram::1:role/node", "Demo"));
    EXPECT_FALSE(trust->trusts("acs:ram::1:role/other", "demo"));
    EXPECT_FALSE(trust->trusts("acs:ram::1:user/node", "demo"));
    EXPECT_FALSE(trust->trusts("acs:ram::3:role/node", "demo"));
}

TEST(TrustPolicy, without_condition_takes_any_external_id) {
    std::string problem;
    auto const trust =
        TrustPolicy::parse(document(R"({"Effect":"Allow","Action":"sts:AssumeRole",)"
                                    R"("Principal":{"RAM":"acs:ram::1:role/node"}})"),
                           problem);
    ASSERT_TRUE(trust) << problem;
    EXPECT_TRUE(trust->trusts("acs:ram::1:role/node", ""));
    EXPECT_TRUE(trust->trusts("acs:ram::1:role/node", "whatever"));
}

TEST(TrustPolicy, of_a_service_trusts_no_caller) {
    std::string problem;
    auto const trust =
        TrustPolicy::parse(document(R"({"Effect":"Allow","Action":"sts:AssumeRole",)"
                                    R"("Principal":{"Service":"ecs.aliyuncs.com"}})"),
                           problem);
    ASSERT_TRUE(trust) << problem;
    EXPECT_FALSE(trust->trusts("acs:ram::1:role/node", ""));
}

}  // namespace
}  // namespace sim
