// The schemas that users see: complete, bounded, and in step with the samples.

#include <set>
#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "lib/tenancy/names_fixed.hpp"
#include "unit/config/manifests.hpp"
#include "unit/config/schema.hpp"

namespace config_test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::string_view kinds[] = {"Registry", "RegistryTenancy", "RegistryException",
                                      "RegistryGrant"};

void each_field(std::function<void(Json const&, std::string const&)> const& visit) {
    for (auto const kind : kinds) {
        each_schema(schema_of(kind), std::string(kind), visit);
    }
}

std::vector<std::string> column_names(Json const& crd, bool wide) {
    std::vector<std::string> names;
    for (auto const& column : crd["spec"]["versions"][0]["additionalPrinterColumns"]) {
        if ((column.value("priority", 0) > 0) == wide) {
            names.push_back(column["name"]);
        }
    }
    return names;
}

struct Names {
    std::string_view kind, plural, short_name, scope;
    bool has_status;
};

class CrdNames : public testing::TestWithParam<Names> {};

TEST_P(CrdNames, AreThoseThatTheProgramsUse) {
    auto const& expected = GetParam();
    auto const crd = crd_of(expected.kind);
    auto const& spec = crd["spec"];
    EXPECT_EQ(crd["metadata"]["name"],
              std::string(expected.plural) + "." + std::string(rt::tenancy::api_group));
    EXPECT_EQ(spec["group"], rt::tenancy::api_group);
    EXPECT_EQ(spec["names"]["plural"], expected.plural);
    EXPECT_EQ(spec["names"]["listKind"], std::string(expected.kind) + "List");
    EXPECT_EQ(spec["names"]["shortNames"], Json::array({expected.short_name}));
    EXPECT_EQ(spec["names"]["categories"], Json::array({"registry-tenancy"}));
    EXPECT_EQ(spec["scope"], expected.scope);
    ASSERT_EQ(spec["versions"].size(), 1U);
    EXPECT_EQ(
        std::string(rt::tenancy::api_group) + "/" + spec["versions"][0]["name"].get<std::string>(),
        rt::tenancy::api_version);
    EXPECT_EQ(spec["versions"][0].contains("subresources"), expected.has_status);
}

INSTANTIATE_TEST_SUITE_P(
    All, CrdNames,
    testing::Values(Names{"Registry", "registries", "rreg", "Cluster", true},
                    Names{"RegistryTenancy", "registrytenancies", "rt", "Cluster", true},
                    Names{"RegistryException", "registryexceptions", "rx", "Cluster", true},
                    Names{"RegistryGrant", "registrygrants", "rg", "Namespaced", false}),
    [](auto const& test) { return std::string(test.param.kind); });

TEST(Crd, TenancyColumnsAreReadyEnforcementNamespacesAge) {
    auto const crd = crd_of("RegistryTenancy");
    EXPECT_THAT(column_names(crd, false), ElementsAre("Ready", "Enforcement", "Namespaces", "Age"));
    EXPECT_THAT(column_names(crd, true), ElementsAre("Reason", "Message"));
}

TEST(Crd, ExceptionColumnsAreActiveReadyNamespacesEndsAge) {
    auto const crd = crd_of("RegistryException");
    EXPECT_THAT(column_names(crd, false),
                ElementsAre("Active", "Ready", "Namespaces", "Ends", "Age"));
    EXPECT_THAT(column_names(crd, true), ElementsAre("Ticket", "Reason", "Message"));
}

TEST(Crd, EveryFieldIsDescribed) {
    each_field([](Json const& schema, std::string const& path) {
        auto const element = path.ends_with("[]") && schema["type"] != "object";
        auto const metadata = path.ends_with(".metadata") || path.ends_with(".*");
        EXPECT_TRUE(element || metadata || schema.value("description", "").size() > 4) << path;
    });
}

TEST(Crd, EveryListSaysItsTypeAndBound) {
    each_field([](Json const& schema, std::string const& path) {
        if (schema["type"] != "array") {
            return;
        }
        auto const type = schema.value("x-kubernetes-list-type", "");
        EXPECT_TRUE(type == "set" || type == "map" || type == "atomic") << path;
        EXPECT_EQ(type == "map", schema.contains("x-kubernetes-list-map-keys")) << path;
        EXPECT_TRUE(schema.contains("maxItems")) << path;
    });
}

TEST(Crd, EveryStringIsBounded) {
    each_field([](Json const& schema, std::string const& path) {
        if (schema["type"] != "string" || path.ends_with(".apiVersion") ||
            path.ends_with(".kind")) {
            return;
        }
        EXPECT_TRUE(schema.contains("maxLength") || schema.contains("enum") ||
                    schema.value("format", "") == "date-time")
            << path;
    });
}

TEST(Crd, EveryRuleSaysWhatToDo) {
    each_field([](Json const& schema, std::string const& path) {
        for (auto const& rule : schema.value("x-kubernetes-validations", Json::array())) {
            EXPECT_GT(rule.value("message", "").size(), 10U) << path << ": " << rule["rule"];
            EXPECT_EQ(rule.value("message", "").find('\n'), std::string::npos) << path;
        }
    });
}

TEST(Crd, UnionsHaveARequiredDiscriminator) {
    each_field([](Json const& schema, std::string const& path) {
        for (auto const* const name : {"type", "policy"}) {
            auto const field = schema.value("properties", Json::object()).value(name, Json());
            if (field.is_null() || !field.contains("enum")) {
                continue;
            }
            auto const required = schema.value("required", Json::array());
            EXPECT_NE(std::ranges::find(required, name), required.end()) << path << "." << name;
        }
    });
}

void expect_valid(std::string const& path, std::vector<Json> const& objects) {
    for (auto const& object : objects) {
        if (object["apiVersion"] != rt::tenancy::api_version) {
            continue;
        }
        EXPECT_THAT(violations(schema_of(object["kind"].get<std::string>()), object), IsEmpty())
            << path;
    }
}

TEST(Crd, SamplesUseOnlyWhatTheSchemasHave) {
    auto const samples = objects_under("config/samples");
    EXPECT_GE(samples.size(), 6U);
    for (auto const& [path, objects] : samples) {
        expect_valid(path, objects);
    }
}

TEST(Crd, SamplesShowEveryRegistryType) {
    std::set<std::string> shown;
    for (auto const& [path, objects] : objects_under("config/samples")) {
        for (auto const& object : objects) {
            if (object["kind"] == "Registry") {
                shown.insert(object["spec"]["type"]);
            }
        }
    }
    auto const types = schema_of("Registry")["properties"]["spec"]["properties"]["type"]["enum"];
    EXPECT_EQ(shown, types.get<std::set<std::string>>());
}

TEST(Crd, FixturesOfAcceptedObjectsFitTheSchemas) {
    for (auto const& [path, objects] : objects_under("e2e/suite/crd_rules/good")) {
        expect_valid(path, objects);
    }
}

TEST(Crd, EveryFixtureOfARefusedObjectSaysWhatItExpects) {
    for (auto const& [path, objects] : objects_under("e2e/suite/crd_rules/bad")) {
        EXPECT_TRUE(text_of(path).starts_with("# expect: ")) << path;
        EXPECT_EQ(objects.size(), 1U) << path;
    }
}

}  // namespace
}  // namespace config_test
