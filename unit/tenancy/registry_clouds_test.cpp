// The blocks of the clouds beside Alibaba Cloud's and Amazon's first forms, and what follows from
// them for roles. e2e/suite/crd_rules holds every refusal; unit/config/parity_test reads it.

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "lib/tenancy/validation.hpp"
#include "unit/tenancy/objects.hpp"

namespace rt::tenancy {
namespace {

using testing::acr_spec;
using testing::azure_spec;
using testing::azure_tokens_spec;
using testing::ecr_spec;
using testing::errors_of;
using testing::gar_spec;
using testing::harbor_spec;
using testing::object;
using testing::one_registry;

constexpr char audience[] =
    "//iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/clusters/"
    "providers/demo-1";
constexpr char provider[] = "acs:ram::1146716667364888:oidc-provider/ack-rrsa-c0123";
constexpr char base_role[] = "acs:ram::1146716667364888:role/registry-tenancy";
constexpr char client[] = "66666666-7777-8888-9999-aaaaaaaaaaaa";
constexpr char email[] = "pull-cainiao@prj.iam.gserviceaccount.com";

Json with_identity(Json spec, std::string const& block, Json identity) {
    spec[block]["identity"] = std::move(identity);
    return spec;
}

Registry read(Json spec) {
    auto registry = Registry::parse(object("Registry", "r", std::move(spec)));
    if (!registry) {
        throw std::runtime_error(errors_of(registry.error()));
    }
    return *std::move(registry);
}

Json oidc(Json block) {
    return {{"type", "OIDC"}, {"oidc", std::move(block)}};
}
Json service_account(Json block) {
    return {{"type", "ServiceAccount"}, {"serviceAccount", std::move(block)}};
}
Json access_key() {
    return {{"type", "AccessKey"}, {"accessKey", {{"secretName", "key"}}}};
}
Json typed(std::string const& type) {
    return {{"type", type}};
}

std::vector<Json> every_form() {
    Json named = gar_spec();
    named["allowedRoles"] = {"pull-*@prj.iam.gserviceaccount.com"};
    Json china = azure_spec();
    china["hosts"] = {"demo.azurecr.cn", "images.example.com"};
    china["realm"] = "https://demo.azurecr.cn/oauth2/token";
    china["azureACR"]["cloud"] = "China";
    Json personal = acr_spec();
    personal["hosts"] = {"registry.cn-shanghai.aliyuncs.com"};
    personal["alibabaACR"]["edition"] = "Personal";
    personal["alibabaACR"].erase("instanceID");
    return {
        with_identity(acr_spec(), "alibabaACR",
                      oidc({{"role", base_role}, {"provider", provider}})),
        with_identity(acr_spec(), "alibabaACR", service_account({{"provider", provider}})),
        personal,
        with_identity(ecr_spec(), "amazonECR", typed("ServiceAccount")),
        with_identity(ecr_spec(), "amazonECR", oidc({{"podIdentity", true}})),
        gar_spec(),
        with_identity(named, "googleArtifactRegistry",
                      {{"type", "InstanceRole"}, {"instanceRole", {{"serviceAccount", email}}}}),
        with_identity(gar_spec(), "googleArtifactRegistry", oidc({{"audience", audience}})),
        with_identity(gar_spec(), "googleArtifactRegistry",
                      service_account({{"audience", audience}})),
        azure_spec(),
        with_identity(china, "azureACR",
                      {{"type", "InstanceRole"}, {"instanceRole", {{"clientID", client}}}}),
        with_identity(azure_spec(), "azureACR", oidc({{"clientID", client}})),
        with_identity(azure_spec(), "azureACR", typed("ServiceAccount")),
        with_identity(azure_spec(), "azureACR", access_key()),
        azure_tokens_spec(),
        harbor_spec(),
    };
}

TEST(RegistryClouds, EveryFormRoundTrips) {
    for (Json const& spec : every_form()) {
        Registry const first = read(spec);
        Json const written = first.spec_json();
        for (auto const& [key, value] : spec.items()) {
            ASSERT_TRUE(written.contains(key)) << key;
            if (value.is_object()) {
                for (auto const& [inner, member] : value.items()) {
                    EXPECT_EQ(written[key][inner], member) << key << '.' << inner;
                }
            }
        }
        Registry const second = read(written);
        EXPECT_EQ(second.spec_json(), written);
        EXPECT_EQ(second.alibaba_acr, first.alibaba_acr);
        EXPECT_EQ(second.amazon_ecr, first.amazon_ecr);
        EXPECT_EQ(second.google_artifact_registry, first.google_artifact_registry);
        EXPECT_EQ(second.azure_acr, first.azure_acr);
        EXPECT_EQ(second.harbor, first.harbor);
        ASSERT_NE(first.identity(), nullptr);
        EXPECT_TRUE(first.has_credentials());
    }
}

TEST(RegistryClouds, ReadsWhatTheBlocksSay) {
    Registry const gar =
        read(with_identity(gar_spec(), "googleArtifactRegistry", oidc({{"audience", audience}})));
    EXPECT_EQ(gar.google_artifact_registry->location, "europe-west3");
    EXPECT_EQ(gar.identity()->type, Identity::Type::OIDC);
    EXPECT_EQ(gar.identity()->audience, audience);
    Registry const azure =
        read(with_identity(azure_spec(), "azureACR", oidc({{"clientID", client}})));
    EXPECT_EQ(azure.azure_acr->tenant_id, "11111111-2222-3333-4444-555555555555");
    EXPECT_EQ(azure.azure_acr->cloud, AzureAcrSpec::Cloud::Public);
    EXPECT_EQ(azure.identity()->client_id, client);
    Registry const tokens = read(azure_tokens_spec());
    ASSERT_TRUE(tokens.azure_acr->scope_map_tokens);
    EXPECT_EQ(tokens.azure_acr->scope_map_tokens->subscription_id,
              "66666666-7777-8888-9999-aaaaaaaaaaaa");
    EXPECT_EQ(tokens.azure_acr->scope_map_tokens->resource_group, "my-rg");
    EXPECT_EQ(tokens.azure_acr->scope_map_tokens->registry, "demoregistry");
    Registry const harbor = read(harbor_spec());
    EXPECT_EQ(harbor.harbor->url, "https://harbor.example.com");
    EXPECT_EQ(harbor.identity()->secret_name, "harbor");
    Registry const acr = read(with_identity(acr_spec(), "alibabaACR",
                                            oidc({{"role", base_role}, {"provider", provider}})));
    EXPECT_EQ(acr.identity()->oidc_role, base_role);
    EXPECT_EQ(acr.identity()->provider, provider);
    EXPECT_EQ(acr.alibaba_acr->edition, AlibabaAcrSpec::Edition::Enterprise);
}

TEST(RegistryClouds, WhatCantBeNarrowedMustSaySo) {
    for (Json spec : {gar_spec(), azure_spec()}) {
        spec.erase("allowUnnarrowed");
        auto const registry = Registry::parse(object("Registry", "r", spec));
        ASSERT_FALSE(registry);
        ASSERT_EQ(registry.error().size(), 1U) << errors_of(registry.error());
        EXPECT_EQ(registry.error()[0].pointer, "/spec/allowUnnarrowed");
        EXPECT_NE(registry.error()[0].message.find("own rights narrow"), std::string::npos);
    }
}

TEST(RegistryClouds, AnAzureHostIsOfTheCloudOrHasARealm) {
    struct Case {
        std::string host;
        std::string cloud;
        bool realm;
        bool fine;
    };
    for (auto const& [host, cloud, realm, fine] :
         std::vector<Case>{{"demo.azurecr.io", "Public", false, true},
                           {"demo-a1b2.azurecr.us", "USGovernment", false, true},
                           {"demo.azurecr.io", "China", false, false},
                           {"demo.azurecr.io", "China", true, false},
                           {"demo.azurecr.io.evil.example", "Public", false, false},
                           {"images.example.com", "Public", false, false},
                           {"images.example.com", "Public", true, true}}) {
        Json spec = azure_spec();
        spec["hosts"] = {host};
        spec["azureACR"]["cloud"] = cloud;
        if (realm) {
            spec["realm"] = "https://demo.azurecr.io/oauth2/token";
        }
        EXPECT_EQ(Registry::parse(object("Registry", "r", spec)).has_value(), fine)
            << host << ' ' << cloud;
    }
}

// What a tenancy's role and external ID must be, by type and identity.
struct RoleCase {
    std::string what;
    Json registry;
    std::string role;
    std::string external_id;
    std::string reason;  ///< empty: fine
    std::string field;
};

std::vector<RoleCase> role_cases() {
    std::string const block = "googleArtifactRegistry";
    Json const gar = gar_spec();
    Json const gar_tokens = with_identity(gar, block, service_account({{"audience", audience}}));
    Json const azure = azure_spec();
    Json const azure_tokens = with_identity(azure, "azureACR", typed("ServiceAccount"));
    Json const azure_key = with_identity(azure, "azureACR", access_key());
    Json const acr_tokens =
        with_identity(acr_spec(), "alibabaACR", service_account({{"provider", provider}}));
    Json const ecr_tokens = with_identity(ecr_spec(), "amazonECR", typed("ServiceAccount"));
    std::string const aws = "arn:aws:iam::111122223333:role/p";
    return {
        {"Google", gar, email, "", "", ""},
        {"Google by namespace", gar, "p-{namespace}@prj.iam.gserviceaccount.com", "", "", ""},
        {"Google without role", gar, "", "", "RoleRequired", "role"},
        {"Google with a role of AWS", gar, aws, "", "RoleMismatch", "role"},
        {"Google with external ID", gar, email, "demo", "ExternalIDInvalid", "externalID"},
        {"Google by token without role", gar_tokens, "", "", "", ""},
        {"Google by token", gar_tokens, email, "", "", ""},
        {"Azure", azure, client, "", "", ""},
        {"Azure without role", azure, "", "", "", ""},
        {"Azure with an email", azure, email, "", "RoleMismatch", "role"},
        {"Azure with external ID", azure, client, "demo", "ExternalIDInvalid", "externalID"},
        {"Azure by token", azure_tokens, client, "", "", ""},
        {"Azure by token without role", azure_tokens, "", "", "RoleRequired", "role"},
        {"Azure by secret", azure_key, "", "", "", ""},
        {"Azure by secret with role", azure_key, client, "", "RoleMismatch", "role"},
        {"Azure by tokens", azure_tokens_spec(), "", "", "", ""},
        {"Azure by tokens with role", azure_tokens_spec(), client, "", "RoleMismatch", "role"},
        {"Harbor", harbor_spec(), "", "", "", ""},
        {"Harbor with role", harbor_spec(), aws, "", "RoleMismatch", "role"},
        {"Alibaba by token", acr_tokens, base_role, "", "", ""},
        {"Alibaba by token, other account", acr_tokens, "acs:ram::2222222222222222:role/p", "",
         "RoleMismatch", "role"},
        {"Alibaba by token with external ID", acr_tokens, base_role, "demo", "ExternalIDInvalid",
         "externalID"},
        {"Alibaba with a GUID", acr_spec(), client, "", "RoleMismatch", "role"},
        {"Amazon by token", ecr_tokens, aws, "", "", ""},
        {"Amazon by token with external ID", ecr_tokens, aws, "demo", "ExternalIDInvalid",
         "externalID"},
    };
}

TEST(RegistryClouds, AScopeMapsResourceIsAWholeIdAndNothingElse) {
    std::string const good = azure_tokens_spec()["azureACR"]["scopeMapTokens"]["resourceID"];
    EXPECT_EQ(AzureResource::parse(good)->id(), good);
    std::string const start = "/subscriptions/66666666-7777-8888-9999-aaaaaaaaaaaa/resourceGroups/";
    std::string const end = "/providers/Microsoft.ContainerRegistry/registries/";
    EXPECT_TRUE(AzureResource::parse(start + std::string(90, 'g') + end + std::string(50, 'R')));
    for (std::string const& bad : std::vector<std::string>{
             "", good + "/", good.substr(1), good + "/tokens/x",
             start + ".." + end + "demoregistry", start + "g." + end + "demoregistry",
             start + end + "demoregistry", start + std::string(91, 'g') + end + "demoregistry",
             start + "g?x=/" + end + "demo1", start + "g" + end + "four",
             start + "g" + end + std::string(51, 'R'), start + "g" + end + "demo-registry",
             start + "g/providers/microsoft.containerregistry/registries/demoregistry",
             "/subscriptions/mine/resourceGroups/g" + end + "demoregistry"}) {
        EXPECT_FALSE(AzureResource::parse(bad)) << bad;
    }
}

TEST(RegistryClouds, RolesAndExternalIdsFollowTypeAndIdentity) {
    for (RoleCase const& c : role_cases()) {
        Json spec = one_registry("r", {{{"namespace", "a"}}}, c.role);
        if (!c.external_id.empty()) {
            spec["registries"][0]["externalID"] = c.external_id;
        }
        auto const tenancy = testing::tenancy("t", spec);
        auto const problem =
            role_problem(read(c.registry), tenancy->registries.at(0), "team", "demo");
        ASSERT_EQ(problem.has_value(), !c.reason.empty())
            << c.what << ": " << (problem ? problem->message : "");
        if (problem) {
            EXPECT_EQ(problem->reason, c.reason) << c.what;
            EXPECT_EQ(problem->field, c.field) << c.what;
            EXPECT_TRUE(c.role.empty() || problem->message.find(c.role) == std::string::npos)
                << problem->message;
        }
    }
}

TEST(RegistryClouds, NoExternalIdIsNoWarningWhereNoneIsSent) {
    for (Json const& spec : {gar_spec(), azure_spec()}) {
        std::string const role = spec["type"] == "AzureACR" ? client : email;
        auto const tenancy = testing::tenancy("t", one_registry("r", {{{"namespace", "a"}}}, role));
        EXPECT_TRUE(
            warnings_for(*tenancy, RegistryCatalog({testing::registry("r", spec)})).empty());
    }
}

Credentials harbor_credentials(Json allow, bool unnarrowed) {
    Json spec = harbor_spec();
    spec["allowUnnarrowed"] = unnarrowed;
    RegistryCatalog const catalog({testing::registry("r", spec)});
    auto const policy = NamespacePolicy::compile(
        {testing::tenancy("t", one_registry("r", std::move(allow), ""))}, {}, catalog);
    return credentials_of(policy, catalog, "team", "demo");
}

TEST(RegistryClouds, AHarborRobotIsNarrowedToProjectsOrNotMadeAtAll) {
    Json const project = {{"namespace", "search"}};
    EXPECT_EQ(harbor_credentials({project}, false).specs.size(), 1U);
    for (Json const& wide : std::vector<Json>{{{"namespace", "*"}},
                                              {{"namespace", "search/tools"}},
                                              {{"repository", "search/indexer"}}}) {
        auto const refused = harbor_credentials({project, wide}, false);
        EXPECT_TRUE(refused.specs.empty()) << wide;
        ASSERT_EQ(refused.problems.size(), 1U);
        EXPECT_EQ(refused.problems[0].reason, "NotNarrowable");
        EXPECT_NE(refused.problems[0].message.find("allowUnnarrowed in Registry \"r\""),
                  std::string::npos);
        EXPECT_EQ(harbor_credentials({project, wide}, true).specs.size(), 1U) << wide;
    }
    Json spec = one_registry("r", {{{"repository", "search/indexer"}}}, "");
    auto const errors =
        validate_against(*testing::tenancy("t", spec),
                         RegistryCatalog({testing::registry("r", harbor_spec())}), "c");
    ASSERT_EQ(errors.size(), 1U);
    EXPECT_EQ(errors[0].pointer, "/spec/registries/0/allow");
}

TEST(RegistryClouds, AnExceptionThatHarborCantNarrowIsLeftOutAlone) {
    RegistryCatalog const catalog({testing::registry("r", harbor_spec())});
    auto const policy = NamespacePolicy::compile(
        {testing::tenancy("t", one_registry("r", {{{"namespace", "search"}}}, ""))}, {},
        {testing::active(
            "x", testing::exception_spec({{{"registry", "r"}, {"repository", "other/tool"}}}))},
        catalog);
    auto const result = credentials_of(policy, catalog, "team", "demo");
    ASSERT_EQ(result.specs.size(), 1U);
    EXPECT_EQ(result.specs[0].allow, std::vector<AllowEntry>{testing::in_namespace("search")});
    ASSERT_EQ(result.problems.size(), 1U);
    EXPECT_EQ(result.problems[0].reason, "NotNarrowable");
    EXPECT_EQ(result.problems[0].exception, "x");
    EXPECT_TRUE(result.problems[0].message.starts_with(
        "RegistryException \"x\" can't extend the credential for registry \"r\": a robot of Harbor "
        "is "
        "narrowed to whole projects, and other/tool is none: "))
        << result.problems[0].message;
}

TEST(RegistryClouds, EveryFormHasACredentialOfItsOwn) {
    std::set<std::string> hashes;
    std::size_t made = 0;
    for (Json spec : every_form()) {
        spec.erase("allowedRoles");
        auto const registry = testing::registry("r", spec);
        std::string role;
        switch (registry->role_cloud().value_or(Role::Cloud::Azure)) {
            case Role::Cloud::Alibaba:
                role = base_role;
                break;
            case Role::Cloud::Aws:
                role = "arn:aws:iam::111122223333:role/p";
                break;
            case Role::Cloud::Google:
                role = email;
                break;
            case Role::Cloud::Azure:
                role = registry->role_use() == Registry::RoleUse::None ? "" : client;
                break;
        }
        RegistryCatalog const catalog({registry});
        auto const policy = NamespacePolicy::compile(
            {testing::tenancy("t", one_registry("r", {{{"namespace", "a"}}}, role))}, {}, catalog);
        auto const result = credentials_of(policy, catalog, "team", "demo");
        ASSERT_EQ(result.specs.size(), 1U) << spec;
        hashes.insert(result.specs[0].inputs_hash());
        ++made;
    }
    EXPECT_EQ(hashes.size(), made);
}

}  // namespace
}  // namespace rt::tenancy
