#include <nlohmann/json.hpp>

#include "e2e/suite/support/carried_login.hpp"
#include "e2e/suite/support/clouds.hpp"
#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/tenancy_test.hpp"

namespace e2e {
namespace {

/// ACR's Personal Edition: an API of its own, resources without an instance, and one registry that
/// every account of a region shares by name.
class PersonalEdition : public TenancyTest {};

TEST_F(PersonalEdition, pulls_narrowed_to_the_tenancy) {
    std::string const host = "registry.cn-shanghai.aliyuncs.com";
    CloudRequests const requests;
    ASSERT_TRUE(done(apply({{"apiVersion", "registrytenancy.dev/v1alpha1"},
                            {"kind", "Registry"},
                            {"metadata", {{"name", "acr-personal"}}},
                            {"spec",
                             {{"hosts", {host, "registry-vpc.cn-shanghai.aliyuncs.com"}},
                              {"type", "AlibabaACR"},
                              {"alibabaACR",
                               {{"edition", "Personal"},
                                {"region", "cn-shanghai"},
                                {"identity", {{"type", "InstanceRole"}}}}}}}})));
    std::string const ns = make_namespace("ns");
    Tenancy tenancy;
    tenancy.name = name("tenancy");
    tenancy.namespaces = {ns};
    tenancy.registry = "acr-personal";
    tenancy.role = "acr-personal";
    tenancy.enforcement = "Audit";  // the registry itself shall say no
    make_ready_tenancy(tenancy);
    EXPECT_EQ(
        why_not_keys(ns, "registry-vpc.cn-shanghai.aliyuncs.com/cainiao/ " + host + "/cainiao/"),
        "");
    ASSERT_TRUE(done(apply(pod_manifest(ns, "allowed", host + "/cainiao/a1:v0.1"))));
    EXPECT_TRUE(eventually(soon, [&] { return why_not_running(ns, "allowed"); }));

    auto const minted = requests.matching([&](Json const& entry) {
        return text_at(entry, "/action") == "GetAuthorizationToken" &&
               text_at(entry, "/session") == "demo." + ns;
    });
    ASSERT_FALSE(minted.empty());
    EXPECT_EQ(text_at(minted[0], "/instance"), "26842");
    EXPECT_NE(text_at(minted[0], "/policy")
                  .find("acs:cr:cn-shanghai:1146716667364888:repository/cainiao/*"),
              std::string::npos)
        << minted[0];

    // The credential under a key for the whole host, in a namespace where nothing else says no: its
    // session is what the registry refuses.
    auto const secret = pull_secret(ns);
    ASSERT_TRUE(secret);
    std::string const elsewhere = make_namespace("elsewhere");
    ASSERT_TRUE(carry(secret->login(), host, elsewhere));
    for (std::string const repository : {"cainiao", "alipay"}) {
        ASSERT_TRUE(start_carried(elsewhere, repository, host + "/" + repository + "/a1:v0.1"));
    }
    EXPECT_TRUE(eventually(soon, [&] { return why_not_running(elsewhere, "cainiao"); }));
    EXPECT_TRUE(refused_by_registry(elsewhere, "alipay", {"authoriz"}));
}

}  // namespace
}  // namespace e2e
