#include "lib/tenancy/grant.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "unit/tenancy/objects.hpp"

namespace rt::tenancy {
namespace {

using testing::acr_spec;
using testing::anonymous_spec;
using testing::one_registry;
using testing::registry;
using testing::tenancy;

NamespacePolicy policy() {
    RegistryCatalog const catalog(
        {registry("shared-acr", acr_spec()), registry("docker-hub", anonymous_spec("docker.io"))});
    Json spec = one_registry("shared-acr", {{{"namespace", "cainiao"}},
                                            {{"repository", "base/jdk"}, {"deprecated", "soon"}}});
    spec["registries"].push_back(
        {{"name", "nowhere"}, {"allow", Json::array({{{"namespace", "*"}}})}});
    spec["contact"] = "#registry-help";
    spec["docsURL"] = "https://wiki.example.com";
    spec["imagePullSecrets"] = {{"policy", "Listed"}, {"allowed", {"mine"}}};
    return NamespacePolicy::compile(
        {tenancy("cainiao", spec)},
        {tenancy("base", one_registry("docker-hub", {{{"repository", "library/nginx"}}}, ""))},
        catalog);
}

TEST(EffectiveGrant, SaysWhatIsAllowedAndWhatIsWrong) {
    std::vector<GrantProblem> const problems{
        {"nowhere", "cainiao", "RegistryNotFound", "there is none",
         parse_rfc3339("2026-11-22T08:00:00Z").value()},
        {"", "", "NameConflict", "line one\nline two", std::nullopt}};
    Json const grant = effective_grant(policy(), problems, "cainiao-prod");
    EXPECT_EQ(grant, parse_json(R"({
        "apiVersion": "registrytenancy.dev/v1alpha1",
        "kind": "RegistryGrant",
        "metadata": {"name": "effective", "namespace": "cainiao-prod",
                     "labels": {"app.kubernetes.io/managed-by": "registry-tenancy-operator"}},
        "summary": "docker-hub: library/nginx; shared-acr: cainiao/*, base/jdk",
        "spec": {
            "enforcement": "Deny",
            "tenancies": ["base", "cainiao"],
            "contact": "#registry-help",
            "docsURL": "https://wiki.example.com",
            "imagePullSecrets": {"policy": "Listed", "allowed": ["mine"]},
            "registries": [
                {"name": "docker-hub", "hosts": ["docker.io"],
                 "allow": [{"repository": "library/nginx", "tenancies": ["base"]}]},
                {"name": "nowhere", "hosts": [],
                 "allow": [{"namespace": "*", "tenancies": ["cainiao"]}]},
                {"name": "shared-acr",
                 "hosts": ["shareacr-registry-vpc.cn-shanghai.cr.aliyuncs.com",
                           "shareacr-registry.cn-shanghai.cr.aliyuncs.com"],
                 "allow": [{"namespace": "cainiao", "tenancies": ["cainiao"]},
                           {"repository": "base/jdk", "deprecated": "soon",
                            "tenancies": ["cainiao"]}]}
            ]
        },
        "problems": [
            {"registry": "nowhere", "tenancy": "cainiao", "reason": "RegistryNotFound",
             "message": "there is none", "since": "2026-11-22T08:00:00Z"},
            {"reason": "NameConflict", "message": "line one\\x0Aline two"}
        ]})")
                         .value());
}

TEST(EffectiveGrant, SilenceMeansHealthyAndEqualInputGivesEqualBytes) {
    Json const grant = effective_grant(policy(), {}, "n");
    EXPECT_FALSE(grant.contains("problems"));
    EXPECT_EQ(dump_json(grant), dump_json(effective_grant(policy(), {}, "n")));
    // Developers read it: no role stands in it.
    EXPECT_EQ(dump_json(grant).find("acs:ram"), std::string::npos);
}

TEST(EffectiveGrant, StaysWithinTheBoundsOfItsSchema) {
    std::vector<GrantProblem> const problems(
        300, GrantProblem{"r", "t", "Reason", std::string(5000, 'x'), std::nullopt});
    Json const grant = effective_grant(policy(), problems, "n");
    EXPECT_EQ(grant["problems"].size(), 256U);
    EXPECT_EQ(grant["problems"][0]["message"].get<std::string>().size(), 1024U);
    EXPECT_LE(summary_of(policy(), 20).size(), 20U);
}

}  // namespace
}  // namespace rt::tenancy
