// The annotation registrytenancy.dev/rotate: who mints anew, who does not, and what stays
// meanwhile.
#include "operator/tenancy/rotation.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "lib/base/digest.hpp"
#include "operator/tenancy/pull_secret.hpp"
#include "unit/operator/tenancy/world.hpp"

namespace rt::op::test {
namespace {

using namespace std::chrono_literals;
using kube::types::namespaces;
using kube::types::registries;
using kube::types::registry_tenancies;
using Values = std::map<std::string, std::string>;

/// rotation_of() the one credential that tenancies t1 and t2 and the baseline t3 share, while t4
/// gives none; annotated with `values`.
std::string rotation_with(Values const& values, bool backwards = false) {
    auto const annotated = [&](std::string const& name, std::vector<std::string> const& allow) {
        Json object = tenancy(name, {"team"}, allow);
        if (name == "t3") {
            object["spec"].erase("namespaces");
            object["spec"]["baseline"] = true;
        }
        if (auto const found = values.find(name); found != values.end()) {
            object["metadata"]["annotations"][std::string(rotate_annotation)] = found->second;
        }
        if (name == "t4") {
            object["spec"]["registries"][0]["role"] = "acs:ram::1146716667364888:role/acr-other";
        }
        auto parsed = tenancy::RegistryTenancy::parse(object);
        EXPECT_TRUE(parsed);
        return std::make_shared<tenancy::RegistryTenancy const>(std::move(*parsed));
    };
    TenancyList governing{annotated("t1", {"a"}), annotated("t2", {"b"}), annotated("t4", {"a"})};
    if (backwards) {
        std::reverse(governing.begin(), governing.end());
    }
    auto registry = tenancy::Registry::parse(shared_acr());
    EXPECT_TRUE(registry);
    tenancy::RegistryCatalog const catalog(
        {std::make_shared<tenancy::Registry const>(std::move(*registry))});
    auto const policy =
        tenancy::NamespacePolicy::compile(std::move(governing), {annotated("t3", {"c"})}, catalog);
    auto const credentials = tenancy::credentials_of(policy, catalog, "team", "demo");
    EXPECT_EQ(credentials.specs.size(), 1U);
    return rotation_of(credentials.specs.at(0), policy);
}

TEST(RotationOf, ChangesWithEachTenancysValueAndNotWithTheirOrder) {
    std::vector<Values> const cases{
        {},
        {{"t1", "1"}},
        {{"t1", "2"}},
        {{"t2", "1"}},
        {{"t1", "1"}, {"t2", "1"}},
        {{"t1", "1"}, {"t2", "2"}},
        {{"t1", "2"}, {"t2", "1"}},
        {{"t3", "1"}},
        {{"t1", "\"}"}},
        {{"t1", std::string(100'000, 'x')}},
        {{"t1", std::string(100'001, 'x')}},
    };
    std::set<std::string> rotations;
    for (Values const& values : cases) {
        std::string const rotation = rotation_with(values);
        rotations.insert(rotation);
        EXPECT_EQ(rotation_with(values, true), rotation);
        EXPECT_LE(rotation.size(), 64U);
    }
    EXPECT_EQ(rotations.size(), cases.size());
    EXPECT_EQ(rotation_with({}), "");
    EXPECT_EQ(rotation_with({{"t1", ""}}), "") << "an empty value is none";
    EXPECT_EQ(rotation_with({{"t4", "1"}}), "") << "who gives nothing rotates nothing";
}

// Who updates the operator must not find everything minted anew.
TEST(RotationOf, CredentialInputsAreWhatTheyWereWhereNothingIsRotated) {
    tenancy::CredentialSpec spec;
    auto registry = tenancy::Registry::parse(shared_acr());
    ASSERT_TRUE(registry);
    spec.registry = std::make_shared<tenancy::Registry const>(std::move(*registry));
    std::string const plain = sha256_hex(spec.inputs_hash()).substr(0, 24);
    EXPECT_EQ(credential_inputs(spec, ""), plain);
    EXPECT_EQ(credential_inputs(spec, "", ""), plain);
    EXPECT_NE(credential_inputs(spec, "", "1"), plain);
    EXPECT_NE(credential_inputs(spec, "", "1"), credential_inputs(spec, "", "2"));
    EXPECT_TRUE(inputs_match(credential_inputs(spec, "v1", "1"), credential_inputs(spec, "", "1")));
    EXPECT_FALSE(inputs_match(credential_inputs(spec, "v1", "1"), credential_inputs(spec, "v1")));
}

class Rotation : public testing::Test {
  protected:
    Rotation() {
        outside.api.put(registries, shared_acr());
        outside.api.put(registry_tenancies, rotated(""));
        outside.api.put(registry_tenancies, tenancy("alipay", {"alipay-prod"}, {"alipay"}));
        for (char const* ns : {"cainiao-prod", "cainiao-dev", "alipay-prod"}) {
            outside.api.put(namespaces, namespace_object(ns));
        }
    }
    static Json rotated(std::string const& value, Json allow = Json()) {
        Json object = tenancy("cainiao", {"cainiao-prod", "cainiao-dev"}, {"cainiao"});
        if (!value.empty()) {
            object["metadata"]["annotations"]["registrytenancy.dev/rotate"] = value;
        }
        if (!allow.is_null()) {
            object["spec"]["registries"][0]["allow"] = std::move(allow);
        }
        return object;
    }
    [[nodiscard]] std::multiset<std::string> minted() const {
        std::multiset<std::string> result;
        for (ScriptedSource::Mint const& mint : outside.source.mints) {
            result.insert(mint.ns);
        }
        return result;
    }
    using Namespaces = std::multiset<std::string>;
    Outside outside;
};

TEST_F(Rotation, MintsEveryNamespaceOfTheTenancyAnewInPlaceAndNoOther) {
    World world(outside);
    world.settle();
    auto const before = world.logins("cainiao-prod");
    auto const other = world.logins("alipay-prod");
    std::string const uid = world.secret("cainiao-prod")->at("metadata").at("uid");
    outside.source.mints.clear();
    std::string during;
    outside.source.during = [&] { during = world.condition("cainiao", "Ready"); };
    world.put(registry_tenancies, rotated("leak-1"));
    EXPECT_EQ(minted(), (Namespaces{"cainiao-dev", "cainiao-prod"}));
    auto const after = world.logins("cainiao-prod");
    ASSERT_EQ(after.size(), before.size());
    for (auto const& [key, password] : before) {
        EXPECT_NE(after.at(key), password);
    }
    EXPECT_EQ(world.secret("cainiao-prod")->at("metadata").at("uid"), uid);
    EXPECT_EQ(world.logins("alipay-prod"), other);
    EXPECT_EQ(world.condition("cainiao", "Ready"), "True CredentialsReady");
    EXPECT_EQ(world.condition("cainiao", "Reconciling"), "False Settled");
}

TEST_F(Rotation, EachChangeOfTheValueCountsOnceAndAnythingElseOfTheObjectNever) {
    struct Step {
        std::string name;
        Json object;
        std::size_t mints;
    };
    Json annotated = rotated("1");
    annotated["metadata"]["annotations"]["example.com/note"] = "x";
    Json labelled = annotated;
    labelled["metadata"]["labels"]["team"] = "cainiao";
    Json empty = rotated("2");
    empty["metadata"]["annotations"]["registrytenancy.dev/rotate"] = "";
    World world(outside);
    world.settle();
    for (Step const& step : std::vector<Step>{
             {"set", rotated("1"), 2},
             {"the same again", rotated("1"), 0},
             {"another annotation", annotated, 0},
             {"a label", labelled, 0},
             {"another value", rotated("2"), 2},
             {"an earlier value", rotated("1"), 2},
             {"a value of 200 KB", rotated(std::string(200'000, 'x')), 2},
             {"of which the last byte differs", rotated(std::string(199'999, 'x') + 'y'), 2},
             {"removed", rotated(""), 2},
             {"empty is none", empty, 0},
         }) {
        outside.source.mints.clear();
        world.put(registry_tenancies, step.object);
        EXPECT_EQ(outside.source.mints.size(), step.mints) << step.name;
    }
}

TEST_F(Rotation, ARestartMintsNothing) {
    {
        World world(outside);
        world.settle();
        world.put(registry_tenancies, rotated("1"));
    }
    outside.source.mints.clear();
    outside.api.clear_calls();
    World(outside).settle();
    EXPECT_TRUE(outside.source.mints.empty());
    EXPECT_EQ(outside.api.writes(), 0);
}

TEST_F(Rotation, WhatWasChangedWhileNobodyWasThereIsDoneAtTheStart) {
    {
        World(outside).settle();
    }
    outside.source.mints.clear();
    World(outside).put(registry_tenancies, rotated("1"));
    EXPECT_EQ(minted(), (Namespaces{"cainiao-dev", "cainiao-prod"}));
}

TEST_F(Rotation, AFailureKeepsTheOldCredentialAndSaysSo) {
    World world(outside);
    world.settle();
    auto const before = world.logins("cainiao-prod");
    outside.source.failing["shared-acr"] = {ErrorKind::Unavailable, "timeout", "Busy"};
    world.put(registry_tenancies, rotated("1"));
    EXPECT_EQ(world.logins("cainiao-prod"), before);
    EXPECT_EQ(world.problems("cainiao-prod"), (std::vector<std::string>{"CredentialUnavailable"}));
    std::string const message = world.grant("cainiao-prod")->at("problems").at(0).at("message");
    EXPECT_NE(message.find("the one from before the last change stays in use"), std::string::npos)
        << message;
    EXPECT_EQ(world.condition("cainiao", "Ready"), "False CredentialUnavailable");
    EXPECT_EQ(world.condition("alipay", "Ready"), "True CredentialsReady");
    outside.source.failing.clear();
    world.advance(2min);
    EXPECT_NE(world.logins("cainiao-prod"), before);
    EXPECT_EQ(world.condition("cainiao", "Ready"), "True CredentialsReady");
}

// A refused role is tried again after a minute and more; who changes the value need not wait.
TEST_F(Rotation, AnotherValueIsTriedAtOnceAfterADenial) {
    World world(outside);
    world.settle();
    auto const before = world.logins("cainiao-prod");
    outside.source.failing["shared-acr"] = {ErrorKind::Forbidden, "no", "NoPermission"};
    world.put(registry_tenancies, rotated("1"));
    outside.source.failing.clear();
    world.advance(1s);
    EXPECT_EQ(world.logins("cainiao-prod"), before);
    world.put(registry_tenancies, rotated("2"));
    EXPECT_NE(world.logins("cainiao-prod"), before);
}

// The operator's own write of the status may be told before the watch tells of the annotation.
TEST_F(Rotation, IsSeenInAnEventThatIsOlderThanOurOwnWrite) {
    World world(outside);
    world.settle();
    auto const before = world.logins("cainiao-prod");
    world.outside.api.put(registry_tenancies, [&] {
        Json object = rotated("1");
        object["status"] = outside.api.find(registry_tenancies, {"", "cainiao"})->at("status");
        return object;
    }());
    Json const event = *outside.api.find(registry_tenancies, {"", "cainiao"});
    Json ours = event;
    ours["metadata"]["resourceVersion"] = std::to_string(
        std::stoull(event.at("metadata").at("resourceVersion").get<std::string>()) + 1'000);
    world.view.noted_tenancy(ours);
    world.view.upsert_tenancy(event);
    world.settle();
    EXPECT_NE(world.logins("cainiao-prod"), before);
}

TEST_F(Rotation, NarrowsAtOnceAndMintsOnlyOnceWithAChangeOfRules) {
    World world(outside);
    world.settle();
    world.put(registry_tenancies, rotated("1", {{{"namespace", "cainiao"}}, {{"namespace", "b"}}}));
    outside.source.mints.clear();
    world.put(registry_tenancies, rotated("2", {{{"namespace", "b"}}}));
    EXPECT_EQ(outside.source.mints.size(), 2U);
    EXPECT_EQ(world.keys("cainiao-dev").size(), 2U);
}

}  // namespace
}  // namespace rt::op::test
