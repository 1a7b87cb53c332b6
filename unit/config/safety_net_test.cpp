// The second layer covers what the webhook covers: kinds and doors of the same tables, and the same
// namespaces left out. What it decides is tested on a real API server (e2e/suite).

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "lib/tenancy/image_doors.hpp"
#include "lib/tenancy/names_fixed.hpp"
#include "unit/config/manifests.hpp"

namespace config_test {
namespace {

constexpr std::string_view images_file = "config/overlays/safety-net/images.yaml";
constexpr std::string_view require_file = "config/overlays/safety-net-deny/require_tenancy.yaml";

Json policy_in(std::string_view file) {
    for (auto const& object : documents(file)) {
        if (object["kind"] == "ValidatingAdmissionPolicy") {
            return object["spec"];
        }
    }
    ADD_FAILURE() << "no policy in " << file;
    return {};
}

Json binding_in(std::string_view file) {
    for (auto const& object : documents(file)) {
        if (object["kind"] == "ValidatingAdmissionPolicyBinding") {
            return object["spec"];
        }
    }
    ADD_FAILURE() << "no binding in " << file;
    return {};
}

/// "apps/v1/deployments" for every resource that the rules match on this operation.
std::set<std::string> matched(Json const& policy, std::string_view operation) {
    std::set<std::string> result;
    for (auto const& rule : policy["matchConstraints"]["resourceRules"]) {
        auto const operations = rule["operations"].get<std::vector<std::string>>();
        if (std::find(operations.begin(), operations.end(), operation) == operations.end()) {
            continue;
        }
        for (auto const& resource : rule["resources"]) {
            result.insert(rule["apiGroups"][0].get<std::string>() + "/" +
                          rule["apiVersions"][0].get<std::string>() + "/" +
                          resource.get<std::string>());
        }
    }
    return result;
}

std::set<std::string> judged_by_the_webhook() {
    std::set<std::string> result{"/v1/pods"};
    for (auto const& kind : rt::tenancy::template_kinds()) {
        result.insert(std::string(kind.group) + "/" + std::string(kind.version) + "/" +
                      std::string(kind.resource));
    }
    return result;
}

std::string variable(Json const& policy, std::string_view name) {
    for (auto const& one : policy["variables"]) {
        if (one["name"] == name) {
            return one["expression"].get<std::string>();
        }
    }
    ADD_FAILURE() << "no variable " << name;
    return {};
}

TEST(SafetyNet, CoversTheKindsThatTheWebhookJudges) {
    auto const images = policy_in(images_file);
    EXPECT_EQ(matched(images, "CREATE"), judged_by_the_webhook());
    auto updated = judged_by_the_webhook();
    updated.insert("/v1/pods/ephemeralcontainers");
    EXPECT_EQ(matched(images, "UPDATE"), updated);
    auto const require = policy_in(require_file);
    EXPECT_EQ(matched(require, "CREATE"), judged_by_the_webhook());
    EXPECT_TRUE(matched(require, "UPDATE").empty()) << "finalizers must always be able to go";
}

TEST(SafetyNet, LooksThroughEveryImageDoorBeforeAndAfter) {
    auto const policy = policy_in(images_file);
    for (auto const& [name, spec] :
         {std::pair<std::string, std::string>{"doors", "podSpec"}, {"oldDoors", "oldPodSpec"}}) {
        auto const expression = variable(policy, name);
        for (auto const& door : rt::tenancy::image_doors()) {
            EXPECT_NE(
                expression.find("variables." + spec + ".?" + std::string(door.list) + ".orValue"),
                std::string::npos)
                << name << " " << door.list;
            EXPECT_NE(expression.find("." + std::string(door.object) +
                                      (door.object.empty() ? "?" : ".?") + std::string(door.field)),
                      std::string::npos)
                << name << " " << door.field;
        }
    }
}

TEST(SafetyNet, FailsClosedAndReadsTheGrantOfTheNamespace) {
    for (auto const file : {images_file, require_file}) {
        auto const policy = policy_in(file);
        EXPECT_EQ(policy["failurePolicy"], "Fail") << file;
        EXPECT_EQ(policy["paramKind"]["kind"], "RegistryGrant") << file;
        auto const selector = policy["matchConstraints"]["namespaceSelector"];
        EXPECT_EQ(selector["matchExpressions"][0]["key"], "kubernetes.io/metadata.name") << file;
        EXPECT_EQ(selector["matchExpressions"][0]["values"],
                  Json::parse(R"(["kube-system", "registry-tenancy-system"])"))
            << file;
        auto const binding = binding_in(file);
        EXPECT_EQ(binding["paramRef"]["name"], rt::tenancy::grant_name) << file;
        EXPECT_FALSE(binding["paramRef"].contains("namespace"))
            << "the request's own namespace, not one for all";
        EXPECT_EQ(binding["validationActions"], Json::array({"Deny"})) << file;
    }
    EXPECT_EQ(binding_in(images_file)["paramRef"]["parameterNotFoundAction"], "Allow");
    EXPECT_EQ(binding_in(require_file)["paramRef"]["parameterNotFoundAction"], "Deny");
}

TEST(SafetyNet, ValidationsDenyUnderEnforcementDenyAlone) {
    auto const policy = policy_in(images_file);
    for (auto const& validation : policy["validations"]) {
        auto const expression = validation["expression"].get<std::string>();
        EXPECT_TRUE(expression.starts_with("params.spec.enforcement != 'Deny' ||")) << expression;
        EXPECT_EQ(validation["reason"], "Forbidden");
    }
}

}  // namespace
}  // namespace config_test
