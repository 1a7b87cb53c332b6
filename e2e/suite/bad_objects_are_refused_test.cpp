#include <nlohmann/json.hpp>

#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/tenancy_test.hpp"

namespace e2e {
namespace {

/// What the schema alone cannot see (crd_rules/ shows what it can): other objects and the grammar
/// of roles.
class BadObjects : public TenancyTest {
  protected:
    Tenancy good() const {
        Tenancy tenancy;
        tenancy.name = name("tenancy");
        tenancy.namespaces = {name("ns")};
        return tenancy;
    }

    static Json registry(std::string const& registry_name, std::string const& host) {
        return {{"apiVersion", "registrytenancy.dev/v1alpha1"},
                {"kind", "Registry"},
                {"metadata", {{"name", registry_name}}},
                {"spec",
                 {{"hosts", Json::array({host})},
                  {"type", "Anonymous"},
                  {"anonymous", Json::object()}}}};
    }
};

TEST_F(BadObjects, that_are_tenancies_are_refused_with_field_and_value) {
    struct Case {
        std::string name;
        std::string role;
        std::vector<std::string> texts;
    };
    std::vector<Case> const cases = {
        {"no role at all", "acr-cainiao", {"/spec/registries/0/role", "acr-cainiao"}},
        {"another cloud's", "arn:aws:iam::123456789012:role/puller", {"/spec/registries/0/role"}},
        {"outside allowedRoles",
         "acs:ram::1500000000000001:role/acr-cainiao",
         {"/spec/registries/0/role", "allowedRoles"}},
        {"a user", "acs:ram::1146716667364888:user/acr-cainiao", {"/spec/registries/0/role"}},
    };
    for (Case const& one : cases) {
        SCOPED_TRACE(one.name);
        Json manifest = good().manifest();
        manifest["spec"]["registries"][0]["role"] = one.role;
        EXPECT_TRUE(refused(try_apply(manifest), one.texts));
    }
    EXPECT_TRUE(done(try_apply(good().manifest()))) << "the control";
}

TEST_F(BadObjects, a_list_that_no_session_policy_can_hold_is_refused) {
    Tenancy tenancy = good();
    tenancy.allow.clear();
    for (int i = 0; i < 60; ++i) {
        tenancy.allow.emplace_back("namespace",
                                   "a-rather-long-registry-namespace-name-" + std::to_string(i));
    }
    EXPECT_TRUE(refused(try_apply(tenancy.manifest()), {"/spec/registries/0/allow"}));
}

TEST_F(BadObjects, a_host_belongs_to_one_registry) {
    EXPECT_TRUE(refused(try_apply(registry(name("registry"), std::string(vpc_host))),
                        {"/spec/hosts/0", std::string(vpc_host), "shared-acr"}));
    EXPECT_TRUE(done(try_apply(registry(name("registry"), name("host") + ".example.com"))));
}

TEST_F(BadObjects, a_registry_that_is_not_there_yet_earns_a_warning) {
    Json manifest = good().manifest();
    manifest["spec"]["registries"][0]["name"] = name("not-there");
    auto const result = try_apply(manifest);
    EXPECT_TRUE(done(result));
    EXPECT_NE(result.err.find("Warning:"), std::string::npos) << result.text();
    EXPECT_NE(result.err.find(name("not-there")), std::string::npos) << result.text();
}

TEST_F(BadObjects, two_credentials_for_one_key_are_refused) {
    std::string const ns = make_governed_namespace();
    Tenancy second = good();
    second.name = name("second");
    second.namespaces = {ns};
    second.role = "acr-alipay";
    EXPECT_TRUE(refused(try_apply(second.manifest()), {"/spec/registries/0/role", "shared-acr"}));
    second.role = "acr-cainiao";
    EXPECT_TRUE(done(try_apply(second.manifest()))) << "the same credential is no conflict";
}

TEST_F(BadObjects, leave_what_was_there_untouched) {
    std::string const ns = make_governed_namespace();
    auto const before = pull_secret(ns);
    ASSERT_TRUE(before);
    Tenancy changed;
    changed.name = name("tenancy");
    changed.namespaces = {ns};
    Json manifest = changed.manifest();
    manifest["spec"]["registries"][0]["role"] = "acs:ram::1500000000000001:role/stranger";
    EXPECT_FALSE(apply(manifest).ok());
    EXPECT_EQ(why_not_ready(changed.name), "");
    auto const after = pull_secret(ns);
    ASSERT_TRUE(after);
    EXPECT_EQ(after->resource_version, before->resource_version);
}

}  // namespace
}  // namespace e2e
