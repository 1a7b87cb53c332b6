#include <nlohmann/json.hpp>
#include <set>

#include "e2e/suite/support/clouds.hpp"
#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/tenancy_test.hpp"

namespace e2e {
namespace {

class TenancyBecomesReady : public TenancyTest {};

/// Checks one namespace's Secret and grant; returns the login, to be compared with the others'.
std::string check_namespace(std::string const& ns) {
    SCOPED_TRACE(ns);
    auto const secret = pull_secret(ns);
    if (!secret) {
        ADD_FAILURE() << "there is no pull Secret";
        return {};
    }
    EXPECT_EQ(secret->type, "kubernetes.io/dockerconfigjson");
    EXPECT_EQ(secret->managed_by, "registry-tenancy-operator");
    EXPECT_EQ(secret->keys(), keys_of("cainiao/"));
    EXPECT_EQ(secret->login().substr(0, 13), "cr_temp_user:");
    EXPECT_EQ(secret->issued_at.count("shared-acr"), 1U);
    EXPECT_LE(secret->issued_at.at("shared-acr"), now_text());
    EXPECT_GT(secret->expires_at.at("shared-acr"), now_text());
    auto const grant = get("registrygrant", "effective", ns);
    if (!grant) {
        ADD_FAILURE() << "there is no RegistryGrant";
        return {};
    }
    EXPECT_EQ(text_at(*grant, "/summary"), "shared-acr: cainiao/*");
    EXPECT_EQ(problems_of(ns), "");
    EXPECT_EQ(grant->dump().find("acs:ram"), std::string::npos) << "tenants must not see roles";
    return secret->login();
}

TEST_F(TenancyBecomesReady, with_a_credential_of_its_own_for_each_namespace) {
    CloudRequests const requests;
    Tenancy tenancy;
    tenancy.name = name("tenancy");
    tenancy.namespaces = {make_namespace("by-name")};
    tenancy.team = name("team");
    tenancy.role = "acr-suite-01";
    std::string const by_label = make_namespace("by-label", tenancy.team);
    make_ready_tenancy(tenancy);

    auto const object = get("registrytenancy", tenancy.name);
    ASSERT_TRUE(object);
    EXPECT_EQ(text_at(*object, "/status/namespaces/summary"), "2/2");
    std::string const first = check_namespace(tenancy.namespaces.front());
    std::string const second = check_namespace(by_label);
    EXPECT_NE(first, second) << "nodes take equal credentials for equal rights";

    std::set<std::string> sessions;
    for (Json const& call : requests.of_role("AssumeRole", tenancy.role)) {
        EXPECT_EQ(text_at(call, "/code"), "OK");
        EXPECT_EQ(text_at(call, "/externalId"), "demo");
        std::string const policy = text_at(call, "/policy");
        EXPECT_NE(policy.find("cr:GetAuthorizationToken"), std::string::npos) << policy;
        EXPECT_NE(policy.find("cri-shanghai-shared01/cainiao/*"), std::string::npos) << policy;
        EXPECT_EQ(policy.find("alipay"), std::string::npos) << policy;
        sessions.insert(text_at(call, "/session"));
    }
    EXPECT_EQ(sessions.size(), 2U) << "one session name for each namespace";
    EXPECT_EQ(requests.of_role("GetAuthorizationToken", tenancy.role).size(), 2U);
}

TEST_F(TenancyBecomesReady, and_says_what_its_role_lacks) {
    Tenancy tenancy;
    tenancy.name = name("tenancy");
    std::string const ns = make_namespace("ns");
    tenancy.namespaces = {ns};
    tenancy.role = "acr-other-external-id";
    make_tenancy(tenancy);
    ASSERT_TRUE(eventually(soon, [&] { return why_not_failing(tenancy.name); }));
    ASSERT_TRUE(eventually(soon, [&] {
        return problems_of(ns).empty() ? std::string("no problem is reported") : std::string();
    }));
    EXPECT_EQ(problems_of(ns).find("acs:ram"), std::string::npos) << problems_of(ns);
    EXPECT_FALSE(pull_secret(ns) && !pull_secret(ns)->logins.empty());
}

TEST_F(TenancyBecomesReady, and_serves_single_repositories) {
    Tenancy tenancy;
    tenancy.name = name("tenancy");
    std::string const ns = make_namespace("ns");
    tenancy.namespaces = {ns};
    tenancy.allow = {{"repository", "base/jdk"}};
    make_ready_tenancy(tenancy);
    EXPECT_EQ(why_not_keys(ns, keys_of("base/jdk")), "");
    ASSERT_TRUE(done(apply(pod_manifest(ns, "jdk", std::string(base_image)))));
    EXPECT_TRUE(eventually(soon, [&] { return why_not_running(ns, "jdk"); }));
}

}  // namespace
}  // namespace e2e
