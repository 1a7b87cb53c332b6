#include "lib/tenancy/registry.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "lib/tenancy/registry_blocks.hpp"
#include "unit/tenancy/objects.hpp"

namespace rt::tenancy {
namespace {

using testing::acr_spec;
using testing::anonymous_spec;
using testing::ecr_spec;
using testing::errors_of;
using testing::object;

Json docker_spec() {
    return {{"hosts", {"registry.example.com"}},
            {"type", "DockerConfigSecret"},
            {"dockerConfigSecret", {{"secretName", "pull"}}},
            {"allowUnnarrowed", true}};
}

TEST(Registry, ReadsTheReferenceCase) {
    auto const registry = Registry::parse(object("Registry", "shared-acr", acr_spec()));
    ASSERT_TRUE(registry) << errors_of(registry.error());
    EXPECT_EQ(registry->meta.name, "shared-acr");
    EXPECT_EQ(registry->hosts.size(), 2U);
    EXPECT_EQ(registry->type, RegistryType::AlibabaACR);
    ASSERT_TRUE(registry->alibaba_acr);
    EXPECT_EQ(registry->alibaba_acr->instance_id, "cri-shanghai-shared01");
    EXPECT_EQ(registry->alibaba_acr->region, "cn-shanghai");
    EXPECT_EQ(registry->alibaba_acr->endpoints, AlibabaAcrSpec::Endpoints::Public);
    EXPECT_EQ(registry->alibaba_acr->identity.type, Identity::Type::InstanceRole);
    EXPECT_EQ(registry->key_style, KeyStyle::Path);
    EXPECT_TRUE(registry->has_credentials());
    EXPECT_FALSE(registry->allow_unnarrowed);
}

TEST(Registry, RoundTripsEveryField) {
    Json acr = acr_spec();
    acr["alibabaACR"]["accountID"] = "1146716667364888";
    acr["alibabaACR"]["endpoints"] = "VPC";
    acr["alibabaACR"]["identity"] = {{"type", "AccessKey"}, {"accessKey", {{"secretName", "key"}}}};
    acr["allowedRoles"] = {"acs:ram::1146716667364888:role/acr-*"};
    acr["realm"] = "https://auth.example.com/token";
    acr["keyStyle"] = "Host";
    acr["allowUnnarrowed"] = true;
    Json named_role = acr_spec();
    named_role["alibabaACR"]["identity"]["instanceRole"] = {{"roleName", "KubernetesWorkerRole-b"}};
    Json ecr = ecr_spec();
    ecr["amazonECR"]["sessionTags"] = true;
    ecr["amazonECR"]["identity"] = {{"type", "OIDC"},
                                    {"oidc", {{"role", "arn:aws:iam::444455556666:role/a/base"}}}};
    ecr["allowedRoles"] = {"arn:aws:iam::111122223333:role/ecr-*"};
    Json ecr_key = ecr_spec();
    ecr_key["amazonECR"]["identity"] = {{"type", "AccessKey"},
                                        {"accessKey", {{"secretName", "key"}}}};
    for (Json const& spec : {acr_spec(), acr, named_role, ecr_spec(), ecr, ecr_key, docker_spec(),
                             anonymous_spec("docker.io")}) {
        auto const first = Registry::parse(object("Registry", "r", spec));
        ASSERT_TRUE(first) << errors_of(first.error());
        auto const second = Registry::parse(object("Registry", "r", first->spec_json()));
        ASSERT_TRUE(second) << errors_of(second.error());
        EXPECT_EQ(second->spec_json(), first->spec_json());
        EXPECT_EQ(second->alibaba_acr, first->alibaba_acr);
        EXPECT_EQ(second->amazon_ecr, first->amazon_ecr);
        EXPECT_EQ(second->docker_config_secret, first->docker_config_secret);
        EXPECT_EQ(second->hosts, first->hosts);
        for (auto const& [key, value] : spec.items()) {
            EXPECT_TRUE(first->spec_json().contains(key)) << key;
        }
    }
}

TEST(Registry, ReadsAnEcrRegistry) {
    Json spec = ecr_spec();
    spec["amazonECR"]["identity"] = {{"type", "InstanceRole"},
                                     {"instanceRole", {{"roleName", "eks-node_role+=,.@-1"}}}};
    auto const registry = Registry::parse(object("Registry", "shared-ecr", spec));
    ASSERT_TRUE(registry) << errors_of(registry.error());
    EXPECT_EQ(registry->type, RegistryType::AmazonECR);
    ASSERT_TRUE(registry->amazon_ecr);
    EXPECT_EQ(registry->amazon_ecr->registry_id, "111122223333");
    EXPECT_EQ(registry->amazon_ecr->partition(), "aws");
    EXPECT_FALSE(registry->amazon_ecr->session_tags);
    EXPECT_EQ(registry->role_cloud(), Role::Cloud::Aws);
    ASSERT_NE(registry->identity(), nullptr);
    EXPECT_EQ(registry->identity()->role_name, "eks-node_role+=,.@-1");
}

TEST(Registry, ThePartitionFollowsFromTheRegion) {
    struct Case {
        std::string region;
        std::string partition;  ///< empty: the region is refused
    };
    for (auto const& [region, partition] : std::vector<Case>{{"eu-central-1", "aws"},
                                                             {"ap-southeast-12", "aws"},
                                                             {"cn-north-1", "aws-cn"},
                                                             {"us-gov-west-1", "aws-us-gov"},
                                                             {"us-iso-east-1", ""},
                                                             {"us-isob-east-1", ""},
                                                             {"eu-central", ""},
                                                             {"eu-central-0", ""},
                                                             {"eu-central-123", ""},
                                                             {"eu--central-1", ""},
                                                             {"eusc-de-east-1", ""},
                                                             {"EU-central-1", ""},
                                                             {"eu-central-1.evil.example", ""}}) {
        Json spec = ecr_spec();
        spec["hosts"] = {"ecr.example.com"};
        spec["amazonECR"]["region"] = region;
        auto const registry = Registry::parse(object("Registry", "r", spec));
        ASSERT_EQ(registry.has_value(), !partition.empty()) << region;
        if (registry) {
            EXPECT_EQ(registry->amazon_ecr->partition(), partition) << region;
        }
    }
}

TEST(Registry, AnEcrHostOfAnotherAccountOrRegionIsRefused) {
    struct Case {
        std::string host;
        bool fine;
    };
    for (auto const& [host, fine] : std::vector<Case>{
             {"111122223333.dkr.ecr.eu-central-1.amazonaws.com", true},
             {"111122223333.dkr.ecr-fips.eu-central-1.amazonaws.com", true},
             {"111122223333.dkr-ecr.eu-central-1.on.aws", true},
             {"ecr.example.com", true},
             {"11112222333.dkr.ecr.us-east-1.amazonaws.com", true},  // 11 digits: no name of ECR's
             {"444455556666.dkr.ecr.eu-central-1.amazonaws.com", false},
             {"111122223333.dkr.ecr.us-east-1.amazonaws.com", false},
             {"444455556666.dkr-ecr.eu-central-1.on.aws", false},
         }) {
        Json spec = ecr_spec();
        spec["hosts"] = {"other.example.com", host};
        auto const registry = Registry::parse(object("Registry", "r", spec));
        EXPECT_EQ(registry.has_value(), fine) << host;
        if (!registry) {
            EXPECT_EQ(registry.error().front().pointer, "/spec/hosts");
        }
    }
}

TEST(Registry, ReportsWhatIsWrongWithAnEcrRegistry) {
    struct Case {
        std::string pointer;
        Json value;
        std::string at;
        std::string message;
    };
    std::string const identity = "/spec/amazonECR/identity";
    for (auto const& c : std::vector<Case>{
             {"/registryID", "1111", "/spec/amazonECR/registryID", "12 digits"},
             {"/registryID", 111122223333, "/spec/amazonECR/registryID", "put it in quotes"},
             {"/sessionTags", "yes", "/spec/amazonECR/sessionTags", ""},
             {"/identity", {{"type", "PodIdentity"}}, identity + "/type", "is unknown"},
             {"/identity", {{"type", "OIDC"}}, identity + "/oidc", "is required"},
             {"/identity",
              {{"type", "AccessKey"},
               {"accessKey", {{"secretName", "k"}}},
               {"oidc", {{"role", "r"}}}},
              identity + "/oidc",
              "must not be set"},
             {"/identity",
              {{"type", "OIDC"}, {"oidc", {{"role", "registry-tenancy"}}}},
              identity + "/oidc/role",
              "whole ARN"},
             {"/identity",
              {{"type", "OIDC"}, {"oidc", {{"role", "acs:ram::1146716667364888:role/a"}}}},
              identity + "/oidc/role",
              "whole ARN"},
             {"/identity",
              {{"type", "OIDC"}, {"oidc", {{"role", "arn:aws-cn:iam::111122223333:role/a"}}}},
              identity,
              "of partition aws"},
             {"/identity",
              {{"type", "OIDC"}, {"oidc", Json::object()}},
              identity + "/oidc/role",
              "podIdentity: true"},
             {"/identity",
              {{"type", "OIDC"}, {"oidc", {{"podIdentity", false}}}},
              identity + "/oidc/role",
              "is required"},
             {"/identity",
              {{"type", "OIDC"},
               {"oidc", {{"podIdentity", true}, {"role", "arn:aws:iam::111122223333:role/a"}}}},
              identity + "/oidc/role",
              "remove one of the two"},
             {"/identity",
              {{"type", "InstanceRole"}, {"instanceRole", {{"roleName", "a/b"}}}},
              identity + "/instanceRole/roleName",
              "IAM role name"},
             {"/registryId", "x", "/spec/amazonECR/registryId", "did you mean registryID?"},
         }) {
        Json spec = ecr_spec();
        spec["hosts"] = {"ecr.example.com"};
        spec["amazonECR"][Json::json_pointer(c.pointer)] = c.value;
        auto const registry = Registry::parse(object("Registry", "r", spec));
        ASSERT_FALSE(registry) << c.pointer << c.value;
        bool found = false;
        for (auto const& error : registry.error()) {
            found = found ||
                    (error.pointer == c.at && error.message.find(c.message) != std::string::npos);
        }
        EXPECT_TRUE(found) << c.at << ":\n" << errors_of(registry.error());
    }
}

TEST(Registry, EksPodIdentityTagsSessionsItself) {
    Json spec = ecr_spec();
    spec["amazonECR"]["identity"] = {{"type", "OIDC"}, {"oidc", {{"podIdentity", true}}}};
    auto const plain = Registry::parse(object("Registry", "r", spec));
    ASSERT_TRUE(plain) << errors_of(plain.error());
    EXPECT_TRUE(pod_identity(*plain->amazon_ecr));
    spec["amazonECR"]["sessionTags"] = true;
    auto const tagged = Registry::parse(object("Registry", "r", spec));
    ASSERT_FALSE(tagged);
    ASSERT_EQ(tagged.error().size(), 1U) << errors_of(tagged.error());
    EXPECT_EQ(tagged.error()[0].pointer, "/spec/amazonECR/sessionTags");
    // Only what is well said is looked at further.
    spec["amazonECR"]["identity"] = {{"type", "OIDC"}, {"oidc", Json::object()}};
    auto const nothing = Registry::parse(object("Registry", "r", spec));
    ASSERT_FALSE(nothing);
    ASSERT_EQ(nothing.error().size(), 1U) << errors_of(nothing.error());
    EXPECT_EQ(nothing.error()[0].pointer, "/spec/amazonECR/identity/oidc/role");
}

struct Broken {
    std::string what;
    std::function<void(Json&)> break_it;
    std::string pointer;
    std::string message;  ///< part of it
};

TEST(Registry, ReportsEveryRuleWithPointerValueAndFix) {
    std::vector<Broken> const cases{
        {"no hosts", [](Json& s) { s.erase("hosts"); }, "/spec/hosts", "is required"},
        {"empty hosts", [](Json& s) { s["hosts"] = Json::array(); }, "/spec/hosts", "is empty"},
        {"hosts no list", [](Json& s) { s["hosts"] = "x.y"; }, "/spec/hosts", "write a list"},
        {"host twice", [](Json& s) { s["hosts"] = {"x.y", "x.y"}; }, "/spec/hosts/1", "twice"},
        {"host upper case", [](Json& s) { s["hosts"] = {"X.y"}; }, "/spec/hosts/0", "write x.y"},
        {"host number", [](Json& s) { s["hosts"] = {1}; }, "/spec/hosts/0", "write a string"},
        {"too many hosts",
         [](Json& s) {
             s["hosts"] = Json::array();
             for (int i = 0; i < 33; ++i) {
                 s["hosts"].push_back("h" + std::to_string(i) + ".example.com");
             }
         },
         "/spec/hosts", "at most 32"},
        {"no type", [](Json& s) { s.erase("type"); }, "/spec/type", "is required"},
        {"unknown type", [](Json& s) { s["type"] = "AlibabaAcr"; }, "/spec/type",
         "write AlibabaACR"},
        {"foreign type", [](Json& s) { s["type"] = "Quay"; }, "/spec/type", "is unknown"},
        {"missing block", [](Json& s) { s.erase("alibabaACR"); }, "/spec/alibabaACR",
         "is required if type is AlibabaACR"},
        {"wrong block", [](Json& s) { s["anonymous"] = Json::object(); }, "/spec/anonymous",
         "must not be set if type is AlibabaACR"},
        {"instance", [](Json& s) { s["alibabaACR"]["instanceID"] = "shared01"; },
         "/spec/alibabaACR/instanceID", "starts with cri-"},
        {"instance upper case", [](Json& s) { s["alibabaACR"]["instanceID"] = "cri-Shared"; },
         "/spec/alibabaACR/instanceID", "starts with cri-"},
        {"region", [](Json& s) { s["alibabaACR"]["region"] = "shanghai"; },
         "/spec/alibabaACR/region", "cn-shanghai"},
        {"region with a dot", [](Json& s) { s["alibabaACR"]["region"] = "cn-x.evil.com/"; },
         "/spec/alibabaACR/region", "no region ID"},
        {"account", [](Json& s) { s["alibabaACR"]["accountID"] = "12a"; },
         "/spec/alibabaACR/accountID", "10 to 20 digits"},
        {"account number", [](Json& s) { s["alibabaACR"]["accountID"] = 1146716667364888; },
         "/spec/alibabaACR/accountID", "put it in quotes"},
        {"endpoints", [](Json& s) { s["alibabaACR"]["endpoints"] = "Vpc"; },
         "/spec/alibabaACR/endpoints", "write VPC"},
        {"identity", [](Json& s) { s["alibabaACR"].erase("identity"); },
         "/spec/alibabaACR/identity", "is required"},
        {"identity type", [](Json& s) { s["alibabaACR"]["identity"]["type"] = "PodIdentity"; },
         "/spec/alibabaACR/identity/type", "is unknown"},
        {"access key", [](Json& s) { s["alibabaACR"]["identity"]["type"] = "AccessKey"; },
         "/spec/alibabaACR/identity/accessKey", "is required"},
        {"foreign block",
         [](Json& s) { s["alibabaACR"]["identity"]["accessKey"] = {{"secretName", "a"}}; },
         "/spec/alibabaACR/identity/accessKey", "must not be set"},
        {"role name is an ARN",
         [](Json& s) {
             s["alibabaACR"]["identity"]["instanceRole"] = {{"roleName", "acs:ram::1:role/a"}};
         },
         "/spec/alibabaACR/identity/instanceRole/roleName", "not the ARN"},
        {"allowed roles empty", [](Json& s) { s["allowedRoles"] = Json::array(); },
         "/spec/allowedRoles", "is empty"},
        {"allowed role with a space", [](Json& s) { s["allowedRoles"] = {"a b"}; },
         "/spec/allowedRoles/0", "without spaces"},
        {"realm http", [](Json& s) { s["realm"] = "http://a.example.com/"; }, "/spec/realm",
         "https://"},
        {"realm query", [](Json& s) { s["realm"] = "https://a.example.com/t?x=y"; }, "/spec/realm",
         "query"},
        {"realm user", [](Json& s) { s["realm"] = "https://u:p@a.example.com/"; }, "/spec/realm",
         "user"},
        {"realm port", [](Json& s) { s["realm"] = "https://a.example.com:x/"; }, "/spec/realm",
         "token endpoint"},
        {"key style", [](Json& s) { s["keyStyle"] = "path"; }, "/spec/keyStyle", "write Path"},
        {"flag in quotes", [](Json& s) { s["allowUnnarrowed"] = "true"; }, "/spec/allowUnnarrowed",
         "without quotes"},
        {"unknown field", [](Json& s) { s["host"] = "x"; }, "/spec/host", "did you mean hosts?"},
        {"unknown nested field", [](Json& s) { s["alibabaACR"]["instanceId"] = "x"; },
         "/spec/alibabaACR/instanceId", "did you mean instanceID?"},
    };
    for (auto const& one : cases) {
        Json spec = acr_spec();
        one.break_it(spec);
        auto const registry = Registry::parse(object("Registry", "r", spec));
        ASSERT_FALSE(registry) << one.what;
        bool found = false;
        for (auto const& error : registry.error()) {
            found = found || (error.pointer == one.pointer &&
                              error.message.find(one.message) != std::string::npos);
        }
        EXPECT_TRUE(found) << one.what << ":\n" << errors_of(registry.error());
    }
}

TEST(Registry, CollectsAllErrorsAtOnce) {
    Json spec = acr_spec();
    spec["hosts"] = {"A.b", "x/y"};
    spec["alibabaACR"]["region"] = "";
    spec["bogus"] = 1;
    auto const registry = Registry::parse(object("Registry", "r", spec));
    ASSERT_FALSE(registry);
    EXPECT_EQ(registry.error().size(), 4U) << errors_of(registry.error());
    EXPECT_EQ(to_string(registry.error()).find("/spec/hosts/0: "), 0U);
}

TEST(Registry, AFixedCredentialMustBeAcknowledgedAsUnnarrowed) {
    Json spec = docker_spec();
    spec.erase("allowUnnarrowed");
    auto const registry = Registry::parse(object("Registry", "r", spec));
    ASSERT_FALSE(registry);
    EXPECT_EQ(registry.error().front().pointer, "/spec/allowUnnarrowed");
    spec = docker_spec();
    spec["allowedRoles"] = {"x"};
    EXPECT_FALSE(Registry::parse(object("Registry", "r", spec)));
    spec = docker_spec();
    spec["dockerConfigSecret"]["secretName"] = "Pull_Secret";
    EXPECT_FALSE(Registry::parse(object("Registry", "r", spec)));
}

TEST(Registry, AnObjectWithoutSpecOrOfTheWrongShapeIsAnErrorAndNoCrash) {
    for (Json const& value : {Json(nullptr), Json::object(), Json::array(), Json("text"), Json(1),
                              Json{{"spec", 1}}, Json{{"spec", Json::array()}}}) {
        EXPECT_FALSE(Registry::parse(value)) << value;
        EXPECT_FALSE(RegistryTenancy::parse(value)) << value;
    }
}

TEST(RoleMatches, AStarStaysWithinOnePartOfTheArn) {
    struct Case {
        std::string_view pattern;
        std::string_view role;
        bool matches;
    };
    for (auto const& [pattern, role, matches] : std::vector<Case>{
             {"acs:ram::1:role/acr-*", "acs:ram::1:role/acr-cainiao", true},
             {"acs:ram::1:role/acr-*", "acs:ram::1:role/acr-", true},
             {"acs:ram::1:role/acr-*", "acs:ram::1:role/admin", false},
             {"acs:ram::1:role/acr-*", "acs:ram::2:role/acr-cainiao", false},
             {"acs:ram::*:role/acr", "acs:ram::12:role/acr", true},
             {"acs:ram::*", "acs:ram::1:role/acr", false},
             {"*", "acs:ram::1:role/acr", false},
             {"arn:aws:iam::1:role/*", "arn:aws:iam::1:role/a/b", false},
             {"arn:aws:iam::1:role/*/b", "arn:aws:iam::1:role/a/b", true},
             {"acs:ram::1:role/a*c*e", "acs:ram::1:role/abcde", true},
             {"acs:ram::1:role/a*c*e", "acs:ram::1:role/abcdf", false},
             {"acs:ram::1:role/**", "acs:ram::1:role/x", true},
             {"acs:ram::1:role/x", "acs:ram::1:role/x", true},
             {"acs:ram::1:role/x", "acs:ram::1:role/xy", false},
             {"acs:ram::1:role/xy", "acs:ram::1:role/x", false},
             {"", "acs:ram::1:role/x", false},
         }) {
        EXPECT_EQ(role_matches(pattern, role), matches) << pattern << " " << role;
    }
}

}  // namespace
}  // namespace rt::tenancy
