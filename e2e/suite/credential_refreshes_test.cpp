#include <nlohmann/json.hpp>

#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/tenancy_test.hpp"

namespace e2e {
namespace {

class CredentialRefreshes : public TenancyTest {};

/// Name, start and restarts of the Pods of a Deployment: the same text means nothing happened.
std::string pods_of(std::string const& ns) {
    std::string out;
    for (Json const& pod : list("pods", ns, "app=a1")) {
        out += text_at(pod, "/metadata/uid") + " " +
               text_at(pod, "/status/containerStatuses/0/restartCount") + "\n";
    }
    return out;
}

// The role hands out sessions of 60 s.
TEST_F(CredentialRefreshes, before_it_expires_and_nobody_notices) {
    std::string const ns = make_governed_namespace("acr-short");
    ASSERT_TRUE(done(apply(deployment_manifest(ns, "a1", std::string(allowed_image)))));
    ASSERT_TRUE(done(kubectl({"-n", ns, "rollout", "status", "deployment/a1", "--timeout=60s"}, "",
                             std::chrono::seconds(90))));
    std::string const pods = pods_of(ns);
    auto const first = pull_secret(ns);
    ASSERT_TRUE(first);
    std::string const first_end = first->expires_at.at("shared-acr");

    ASSERT_TRUE(eventually(std::chrono::seconds(100), [&]() -> std::string {
        auto const now = pull_secret(ns);
        if (!now || now->uid != first->uid) {
            ADD_FAILURE() << "the Secret was deleted or replaced instead of updated";
            return {};
        }
        EXPECT_EQ(now->keys(), first->keys());
        EXPECT_GT(now->expires_at.at("shared-acr"), now_text()) << "an expired credential stands";
        return now_text() > first_end ? "" : "the first credential has not ended yet";
    }));
    auto const later = pull_secret(ns);
    ASSERT_TRUE(later);
    EXPECT_GT(later->issued_at.at("shared-acr"), first->issued_at.at("shared-acr"));
    EXPECT_NE(later->login(), first->login());
    // The first credential is dead by now: this Pod can only pull with a later one.
    ASSERT_TRUE(done(apply(pod_manifest(ns, "late", std::string(allowed_image)))));
    EXPECT_TRUE(eventually(soon, [&] { return why_not_running(ns, "late"); }));
    EXPECT_EQ(pods_of(ns), pods) << "the running Pods should not have noticed";
    EXPECT_EQ(why_not_ready(name("tenancy")), "");
}

}  // namespace
}  // namespace e2e
