// The API server and our own code must agree on what a valid object is: what the schema accepts our
// parser reads, and what a rule of the schema refuses our parser refuses, too (it may meet objects
// that were stored under an older schema).

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "lib/tenancy/grant.hpp"
#include "lib/tenancy/policy.hpp"
#include "lib/tenancy/registry.hpp"
#include "lib/tenancy/registry_exception.hpp"
#include "lib/tenancy/registry_tenancy.hpp"
#include "lib/tenancy/settings.hpp"
#include "unit/config/manifests.hpp"
#include "unit/config/schema.hpp"

namespace config_test {
namespace {

using rt::tenancy::Registry;
using rt::tenancy::RegistryException;
using rt::tenancy::RegistryTenancy;
using rt::tenancy::Settings;

// Why our parser refuses an object; empty where it reads it.
std::string refusal(Json const& object) {
    if (object["kind"] == "Registry") {
        auto const parsed = Registry::parse(object);
        return parsed ? "" : to_string(parsed.error());
    }
    if (object["kind"] == "RegistryException") {
        auto const parsed = RegistryException::parse(object);
        return parsed ? "" : to_string(parsed.error());
    }
    auto const parsed = RegistryTenancy::parse(object);
    return parsed ? "" : to_string(parsed.error());
}

bool is_ours_to_parse(Json const& object) {
    return object["kind"] == "Registry" || object["kind"] == "RegistryTenancy" ||
           object["kind"] == "RegistryException";
}

TEST(Parity, WhatTheSchemaAcceptsOurParserReads) {
    for (auto const* const folder : {"e2e/suite/crd_rules/good", "config/samples"}) {
        for (auto const& [path, objects] : objects_under(folder)) {
            for (auto const& object : objects) {
                if (!is_ours_to_parse(object)) {
                    continue;
                }
                EXPECT_EQ(refusal(object), "") << path;
            }
        }
    }
}

TEST(Parity, WhatTheSchemaRefusesOurParserRefuses) {
    std::size_t checked = 0;
    for (auto const& [path, objects] : objects_under("e2e/suite/crd_rules/bad")) {
        for (auto const& object : objects) {
            if (!is_ours_to_parse(object)) {
                continue;
            }
            EXPECT_NE(refusal(object), "") << path << " is read without an error";
            ++checked;
        }
    }
    EXPECT_GT(checked, 80U);
}

TEST(Parity, WhatOurCodeWritesTheSchemaAccepts) {
    for (auto const& [path, objects] : objects_under("e2e/suite/crd_rules/good")) {
        for (auto const& object : objects) {
            if (!is_ours_to_parse(object)) {
                continue;
            }
            auto const spec = object["kind"] == "Registry" ? Registry::parse(object)->spec_json()
                              : object["kind"] == "RegistryException"
                                  ? RegistryException::parse(object)->spec_json()
                                  : RegistryTenancy::parse(object)->spec_json();
            auto const schema = schema_of(object["kind"].get<std::string>())["properties"]["spec"];
            for (auto const& violation : violations(schema, spec)) {
                ADD_FAILURE() << path << " written back: " << violation;
            }
        }
    }
}

TEST(Parity, TheGrantThatOurCodeComposesFitsItsSchema) {
    using namespace rt::tenancy;
    std::vector<std::shared_ptr<Registry const>> registries;
    std::vector<std::shared_ptr<RegistryTenancy const>> governing;
    std::vector<std::shared_ptr<RegistryTenancy const>> baselines;
    std::vector<ActiveException> exceptions;
    for (auto const& [path, objects] : objects_under("config/samples")) {
        for (auto const& object : objects) {
            if (object["kind"] == "Registry") {
                registries.push_back(std::make_shared<Registry>(*Registry::parse(object)));
            } else if (object["kind"] == "RegistryException") {
                exceptions.push_back(
                    {std::make_shared<RegistryException>(*RegistryException::parse(object)),
                     rt::WallTime{}});
            } else if (object["kind"] == "RegistryTenancy") {
                auto tenancy = std::make_shared<RegistryTenancy>(*RegistryTenancy::parse(object));
                (tenancy->baseline ? baselines : governing).push_back(std::move(tenancy));
            }
        }
    }
    ASSERT_EQ(governing.size(), 5U);
    ASSERT_EQ(baselines.size(), 1U);
    ASSERT_EQ(exceptions.size(), 1U);
    RegistryCatalog const catalog(registries);
    auto const policy = NamespacePolicy::compile(governing, baselines, exceptions, catalog);
    std::vector<GrantProblem> const problems{
        {"shared-acr", "cainiao", "AssumeRoleDenied", "the role may not be assumed",
         rt::WallTime{}},
        {"shared-acr", "", "PolicyTooLarge", "left out", rt::WallTime{}, "incident-4711"}};
    auto const grant = effective_grant(policy, problems, "cainiao-prod");
    EXPECT_EQ(violations(schema_of("RegistryGrant"), grant), std::vector<std::string>{})
        << grant.dump(2);
    EXPECT_EQ(grant["metadata"]["name"], "effective");
    EXPECT_EQ(grant["spec"]["registries"].size(), 6U);
    EXPECT_EQ(grant["spec"]["exceptions"].size(), 1U);
    EXPECT_EQ(grant["spec"]["hosts"].size(), 1U);
}

// Every "#key: value" of the settings file made an active line.
std::string uncommented(std::string const& text) {
    std::string result;
    std::size_t start = 0;
    while (start < text.size()) {
        auto const end = std::min(text.find('\n', start), text.size());
        auto line = text.substr(start, end - start);
        auto const hash = line.find_first_not_of(' ');
        if (hash != std::string::npos && line[hash] == '#' && hash + 1 < line.size() &&
            line[hash + 1] != ' ') {
            line.erase(hash, 1);
        }
        result += line + "\n";
        start = end + 1;
    }
    return result;
}

// The settings, so that two of them can be compared.
Json shown(Settings const& settings) {
    auto const& webhook = settings.webhook;
    auto const& limits = webhook.limits;
    auto const& op = settings.op;
    Json kinds = Json::object();
    for (auto const& kind : settings.custom_kinds) {
        for (auto const& path : kind.paths) {
            kinds[kind.name()].push_back(path.str());
        }
    }
    return {settings.cluster_name,
            static_cast<int>(settings.unmanaged_namespaces),
            settings.excluded_namespaces,
            settings.exception_life_max.count(),
            kinds,
            settings.ca_bundle_directory,
            settings.product_namespace,
            settings.log_level,
            webhook.port,
            webhook.admin_port,
            webhook.threads,
            webhook.certificate_directory,
            webhook.client_ca_file,
            webhook.client_subjects,
            webhook.timeout.count(),
            webhook.staleness_max.count(),
            webhook.drain.count(),
            limits.body_bytes_max,
            limits.body_bytes_in_flight_max,
            limits.connections_max,
            limits.connections_per_peer_max,
            limits.suspended_max,
            op.admin_port,
            op.workers,
            static_cast<int>(op.serving_certificate),
            op.mints_per_second,
            op.mint_burst,
            op.drift_mints_per_hour,
            op.pull_checks_per_second};
}

TEST(SettingsFile, AsItShipsIsAllDefaults) {
    auto const settings = Settings::parse(text_of("config/settings/config.yaml"));
    ASSERT_TRUE(settings) << settings.error().message;
    EXPECT_EQ(shown(*settings), shown(Settings{}));
}

TEST(SettingsFile, DocumentsTheDefaultsThatTheCodeHas) {
    auto const text = uncommented(text_of("config/settings/config.yaml"));
    auto const settings = Settings::parse(text);
    ASSERT_TRUE(settings) << settings.error().message << "\n" << text;
    EXPECT_EQ(shown(*settings), shown(Settings{}));
}

TEST(SettingsFile, NamesEveryKeyThatTheCodeKnows) {
    auto const code = text_of("lib/tenancy/settings.cpp");
    auto const file = text_of("config/settings/config.yaml");
    std::set<std::string> keys;
    for (std::string_view const call :
         {"text(\"", "number(\"", "seconds(\"", "per_second(\"", "choice(\"", "texts(\"",
          "absolute_path(\"", "child(\"", "custom_kinds(\""}) {
        for (auto at = code.find("." + std::string(call)); at != std::string::npos;
             at = code.find("." + std::string(call), at + 1)) {
            auto const begin = at + 1 + call.size();
            keys.insert(code.substr(begin, code.find('"', begin) - begin));
        }
    }
    EXPECT_GE(keys.size(), 25U);
    for (auto const& key : keys) {
        EXPECT_NE(file.find(key + ":"), std::string::npos) << key << " is not documented";
    }
}

TEST(SettingsFile, OverlaysSetWhatTheyPromise) {
    auto const hardened = Settings::parse(text_of("config/overlays/hardened/config.yaml"));
    ASSERT_TRUE(hardened) << hardened.error().message;
    EXPECT_EQ(hardened->unmanaged_namespaces, rt::tenancy::UnmanagedNamespaces::Deny);
    auto const external = Settings::parse(text_of("config/overlays/cert-manager/config.yaml"));
    ASSERT_TRUE(external) << external.error().message;
    EXPECT_EQ(external->op.serving_certificate,
              rt::tenancy::OperatorSettings::ServingCertificate::External);
    auto const mutual = Settings::parse(text_of("config/overlays/mutual-tls/config.yaml"));
    ASSERT_TRUE(mutual) << mutual.error().message;
    EXPECT_FALSE(mutual->webhook.client_ca_file.empty());
    EXPECT_FALSE(mutual->webhook.client_subjects.empty())
        << "the cluster's CA signs more than the API server's certificate";
}

}  // namespace
}  // namespace config_test
