#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "lib/tenancy/policy.hpp"
#include "unit/tenancy/objects.hpp"

namespace rt::tenancy {
namespace {

using testing::acr_spec;
using testing::anonymous_spec;
using testing::cainiao_role;
using testing::one_registry;
using testing::registry;
using testing::tenancy;
using Tenancies = std::vector<std::shared_ptr<RegistryTenancy const>>;

Json docker_config_spec() {
    return {{"hosts", {"static.example.com"}},
            {"type", "DockerConfigSecret"},
            {"dockerConfigSecret", {{"secretName", "pull"}}},
            {"allowUnnarrowed", true}};
}

RegistryCatalog catalog(Json acr = acr_spec()) {
    return RegistryCatalog({registry("shared-acr", std::move(acr)),
                            registry("docker-hub", anonymous_spec("docker.io")),
                            registry("static", docker_config_spec())});
}

Credentials credentials(Tenancies governing, Tenancies baselines = {},
                        RegistryCatalog const& registries = catalog()) {
    auto const policy =
        NamespacePolicy::compile(std::move(governing), std::move(baselines), registries);
    return credentials_of(policy, registries, "team", "demo");
}

Json with_external_id(Json spec, std::string_view external_id) {
    spec["registries"][0]["externalID"] = external_id;
    return spec;
}

Json ns(std::string_view path) {
    return {{"namespace", path}};
}

std::string const other_role = "acs:ram::1146716667364888:role/acr-other";

std::vector<std::string> reasons(Credentials const& result) {
    std::vector<std::string> out;
    for (auto const& problem : result.problems) {
        out.push_back(problem.reason);
        // Developers read it: neither roles nor accounts.
        EXPECT_EQ(problem.message.find("1146716667364888"), std::string::npos) << problem.message;
        EXPECT_FALSE(problem.registry.empty());
        EXPECT_FALSE(problem.tenancy.empty());
    }
    return out;
}

TEST(Credentials, TheReferenceCase) {
    auto const result = credentials({tenancy("cainiao", testing::tenancy_spec())});
    EXPECT_TRUE(result.problems.empty());
    ASSERT_EQ(result.specs.size(), 1U);
    CredentialSpec const& spec = result.specs[0];
    EXPECT_EQ(spec.registry->meta.name, "shared-acr");
    EXPECT_EQ(spec.role->str(), cainiao_role);
    EXPECT_EQ(spec.external_id, "demo");
    EXPECT_EQ(spec.session_duration_seconds, 3600);
    EXPECT_EQ(spec.allow, std::vector<AllowEntry>{testing::in_namespace("cainiao")});
    EXPECT_EQ(spec.tenancies, std::vector<std::string>{"cainiao"});
    EXPECT_EQ(spec.hosts.size(), 2U);
}

TEST(Credentials, PlaceholdersStandForNamespaceAndCluster) {
    auto const result = credentials({tenancy(
        "t", with_external_id(one_registry("shared-acr", {ns("a")},
                                           "acs:ram::1146716667364888:role/{cluster}-{namespace}"),
                              "{cluster}/{namespace}"))});
    ASSERT_EQ(result.specs.size(), 1U);
    EXPECT_EQ(result.specs[0].role->name(), "demo-team");
    EXPECT_EQ(result.specs[0].external_id, "demo/team");
}

TEST(Credentials, EqualOnesOfSeveralTenanciesAreOne) {
    Json first = one_registry("shared-acr", {ns("b"), {{"namespace", "a"}, {"deprecated", "x"}}});
    Json second = one_registry("shared-acr", {ns("a"), {{"repository", "base/jdk"}}});
    first["registries"][0]["sessionDurationSeconds"] = 7200;
    second["registries"][0]["sessionDurationSeconds"] = 1800;
    auto const result = credentials({tenancy("t1", first)}, {tenancy("t2", second)});
    EXPECT_TRUE(result.problems.empty());
    ASSERT_EQ(result.specs.size(), 1U);
    EXPECT_EQ(result.specs[0].session_duration_seconds, 1800);
    EXPECT_EQ(result.specs[0].allow,
              (std::vector<AllowEntry>{testing::in_namespace("a"), testing::in_namespace("b"),
                                       testing::repository("base/jdk")}));
    EXPECT_EQ(result.specs[0].tenancies, (std::vector<std::string>{"t1", "t2"}));
}

TEST(Credentials, DifferentOnesForDifferentKeysStandSideBySide) {
    auto const result =
        credentials({tenancy("t1", one_registry("shared-acr", {ns("a")})),
                     tenancy("t2", one_registry("shared-acr", {ns("b")}, other_role))});
    EXPECT_TRUE(result.problems.empty());
    EXPECT_EQ(result.specs.size(), 2U);
}

TEST(Credentials, ForTheSameKeyTheOldestWinsAndTheOtherLosesThatKeyAlone) {
    auto const result = credentials(
        {tenancy("young", one_registry("shared-acr", {ns("a"), ns("b")}, other_role), 1),
         tenancy("old", one_registry("shared-acr", {ns("a")}), 9)});
    ASSERT_EQ(result.specs.size(), 2U);
    EXPECT_EQ(result.specs[0].role->str(), cainiao_role);
    EXPECT_EQ(result.specs[0].allow, std::vector<AllowEntry>{testing::in_namespace("a")});
    EXPECT_EQ(result.specs[1].role->str(), other_role);
    EXPECT_EQ(result.specs[1].allow, std::vector<AllowEntry>{testing::in_namespace("b")});
    EXPECT_EQ(reasons(result), std::vector<std::string>{"CredentialConflict"});
    EXPECT_EQ(result.problems[0].tenancy, "young");
    EXPECT_NE(result.problems[0].message.find("a/*"), std::string::npos);
}

TEST(Credentials, AtTheSameAgeTheNameDecidesAndTheExternalIdIsPartOfTheCredential) {
    auto const result =
        credentials({tenancy("b", with_external_id(one_registry("shared-acr", {ns("a")}), "two")),
                     tenancy("a", with_external_id(one_registry("shared-acr", {ns("a")}), "one"))});
    ASSERT_EQ(result.specs.size(), 1U);
    EXPECT_EQ(result.specs[0].external_id, "one");
    EXPECT_EQ(reasons(result), std::vector<std::string>{"CredentialConflict"});
}

TEST(Credentials, WithHostKeysAllOfARegistryIsOneKey) {
    Json acr = acr_spec();
    acr["keyStyle"] = "Host";
    auto const result =
        credentials({tenancy("t1", one_registry("shared-acr", {ns("a")}), 2),
                     tenancy("t2", one_registry("shared-acr", {ns("b")}, other_role), 1)},
                    {}, catalog(acr));
    EXPECT_EQ(result.specs.size(), 1U);
    EXPECT_EQ(reasons(result), std::vector<std::string>{"CredentialConflict"});
}

TEST(Credentials, WhatKeepsOneFromBeingMadeIsAProblemOfThatEntryAlone) {
    Json restricted = acr_spec();
    restricted["allowedRoles"] = {"acs:ram::1146716667364888:role/acr-*"};
    struct Case {
        std::string_view registry;
        std::string_view role;
        std::string reason;
    };
    for (auto const& [name, role, reason] : std::vector<Case>{
             {"nowhere", cainiao_role, "RegistryNotFound"},
             {"shared-acr", "", "RoleRequired"},
             {"shared-acr", "arn:aws:iam::123456789012:role/pull", "RoleMismatch"},
             {"shared-acr", "acs:ram::1146716667364888:role/admin", "RoleNotAllowed"},
             {"static", cainiao_role, "RoleMismatch"},
             {"docker-hub", cainiao_role, "RoleMismatch"},
         }) {
        auto const result = credentials({tenancy("bad", one_registry(name, {ns("a")}, role)),
                                         tenancy("good", one_registry("shared-acr", {ns("good")}))},
                                        {}, catalog(restricted));
        EXPECT_EQ(reasons(result), std::vector<std::string>{reason});
        ASSERT_EQ(result.specs.size(), 1U) << reason;
        EXPECT_EQ(result.specs[0].tenancies, std::vector<std::string>{"good"});
    }
}

TEST(Credentials, ARoleThatExpandsToNoneIsAProblemAndNoCrash) {
    auto const registries = catalog();
    auto const policy = NamespacePolicy::compile(
        {tenancy("t", one_registry("shared-acr", {ns("a")},
                                   "acs:ram::1146716667364888:role/x-{namespace}"))},
        {}, registries);
    auto const result = credentials_of(policy, registries, std::string(63, 'n'), "demo");
    EXPECT_TRUE(result.specs.empty());
    EXPECT_EQ(reasons(result), std::vector<std::string>{"RoleInvalid"});
    auto const bad_id = NamespacePolicy::compile(
        {tenancy("t", with_external_id(one_registry("shared-acr", {ns("a")}), "{cluster}"))}, {},
        registries);
    EXPECT_EQ(reasons(credentials_of(bad_id, registries, "n", "bad cluster")),
              std::vector<std::string>{"ExternalIDInvalid"});
    EXPECT_EQ(reasons(credentials_of(bad_id, registries, "n", "x")),
              std::vector<std::string>{"ExternalIDInvalid"});
}

TEST(Credentials, ARegistryWhoseHostsBelongToAnotherMakesNone) {
    RegistryCatalog const registries(
        {registry("first", acr_spec(), 2), registry("second", acr_spec(), 1)});
    auto const policy =
        NamespacePolicy::compile({tenancy("t", one_registry("second", {ns("a")}))}, {}, registries);
    auto const result = credentials_of(policy, registries, "team", "demo");
    EXPECT_TRUE(result.specs.empty());
    EXPECT_EQ(reasons(result), std::vector<std::string>{"NoHosts"});
}

TEST(Credentials, ASessionPolicyThatDoesNotFitIsNeverWidened) {
    Json allow = Json::array();
    for (int i = 0; i < 60; ++i) {
        allow.push_back(ns("namespace-number-" + std::to_string(i)));
    }
    auto const result = credentials({tenancy("t", one_registry("shared-acr", allow))});
    EXPECT_TRUE(result.specs.empty());
    EXPECT_EQ(reasons(result), std::vector<std::string>{"PolicyTooLarge"});
    EXPECT_NE(result.problems[0].message.find("bytes"), std::string::npos);
}

TEST(Credentials, StaticAndAnonymousRegistriesNeedNoRole) {
    auto const result = credentials({tenancy("s", one_registry("static", {ns("a")}, "")),
                                     tenancy("h", one_registry("docker-hub", {ns("*")}, ""))});
    EXPECT_TRUE(result.problems.empty());
    ASSERT_EQ(result.specs.size(), 1U);
    EXPECT_FALSE(result.specs[0].role);
}

TEST(CredentialsInputsHash, ChangesWithEveryInputAndWithNothingElse) {
    auto const hash = [](Json spec, Json acr = acr_spec()) {
        auto const result =
            credentials({tenancy("t", std::move(spec))}, {}, catalog(std::move(acr)));
        return result.specs.empty() ? std::string() : result.specs[0].inputs_hash();
    };
    Json const base = one_registry("shared-acr", {ns("a")});
    std::set<std::string> hashes{hash(base)};
    hashes.insert(hash(one_registry("shared-acr", {ns("b")})));
    hashes.insert(hash(one_registry("shared-acr", {{{"repository", "a"}}})));
    hashes.insert(hash(one_registry("shared-acr", {ns("*")})));
    hashes.insert(hash(one_registry("shared-acr", {ns("a")}, other_role)));
    hashes.insert(hash(with_external_id(base, "some")));
    Json duration = base;
    duration["registries"][0]["sessionDurationSeconds"] = 900;
    hashes.insert(hash(duration));
    for (auto const& [pointer, value] : std::vector<std::pair<std::string, Json>>{
             {"/alibabaACR/instanceID", "cri-other"},
             {"/alibabaACR/region", "cn-hangzhou"},
             {"/alibabaACR/accountID", "1146716667364889"},
             {"/alibabaACR/identity/instanceRole", {{"roleName", "r"}}},
             {"/hosts", {"other.example.com"}},
             {"/keyStyle", "Host"}}) {
        Json acr = acr_spec();
        acr[Json::json_pointer(pointer)] = value;
        hashes.insert(hash(base, acr));
    }
    EXPECT_EQ(hashes.size(), 13U);
    EXPECT_EQ(hashes.count(""), 0U);
    // Advice to people and enforcement are none of the credential's business.
    Json talk = one_registry("shared-acr", {{{"namespace", "a"}, {"deprecated", "soon"}}});
    talk["enforcement"] = "Warn";
    talk["contact"] = "us";
    EXPECT_EQ(hash(talk), hash(base));
}

TEST(CredentialsInputsHash, ChangesWithEveryFieldOfAnEcrRegistry) {
    auto const hash = [](Json spec) {
        auto const result = credentials(
            {tenancy("t",
                     one_registry("shared-ecr", {ns("a")}, "arn:aws:iam::444455556666:role/p"))},
            {}, RegistryCatalog({registry("shared-ecr", std::move(spec))}));
        return result.specs.empty() ? std::string() : result.specs[0].inputs_hash();
    };
    Json base = testing::ecr_spec();
    base["hosts"] = {"ecr.example.com"};
    std::set<std::string> hashes{hash(base)};
    for (auto const& [pointer, value] : std::vector<std::pair<std::string, Json>>{
             {"/registryID", "999900001111"},
             {"/region", "us-east-1"},
             {"/sessionTags", true},
             {"/identity/instanceRole", {{"roleName", "r"}}},
             {"/identity", {{"type", "AccessKey"}, {"accessKey", {{"secretName", "r"}}}}},
             {"/identity",
              {{"type", "OIDC"}, {"oidc", {{"role", "arn:aws:iam::444455556666:role/r"}}}}},
             {"/identity", {{"type", "OIDC"}, {"oidc", {{"podIdentity", true}}}}}}) {
        Json changed = base;
        changed["amazonECR"][Json::json_pointer(pointer)] = value;
        hashes.insert(hash(changed));
    }
    EXPECT_EQ(hashes.size(), 8U);
    EXPECT_EQ(hashes.count(""), 0U);
}

}  // namespace
}  // namespace rt::tenancy
