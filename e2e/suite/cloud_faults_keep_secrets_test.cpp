#include <nlohmann/json.hpp>

#include "e2e/suite/support/clouds.hpp"
#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/tenancy_test.hpp"

namespace e2e {
namespace {

struct Trouble {
    std::string name;
    std::string simulator;
    Json rule;
    std::string code;  ///< what an admin should read about it; empty: none is given
};

Json error_rule(std::string const& code, int http, std::string const& message) {
    return {{"mode", "error"}, {"code", code}, {"http", http}, {"message", message}};
}

std::vector<Trouble> troubles() {
    return {
        {"sts_forbids", "sts", error_rule("NoPermission", 403, "You are not authorized."),
         "NoPermission"},
        {"sts_throttles", "sts", {{"mode", "throttle"}}, "Throttling.User"},
        {"sts_is_broken", "sts", error_rule("ServiceUnavailable", 503, "Try later."),
         "ServiceUnavailable"},
        {"sts_never_answers", "sts", {{"mode", "timeout"}}, ""},
        {"sts_answers_garbage", "sts", {{"mode", "garbage"}}, ""},
        {"sts_answers_nothing", "sts", {{"mode", "empty"}}, ""},
        {"sts_hands_out_what_has_expired", "sts", {{"mode", "expired"}}, ""},
        {"acr_forbids", "acr", error_rule("Forbidden.RAM", 403, "User not authorized."),
         "Forbidden.RAM"},
        {"acr_throttles", "acr", {{"mode", "throttle"}}, "Throttling.User"},
        {"acr_fails_with_200", "acr", error_rule("INSTANCE_STOPPED", 200, "stopped"),
         "INSTANCE_STOPPED"},
        {"acr_answers_garbage", "acr", {{"mode", "garbage"}}, ""},
        {"acr_hands_out_what_has_expired", "acr", {{"mode", "expired"}}, ""},
    };
}

/// Each trouble has a role of its own, so that it meets nobody else.
class CloudFaults : public TenancyTest, public testing::WithParamInterface<std::size_t> {
  protected:
    void allow(std::vector<std::pair<std::string, std::string>> const& entries) {
        Tenancy tenancy;
        tenancy.name = name("tenancy");
        tenancy.namespaces = {name("ns")};
        tenancy.role = role;
        tenancy.allow = entries;
        ASSERT_TRUE(done(apply(tenancy.manifest())));
    }

    Trouble const trouble = troubles()[GetParam()];
    std::string const role =
        "acr-suite-" + std::string(GetParam() < 7 ? "0" : "") + std::to_string(GetParam() + 3);
};

TEST_P(CloudFaults, keep_the_secret_that_works) {
    std::string const ns = make_governed_namespace(role);
    auto const before = pull_secret(ns);
    ASSERT_TRUE(before);
    {
        Json rule = trouble.rule;
        rule["role"] = role;
        Fault const fault(trouble.simulator, rule);
        allow({{"namespace", "cainiao"}, {"repository", "base/jdk"}});  // needs a new credential
        ASSERT_TRUE(eventually(std::chrono::seconds(75), [&] {
            return problems_of(ns).empty() ? std::string("the grant shows no problem")
                                           : std::string();
        }));
        EXPECT_EQ(problems_of(ns).find("acs:ram"), std::string::npos) << problems_of(ns);
        EXPECT_TRUE(eventually(soon, [&] { return why_not_failing(name("tenancy")); }));
        if (!trouble.code.empty()) {
            EXPECT_TRUE(
                eventually(soon, [&] { return why_not_told(name("tenancy"), trouble.code); }));
        }
        auto const during = pull_secret(ns);
        ASSERT_TRUE(during) << "the Secret was lost";
        EXPECT_EQ(during->uid, before->uid);
        for (auto const& [key, login] : before->logins) {
            EXPECT_TRUE(during->logins.count(key) == 1 && during->logins.at(key) == login)
                << "the working credential under " << key << " was lost";
        }
        ASSERT_TRUE(done(apply(pod_manifest(ns, "during", std::string(allowed_image)))));
        EXPECT_TRUE(eventually(soon, [&] { return why_not_running(ns, "during"); }));
    }
    // Asked for something else, so that the end of a long back-off need not be awaited.
    allow({{"namespace", "cainiao"}, {"repository", "base/jre"}});
    EXPECT_TRUE(
        eventually(std::chrono::seconds(75), [&] { return why_not_ready(name("tenancy")); }));
    EXPECT_TRUE(eventually(soon, [&] { return problems_of(ns); }));
    auto const after = pull_secret(ns);
    ASSERT_TRUE(after);
    EXPECT_EQ(after->uid, before->uid);
    EXPECT_EQ(after->logins.size(), 4U) << after->keys();
    EXPECT_NE(after->login(), before->login());
}

INSTANTIATE_TEST_SUITE_P(Each, CloudFaults, testing::Range(std::size_t{0}, troubles().size()),
                         [](auto const& each) { return troubles()[each.param].name; });

}  // namespace
}  // namespace e2e
