#include <nlohmann/json.hpp>

#include "e2e/suite/support/clouds.hpp"
#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/tenancy_test.hpp"

namespace e2e {
namespace {

class AccessKeyIdentity : public TenancyTest {
  protected:
    void store(std::string const& id, std::string const& secret) {
        make_product_secret(name("key"), "Opaque",
                            {{"accessKeyID", id}, {"accessKeySecret", secret}});
    }
};

TEST_F(AccessKeyIdentity, of_a_secret_mints_what_nodes_pull_with_and_says_when_it_is_disabled) {
    store("LTAI5tSimulatedKey0002", "simulated-secret-of-a-disabled-user");
    make_registry(
        {{"type", "AlibabaACR"},
         {"alibabaACR",
          {{"instanceID", "cri-shanghai-shared01"},
           {"region", "cn-shanghai"},
           {"identity", {{"type", "AccessKey"}, {"accessKey", {{"secretName", name("key")}}}}}}}});
    std::string const ns = make_namespace("ns");
    Tenancy tenancy;
    tenancy.name = name("tenancy");
    tenancy.namespaces = {ns};
    tenancy.registry = name("registry");
    tenancy.role = "acr-suite-25";
    make_tenancy(tenancy);
    EXPECT_TRUE(eventually(soon, [&] { return why_not_failing(tenancy.name); }));
    EXPECT_TRUE(eventually(soon, [&] {
        std::string const problems = problems_of(ns);
        return problems.find("AccessKey") != std::string::npos ? "" : "problems: " + problems;
    }));

    CloudRequests const requests;
    store("LTAI5tSimulatedKey0001", "simulated-secret-of-registry-tenancy");
    ASSERT_TRUE(eventually(soon, [&] { return why_not_ready(tenancy.name); }))
        << "another key is taken up without waiting for the back-off";
    auto const assumed = requests.of_role("AssumeRole", "acr-suite-25");
    ASSERT_FALSE(assumed.empty());
    EXPECT_EQ(text_at(assumed.back(), "/caller"),
              "acs:ram::1284387915995949:user/registry-tenancy");
    EXPECT_EQ(text_at(assumed.back(), "/externalId"), "demo");
    EXPECT_EQ(why_not_keys(ns, own_host() + "/cainiao/"), "");
    ASSERT_TRUE(done(apply(pod_manifest(ns, "a1", own_host() + "/cainiao/a1:v0.1"))));
    EXPECT_TRUE(eventually(soon, [&] { return why_not_running(ns, "a1"); }));
}

}  // namespace
}  // namespace e2e
