#include "lib/tenancy/validation.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "lib/tenancy/image_doors.hpp"
#include "unit/tenancy/objects.hpp"

namespace rt::tenancy {
namespace {

using testing::acr_spec;
using testing::anonymous_spec;
using testing::one_registry;
using testing::registry;
using testing::tenancy;

RegistryCatalog catalog() {
    Json restricted = acr_spec();
    restricted["allowedRoles"] = {"acs:ram::1146716667364888:role/acr-*"};
    return RegistryCatalog(
        {registry("shared-acr", restricted), registry("docker-hub", anonymous_spec("docker.io"))});
}

Json entry(std::string_view path) {
    return {{"namespace", path}};
}

TEST(ValidateAgainst, PointsAtTheFieldToBlame) {
    struct Case {
        Json spec;
        std::string pointer;
    };
    Json many = Json::array();
    for (int i = 0; i < 60; ++i) {
        many.push_back(entry("namespace-number-" + std::to_string(i)));
    }
    for (auto const& [spec, pointer] : std::vector<Case>{
             {one_registry("shared-acr", {entry("a")}), ""},
             {one_registry("nowhere", {entry("a")}), ""},
             {one_registry("docker-hub", {entry("a")}, ""), ""},
             {one_registry("shared-acr", {entry("a")}, ""), "/spec/registries/0/role"},
             {one_registry("shared-acr", {entry("a")}, "arn:aws:iam::123456789012:role/p"),
              "/spec/registries/0/role"},
             {one_registry("shared-acr", {entry("a")}, "acs:ram::1146716667364888:role/admin"),
              "/spec/registries/0/role"},
             {one_registry("docker-hub", {entry("a")}), "/spec/registries/0/role"},
             {one_registry("shared-acr", many), "/spec/registries/0/allow"},
         }) {
        auto const errors = validate_against(*tenancy("t", spec), catalog(), "demo");
        if (pointer.empty()) {
            EXPECT_TRUE(errors.empty()) << testing::errors_of(errors);
        } else {
            ASSERT_EQ(errors.size(), 1U) << spec;
            EXPECT_EQ(errors[0].pointer, pointer);
        }
    }
}

TEST(ValidateAgainst, ARoleIsOfTheRegistrysCloudAndPartition) {
    struct Case {
        std::string region;
        std::string role;
        std::string form;  ///< that the message shows; empty: fine
    };
    for (auto const& [region, role, form] : std::vector<Case>{
             {"eu-central-1", "arn:aws:iam::444455556666:role/teams/{namespace}", ""},
             {"cn-north-1", "arn:aws-cn:iam::444455556666:role/p", ""},
             {"us-gov-west-1", "arn:aws-us-gov:iam::444455556666:role/p", ""},
             {"eu-central-1", "acs:ram::1146716667364888:role/p", "arn:aws:iam::ACCOUNT:role/NAME"},
             {"eu-central-1", "arn:aws-cn:iam::444455556666:role/p",
              "arn:aws:iam::ACCOUNT:role/NAME"},
             {"cn-north-1", "arn:aws:iam::444455556666:role/p",
              "arn:aws-cn:iam::ACCOUNT:role/NAME"},
             {"us-gov-west-1", "arn:aws:iam::444455556666:role/p",
              "arn:aws-us-gov:iam::ACCOUNT:role/NAME"},
         }) {
        Json spec = testing::ecr_spec();
        spec["hosts"] = {"ecr.example.com"};
        spec["amazonECR"]["region"] = region;
        RegistryCatalog const registries({registry("shared-ecr", spec)});
        auto const errors = validate_against(
            *tenancy("t", one_registry("shared-ecr", {entry("a")}, role)), registries, "demo");
        ASSERT_EQ(errors.empty(), form.empty()) << role << ' ' << testing::errors_of(errors);
        if (!form.empty()) {
            EXPECT_EQ(errors[0].pointer, "/spec/registries/0/role");
            EXPECT_NE(errors[0].message.find(form), std::string::npos) << errors[0].message;
        }
    }
}

TEST(ValidateAgainst, ASessionPolicyOfEcrMustFit) {
    Json many = Json::array();
    for (int i = 0; i < 40; ++i) {
        many.push_back(entry("namespace-number-" + std::to_string(i)));
    }
    RegistryCatalog const registries({registry("shared-ecr", testing::ecr_spec())});
    auto const errors = validate_against(
        *tenancy("t", one_registry("shared-ecr", many, "arn:aws:iam::444455556666:role/p")),
        registries, "demo");
    ASSERT_EQ(errors.size(), 1U);
    EXPECT_EQ(errors[0].pointer, "/spec/registries/0/allow");
    EXPECT_NE(errors[0].message.find("at most 2048"), std::string::npos) << errors[0].message;
}

TEST(ValidateAgainst, AHostOfAnotherRegistryIsRefused) {
    auto const errors = validate_against(*registry("mine", anonymous_spec("docker.io")), catalog());
    ASSERT_EQ(errors.size(), 1U);
    EXPECT_EQ(errors[0].pointer, "/spec/hosts/0");
    EXPECT_NE(errors[0].message.find("docker-hub"), std::string::npos);
    EXPECT_TRUE(
        validate_against(*registry("docker-hub", anonymous_spec("docker.io")), catalog()).empty());
}

TEST(WarningsFor, TellWhatDeservesAWord) {
    EXPECT_EQ(warnings_for(*tenancy("t", one_registry("nowhere", {entry("a")})), catalog()).size(),
              1U);
    auto const warnings =
        warnings_for(*tenancy("t", one_registry("shared-acr", {entry("a")})), catalog());
    ASSERT_EQ(warnings.size(), 1U);
    EXPECT_NE(warnings[0].find("set externalID"), std::string::npos);
    EXPECT_LE(warnings[0].size(), 256U);
    EXPECT_TRUE(warnings_for(*tenancy("t", testing::tenancy_spec()), catalog()).empty());
    // OIDC is this cluster's alone, so nothing needs to be added to it.
    Json ecr = testing::ecr_spec();
    auto const of_ecr = [&] {
        return warnings_for(*tenancy("t", one_registry("shared-ecr", {entry("a")},
                                                       "arn:aws:iam::444455556666:role/p")),
                            RegistryCatalog({registry("shared-ecr", ecr)}));
    };
    EXPECT_EQ(of_ecr().size(), 1U);
    ecr["amazonECR"]["identity"] = {{"type", "OIDC"},
                                    {"oidc", {{"role", "arn:aws:iam::444455556666:role/base"}}}};
    EXPECT_TRUE(of_ecr().empty());
}

TEST(OnlyNew, KeepsWhatWasFineBefore) {
    FieldErrors const before{{"/a", "x"}, {"/b", "y"}};
    FieldErrors const now{{"/b", "y"}, {"/b", "z"}, {"/c", "x"}};
    EXPECT_EQ(only_new(now, before), (FieldErrors{{"/b", "z"}, {"/c", "x"}}));
}

TEST(FieldErrors, AreCappedForPeople) {
    FieldErrors errors;
    for (int i = 0; i < 12; ++i) {
        errors.push_back({"/spec/" + std::to_string(i), "bad"});
    }
    std::string const text = to_string(errors);
    EXPECT_TRUE(text.starts_with("/spec/0: bad; /spec/1: bad"));
    EXPECT_TRUE(text.ends_with("and 4 more")) << text;
}

TEST(ImageDoors, AreAllOfAPodSpec) {
    std::set<std::string_view> lists;
    for (auto const& door : image_doors()) {
        lists.insert(door.list);
    }
    EXPECT_EQ(lists, (std::set<std::string_view>{"containers", "initContainers",
                                                 "ephemeralContainers", "volumes"}));
    EXPECT_EQ(template_kinds().size(), 7U);
}

}  // namespace
}  // namespace rt::tenancy
