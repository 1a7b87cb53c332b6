// Who may do what: the table in ARCHITECTURE.md, word for word. A right that is added to a manifest
// must be added here, where it is seen.

#include <algorithm>
#include <set>
#include <string>
#include <string_view>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "lib/tenancy/custom_kinds.hpp"
#include "lib/tenancy/names_fixed.hpp"
#include "unit/config/manifests.hpp"

namespace config_test {
namespace {

using Rights = std::set<std::string>;

std::string joined(Json const& list) {
    std::string text;
    for (auto const& item : list) {
        text += (text.empty() ? "" : ",") + item.get<std::string>();
    }
    return text;
}

// One line per resource: "group/resource [names]: verbs".
Rights rights_of(std::string_view kind, std::string_view name) {
    Rights result;
    auto const role = installed(kind, name);
    for (auto const& rule : role.value("rules", Json::array())) {
        auto const names =
            rule.contains("resourceNames") ? " [" + joined(rule["resourceNames"]) + "]" : "";
        for (auto const& group : rule["apiGroups"]) {
            for (auto const& resource : rule["resources"]) {
                auto const prefix = group.get<std::string>() + "/" + resource.get<std::string>();
                EXPECT_TRUE(result.insert(prefix + names + ": " + joined(rule["verbs"])).second)
                    << "twice: " << prefix;
            }
        }
    }
    return result;
}

TEST(Rbac, TheWebhookReadsRulesAndWritesEvents) {
    Rights rights = rights_of("ClusterRole", "registry-tenancy-webhook");
    for (auto const& kind : rt::tenancy::shipped_custom_kinds()) {
        EXPECT_EQ(rights.erase(kind.name() + ": list"), 1U) << kind.name();
    }
    EXPECT_EQ(rights, (Rights{
                          "registrytenancy.dev/registries: get,list,watch",
                          "registrytenancy.dev/registrytenancies: get,list,watch",
                          "registrytenancy.dev/registryexceptions: get,list,watch",
                          "registrytenancy.dev/registrygrants: get,list,watch",
                          "/namespaces: get,list,watch",
                          "/pods: list",
                          "/replicationcontrollers: list",
                          "/serviceaccounts: list",
                          "apps/deployments: list",
                          "apps/statefulsets: list",
                          "apps/daemonsets: list",
                          "apps/replicasets: list",
                          "batch/jobs: list",
                          "batch/cronjobs: list",
                          "events.k8s.io/events: create,patch",
                      }));
}

TEST(Rbac, TheOperatorReachesSecretsOfTenantsByOneNameOnly) {
    EXPECT_EQ(rights_of("ClusterRole", "registry-tenancy-operator"),
              (Rights{
                  "registrytenancy.dev/registries: get,list,watch",
                  "registrytenancy.dev/registrytenancies: get,list,watch",
                  "registrytenancy.dev/registryexceptions: get,list,watch",
                  "registrytenancy.dev/registrygrants: get,list,watch",
                  "registrytenancy.dev/registries/status: patch",
                  "registrytenancy.dev/registrytenancies/status: patch",
                  "registrytenancy.dev/registryexceptions/status: patch",
                  "registrytenancy.dev/registrygrants [effective]: create,update,patch,delete",
                  "/secrets [registry-tenancy]: get,list,watch,create,patch,delete",
                  "/namespaces: get,list,watch",
                  "/pods: list,watch",
                  "events.k8s.io/events: create,patch",
                  "openreports.io/reports: get,list,watch,create,patch,delete",
                  "wgpolicyk8s.io/policyreports: get,list,watch,create,patch,delete",
              }));
    EXPECT_EQ(rights_of("Role", "registry-tenancy-operator"),
              (Rights{
                  "/secrets: get,list,watch,create,update,patch,delete",
                  "coordination.k8s.io/leases: get,list,watch,create,update,patch,delete",
                  "/serviceaccounts: get,list,watch,create,update,patch,delete",
                  "/serviceaccounts/token: create",
              }));
}

TEST(Rbac, ThePublisherWritesItsConfigurationsAndNothingElse) {
    EXPECT_EQ(rights_of("ClusterRole", "registry-tenancy-publisher"),
              (Rights{
                  "admissionregistration.k8s.io/mutatingwebhookconfigurations [registry-tenancy]: "
                  "get,list,watch,create,patch",
                  "admissionregistration.k8s.io/validatingwebhookconfigurations "
                  "[registry-tenancy,registry-tenancy-resources]: get,list,watch,create,patch",
                  "rbac.authorization.k8s.io/clusterroles [registry-tenancy-webhook]: get",
              }));
    EXPECT_EQ(rights_of("Role", "registry-tenancy-publisher"),
              (Rights{
                  "discovery.k8s.io/endpointslices: get,list,watch",
                  "/secrets [registry-tenancy-webhook-cert]: get,list,watch,create,patch",
              }));
}

TEST(Rbac, DevelopersReadGrantsThroughView) {
    EXPECT_EQ(rights_of("ClusterRole", "registry-tenancy-view"),
              (Rights{"registrytenancy.dev/registrygrants: get,list,watch"}));
    auto const role = installed("ClusterRole", "registry-tenancy-view");
    for (auto const* const to : {"view", "edit", "admin"}) {
        EXPECT_EQ(
            role["metadata"]["labels"]["rbac.authorization.k8s.io/aggregate-to-" + std::string(to)],
            "true");
    }
}

TEST(Rbac, ThePlatformAdminRoleIsAggregatedToNothing) {
    auto const role = installed("ClusterRole", "registry-tenancy-platform-admin");
    EXPECT_FALSE(role["metadata"].contains("labels"));
    EXPECT_TRUE(rights_of("ClusterRole", "registry-tenancy-platform-admin")
                    .contains("registrytenancy.dev/registrytenancies: "
                              "get,list,watch,create,update,patch,delete"));
}

TEST(Rbac, BreakingGlassNeedsNoMoreThanItsCommandUses) {
    EXPECT_FALSE(
        installed("ClusterRole", "registry-tenancy-break-glass")["metadata"].contains("labels"));
    EXPECT_EQ(rights_of("ClusterRole", "registry-tenancy-break-glass"),
              (Rights{
                  "registrytenancy.dev/registryexceptions: get,list,create,delete",
                  "registrytenancy.dev/registries: get,list",
                  "admissionregistration.k8s.io/validatingwebhookconfigurations "
                  "[registry-tenancy]: get,update",
              }));
}

TEST(Rbac, NobodyHasWildcardsOrEscalatingVerbs) {
    for (auto const& object : installed_objects()) {
        if (object["kind"] != "ClusterRole" && object["kind"] != "Role") {
            continue;
        }
        for (auto const& rule : object["rules"]) {
            for (auto const* const list : {"apiGroups", "resources", "verbs"}) {
                EXPECT_EQ(std::ranges::count(rule[list], "*"), 0) << object["metadata"]["name"];
            }
            for (auto const* const verb : {"escalate", "bind", "impersonate"}) {
                EXPECT_EQ(std::ranges::count(rule["verbs"], verb), 0) << object["metadata"]["name"];
            }
        }
    }
}

TEST(Rbac, EveryRoleIsBoundToItsOwnServiceAccountOnly) {
    std::size_t bindings = 0;
    for (auto const& object : installed_objects()) {
        auto const kind = object["kind"].get<std::string>();
        if (kind != "ClusterRoleBinding" && kind != "RoleBinding") {
            continue;
        }
        ++bindings;
        EXPECT_EQ(object["roleRef"]["name"], object["metadata"]["name"]);
        EXPECT_EQ(object["roleRef"]["kind"].get<std::string>() + "Binding", kind);
        ASSERT_EQ(object["subjects"].size(), 1U);
        EXPECT_EQ(object["subjects"][0]["name"], object["metadata"]["name"]);
        EXPECT_EQ(object["subjects"][0]["namespace"], "registry-tenancy-system");
        installed("ServiceAccount", object["subjects"][0]["name"].get<std::string>());
    }
    EXPECT_EQ(bindings, 5U);
}

TEST(Rbac, FixedNamesAreThoseOfTheCode) {
    auto const operator_rights = rights_of("ClusterRole", "registry-tenancy-operator");
    auto const named = [&](std::string_view resource, std::string_view name) {
        auto const prefix = std::string(resource) + " [" + std::string(name) + "]:";
        return std::ranges::any_of(operator_rights,
                                   [&](auto const& line) { return line.starts_with(prefix); });
    };
    EXPECT_TRUE(named("/secrets", rt::tenancy::pull_secret_name));
    EXPECT_TRUE(named("registrytenancy.dev/registrygrants", rt::tenancy::grant_name));
}

}  // namespace
}  // namespace config_test
