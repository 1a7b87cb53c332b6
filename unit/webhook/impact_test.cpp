#include "webhook/impact/impact.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "lib/tenancy/image_doors.hpp"
#include "unit/support/fake_api_server.hpp"
#include "unit/webhook/reviews.hpp"
#include "unit/webhook/worlds.hpp"
#include "webhook/impact/preview.hpp"
#include "webhook/impact/what_if.hpp"

namespace rt::webhook {
namespace {

using test::acr_host;
using test::registry_object;
using test::tenancy_object;

std::string const good = std::string(acr_host) + "/cainiao/a1:v0.1";
std::string const other = std::string(acr_host) + "/alipay/a1:v0.1";

struct Impacts : testing::Test {
    test::World world;
    AdmissionSettings settings = AdmissionSettings::from(tenancy::Settings{});
    test::FakeApiServer api{world.clock};

    static Json request_for(Json const& object, std::string const& operation = "UPDATE") {
        std::string const kind = object["kind"];
        return {{"name", object["metadata"]["name"]},
                {"operation", operation},
                {"resource",
                 {{"resource", kind == "RegistryTenancy"     ? "registrytenancies"
                               : kind == "RegistryException" ? "registryexceptions"
                                                             : "registries"}}},
                {"object", operation == "DELETE" ? Json(nullptr) : object}};
    }
    std::vector<NamespaceChange> changes(Json const& object,
                                         std::string const& operation = "UPDATE") {
        auto const change = proposed_change(request_for(object, operation),
                                            {world.clock.wall_now(), std::chrono::hours(24)});
        EXPECT_TRUE(change);
        return change ? what_if(*world.builder.current(), *change, settings)
                      : std::vector<NamespaceChange>();
    }
    /// "cainiao-prod: governed>free", joined.
    std::string shown(std::vector<NamespaceChange> const& all) {
        std::string text;
        for (auto const& one : all) {
            auto const name = [](auto const& policy) {
                return !policy ? std::string("free") : allowed_list(*policy, 5);
            };
            text += (text.empty() ? "" : "; ") + one.ns + ": " + name(one.before) + " > " +
                    name(one.after);
        }
        return text;
    }
    std::vector<std::string> preview(Json const& object, std::string const& operation = "UPDATE",
                                     PreviewLimits limits = {}) {
        return preview_impact(api, world.clock, changes(object, operation), settings, limits,
                              world.clock.steady_now() + std::chrono::seconds(4), {});
    }
    void run(std::string const& name, std::string const& image, std::string const& ns) {
        Json pod = test::pod(image, ns);
        pod["metadata"]["name"] = name;
        api.put(kube::types::pods, pod);
    }
    void deploy(std::string const& kind, std::string const& name, std::string const& image,
                std::string const& ns, Json owner = nullptr) {
        for (auto const& one : tenancy::template_kinds()) {
            if (one.kind == kind) {
                Json object = test::workload(kind, image, ns);
                object["metadata"]["name"] = name;
                if (!owner.is_null()) {
                    object["metadata"]["ownerReferences"] = Json::array({std::move(owner)});
                }
                api.put({std::string(one.group), std::string(one.version),
                         std::string(one.resource), kind, true},
                        object);
            }
        }
    }
};

Json allowing(std::string const& registry_namespace, std::vector<std::string> namespaces) {
    Json object = tenancy_object("cainiao", std::move(namespaces));
    object["spec"]["registries"][0]["allow"] = {{{"namespace", registry_namespace}}};
    return object;
}

TEST_F(Impacts, FollowTenanciesIntoTheNamespacesThatTheyConcern) {
    std::string const prod = std::string(acr_host) + "/cainiao/*";
    EXPECT_EQ(shown(changes(tenancy_object("cainiao", {"cainiao-prod"}))), "") << "nothing changes";
    EXPECT_EQ(shown(changes(tenancy_object("cainiao", {"default"}))),
              "cainiao-prod: " + prod + " > free; default: free > " + prod);
    EXPECT_EQ(shown(changes(tenancy_object("cainiao", {"cainiao-prod"}), "DELETE")),
              "cainiao-prod: " + prod + " > free");
    EXPECT_EQ(shown(changes(tenancy_object("new", {"default", "kube-system"}), "CREATE")),
              "default: free > " + prod)
        << "excluded namespaces are nobody's";
    EXPECT_EQ(shown(changes(allowing("alipay", {"cainiao-prod"}))),
              "cainiao-prod: " + prod + " > " + std::string(acr_host) + "/alipay/*");
    Json contact = tenancy_object("cainiao", {"cainiao-prod"});
    contact["spec"]["contact"] = "someone else";
    EXPECT_EQ(shown(changes(contact)), "") << "judges nothing differently";
    Json by_label = tenancy_object("new", {});
    by_label["spec"].erase("namespaces");
    by_label["spec"]["namespaceSelector"] = {
        {"matchLabels", {{"kubernetes.io/metadata.name", "default"}}}};
    EXPECT_EQ(shown(changes(by_label, "CREATE")), "default: free > " + prod);
}

TEST_F(Impacts, FollowBaselinesIntoGovernedNamespacesOnly) {
    Json baseline = tenancy_object("base", {});
    baseline["spec"].erase("namespaces");
    baseline["spec"]["baseline"] = true;
    baseline["spec"]["registries"][0]["allow"] = {{{"namespace", "base"}}};
    auto const created = changes(baseline, "CREATE");
    ASSERT_EQ(created.size(), 1U);
    EXPECT_EQ(created[0].ns, "cainiao-prod");
    world.builder.upsert_tenancy(baseline);
    auto const joined = changes(tenancy_object("new", {"default"}), "CREATE");
    ASSERT_EQ(joined.size(), 1U);
    EXPECT_NE(allowed_list(*joined[0].after, 5).find("/base/*"), std::string::npos);
    auto const removed = changes(baseline, "DELETE");
    ASSERT_EQ(removed.size(), 1U);
    EXPECT_EQ(allowed_list(*removed[0].after, 5), std::string(acr_host) + "/cainiao/*");
}

TEST_F(Impacts, FollowRegistriesThroughTheirHosts) {
    EXPECT_EQ(shown(changes(registry_object("shared-acr", acr_host))), "");
    EXPECT_EQ(changes(registry_object("shared-acr", "other.example.com")).size(), 1U);
    EXPECT_EQ(changes(registry_object("shared-acr", acr_host), "DELETE").size(), 1U);
    EXPECT_EQ(shown(changes(registry_object("unused", "other.example.com"), "CREATE")), "");
    Json older = registry_object("older", acr_host);
    older["metadata"]["creationTimestamp"] = "2020-01-01T00:00:00Z";
    EXPECT_EQ(changes(older, "CREATE").size(), 1U) << "an older claim takes the host away";
}

Json exception_for(std::string const& ns) {
    return test::exception_object("x", {ns}, {{"registry", "shared-acr"}, {"namespace", "alipay"}});
}

TEST_F(Impacts, OfExceptionsAreToldFromBothSides) {
    Json const exception = exception_for("cainiao-prod");
    run("odd", other, "cainiao-prod");
    run("fine", good, "cainiao-prod");
    run("free", other, "default");
    EXPECT_EQ(
        preview(exception, "CREATE"),
        (std::vector<std::string>{"newly allows 1 Pod in 1 namespace (cainiao-prod): Pod odd"}));
    EXPECT_TRUE(preview(exception, "DELETE").empty()) << "it isn't there";
    world.builder.upsert_exception(exception);
    EXPECT_TRUE(changes(exception).empty());
    EXPECT_EQ(preview(exception, "DELETE")
                  .at(0)
                  .find("newly denies 1 Pod in 1 namespace (cainiao-prod): Pod odd"),
              0U);
    Json ended = exception;
    ended["spec"]["expiresAt"] = "2026-01-01T00:00:00Z";
    EXPECT_EQ(preview(ended).at(0).find("newly denies 1 Pod"), 0U) << "ended is deleted";
    Json moved = exception;
    moved["spec"]["namespaces"] = {"default"};
    EXPECT_EQ(preview(moved).size(), 1U) << "the namespace that it leaves; default is free anyway";
}

TEST_F(Impacts, OfExceptionsReachUngovernedNamespacesWhereTheseAreClosed) {
    settings.unmanaged = tenancy::UnmanagedNamespaces::Deny;
    run("odd", other, "default");
    run("worse", "nginx", "default");
    Json const exception = exception_for("default");
    EXPECT_EQ(preview(exception, "CREATE"),
              (std::vector<std::string>{"newly allows 1 Pod in 1 namespace (default): Pod odd"}));
    world.builder.upsert_exception(exception);
    EXPECT_EQ(preview(exception, "DELETE").at(0).find("newly denies 1 Pod in 1 namespace"), 0U);
    world.builder.upsert_tenancy(tenancy_object("second", {"default"}));
    EXPECT_TRUE(preview(tenancy_object("second", {"default"}), "DELETE").empty())
        << "what the exception opens stays open";
}

TEST_F(Impacts, SaySoInNumbersPlacesAndNames) {
    run("web-1", good, "cainiao-prod");
    run("web-2", good, "cainiao-prod");
    run("odd", other, "cainiao-prod");
    run("elsewhere", good, "default");
    deploy("Deployment", "web", good, "cainiao-prod");
    deploy("CronJob", "nightly", good, "cainiao-prod");
    auto const warnings = preview(allowing("alipay", {"cainiao-prod"}));
    ASSERT_EQ(warnings.size(), 2U);
    EXPECT_EQ(warnings[0],
              "newly denies 2 workloads and 2 Pods in 1 namespace (cainiao-prod): Deployment web, "
              "CronJob nightly, Pod web-1, ...; what runs stays until it is made anew");
    EXPECT_EQ(warnings[1], "newly allows 1 Pod in 1 namespace (cainiao-prod): Pod odd");
    EXPECT_TRUE(preview(tenancy_object("cainiao", {"cainiao-prod"})).empty());
}

TEST_F(Impacts, CountWhatRunsOnceAndNotWhatHasEnded) {
    deploy("Deployment", "web", good, "cainiao-prod");
    deploy("ReplicaSet", "web-77", good, "cainiao-prod",
           {{"kind", "Deployment"}, {"name", "web"}, {"controller", true}});
    deploy("ReplicaSet", "alone", good, "cainiao-prod",
           {{"kind", "Rollout"}, {"name", "x"}, {"controller", true}});
    Json done = test::pod(good, "cainiao-prod");
    done["status"] = {{"phase", "Succeeded"}};
    api.put(kube::types::pods, done);
    Json job = test::workload("Job", good, "cainiao-prod");
    job["status"] = {{"completionTime", "2026-01-01T00:00:00Z"}};
    EXPECT_FALSE(counts_by_itself(job));
    auto const warnings = preview(allowing("alipay", {"cainiao-prod"}));
    ASSERT_EQ(warnings.size(), 1U);
    EXPECT_EQ(warnings[0].find("newly denies 2 workloads in 1 namespace"), 0U) << warnings[0];
}

TEST_F(Impacts, DependOnEnforcementPullSecretsAndUnmanagedNamespaces) {
    run("odd", other, "cainiao-prod");
    run("free", other, "default");
    Json audit = tenancy_object("cainiao", {"cainiao-prod"});
    audit["spec"]["enforcement"] = "Audit";
    EXPECT_EQ(preview(audit).at(0).find("newly allows 1 Pod"), 0U);
    EXPECT_EQ(preview(tenancy_object("cainiao", {"cainiao-prod"}), "DELETE")
                  .at(0)
                  .find("newly allows 1 Pod"),
              0U);
    EXPECT_EQ(preview(tenancy_object("new", {"default"}), "CREATE")
                  .at(0)
                  .find("newly denies 1 Pod in 1 namespace (default): Pod free"),
              0U);
    settings.unmanaged = tenancy::UnmanagedNamespaces::Deny;
    EXPECT_TRUE(preview(tenancy_object("new", {"default"}), "CREATE").empty())
        << "denied before and after";
    Json pod = test::pod(good, "cainiao-prod");
    pod["spec"]["imagePullSecrets"] = {{{"name", "mine"}}};
    api.put(kube::types::pods, pod);
    Json listed = tenancy_object("cainiao", {"cainiao-prod"});
    listed["spec"]["imagePullSecrets"] = {{"policy", "Listed"}, {"allowed", {"theirs"}}};
    EXPECT_EQ(preview(listed).at(0).find("newly denies 1 Pod"), 0U);
}

TEST_F(Impacts, NameServiceAccountsWhosePodsCannotTakeOurSecret) {
    auto const account = [&](std::string const& name, std::string const& enforces, Json secrets) {
        api.put(kube::types::service_accounts,
                {{"metadata",
                  {{"name", name},
                   {"namespace", "default"},
                   {"annotations", {{"kubernetes.io/enforce-mountable-secrets", enforces}}}}},
                 {"imagePullSecrets", std::move(secrets)}});
    };
    account("lax", "false", nullptr);
    account("lists-ours", "true", {{{"name", "registry-tenancy"}}});
    Json const fresh = tenancy_object("new", {"default"});
    EXPECT_TRUE(preview(fresh, "CREATE").empty());
    account("strict", "true", {{{"name", "mine"}}});
    EXPECT_EQ(preview(fresh, "CREATE"),
              (std::vector<std::string>{
                  "Pods of ServiceAccount default/strict will be refused: it enforces mountable "
                  "Secrets; add registry-tenancy to its imagePullSecrets"}));
    account("stricter", "true", nullptr);
    EXPECT_NE(preview(fresh, "CREATE").at(0).find("strict and 1 more"), std::string::npos);
    world.builder.upsert_tenancy(fresh);
    EXPECT_TRUE(preview(fresh).empty()) << "nothing new";
}

kube::ResourceType const rollouts{"argoproj.io", "v1alpha1", "rollouts", "Rollout", true};

TEST_F(Impacts, ReachCustomKindsThatTheClusterHas) {
    api.serve(rollouts);
    Json rollout = test::workload("Deployment", good, "cainiao-prod");
    rollout["metadata"]["name"] = "web";
    api.put(rollouts, rollout);
    deploy("ReplicaSet", "web-77", good, "cainiao-prod",
           {{"apiVersion", "argoproj.io/v1alpha1"},
            {"kind", "Rollout"},
            {"name", "web"},
            {"controller", true}});
    Json const narrowed = allowing("alipay", {"cainiao-prod"});
    EXPECT_EQ(preview(narrowed),
              (std::vector<std::string>{
                  "newly denies 1 workload in 1 namespace (cainiao-prod): Rollout web; what runs "
                  "stays until it is made anew"}))
        << "its ReplicaSet is not told once more";
    settings.custom_kinds.clear();
    EXPECT_EQ(preview(narrowed).at(0).find(
                  "newly denies 1 workload in 1 namespace (cainiao-prod): ReplicaSet web-77"),
              0U);
}

TEST_F(Impacts, SayWhichCustomKindsTheyMayNotList) {
    api.serve(rollouts);
    deploy("Deployment", "web", good, "cainiao-prod");
    Json const narrowed = allowing("alipay", {"cainiao-prod"});
    api.fail_next(test::Verb::List, rollouts, Error{ErrorKind::Forbidden, "no"}, -1);
    EXPECT_EQ(preview(narrowed),
              (std::vector<std::string>{
                  "newly denies 1 workload in 1 namespace (cainiao-prod): Deployment web; what "
                  "runs stays until it is made anew",
                  "this preview is not complete: the webhook may not list rollouts.argoproj.io; "
                  "grant its ServiceAccount registry-tenancy-webhook the right"}));
    EXPECT_EQ(api.count(test::Verb::List, rollouts), 1);
    api.clear_faults();
    api.fail_next(test::Verb::RawGet, {"", "", "/apis/ray.io", "", false},
                  Error{ErrorKind::Unavailable, "down"});
    EXPECT_EQ(preview(narrowed).back(),
              "this preview is not complete: the cluster could not be asked which custom kinds it "
              "has");
}

TEST_F(Impacts, AreReadWithinBoundsAndSaySo) {
    std::vector<std::string> namespaces;
    for (int i = 0; i < 4; ++i) {
        std::string const ns = "team-" + std::to_string(i);
        namespaces.push_back(ns);
        world.builder.upsert_namespace(test::namespace_object(ns));
        run("pod", other, ns);
    }
    Json const fresh = tenancy_object("new", namespaces);
    auto const all = preview(fresh, "CREATE");
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(
        all[0],
        "newly denies 4 Pods in 4 namespaces (team-0, team-1, team-2, ...): Pod pod, Pod pod, "
        "Pod pod, ...; what runs stays until it is made anew");
    auto const some = preview(fresh, "CREATE", {.namespaces_max = 2});
    ASSERT_EQ(some.size(), 2U);
    EXPECT_EQ(some[1], "this preview is not complete: it looked at 2 of 4 namespaces");
    auto const few = preview(fresh, "CREATE", {.objects_max = 2});
    EXPECT_EQ(few.back(), "this preview is not complete: it looked at 1 of 4 namespaces");
    api.clear_calls();
    EXPECT_EQ(
        preview_impact(api, world.clock, changes(fresh, "CREATE"), settings, {},
                       world.clock.steady_now(), {}),
        (std::vector<std::string>{"this preview is not complete: it looked at 0 of 4 namespaces"}));
    EXPECT_TRUE(api.calls().empty()) << "no time, no reads";
    api.fail_next(test::Verb::List, kube::types::pods, Error{ErrorKind::Unavailable, "down"}, -1);
    EXPECT_EQ(preview(fresh, "CREATE"),
              (std::vector<std::string>{"this preview is not complete: pods could not be listed in "
                                        "namespace team-0"}));
}

TEST_F(Impacts, ReadPageByPageInTheConcernedNamespacesOnly) {
    for (int i = 0; i < 5; ++i) {
        run("pod-" + std::to_string(i), good, "cainiao-prod");
        run("pod-" + std::to_string(i), good, "default");
    }
    api.clear_calls();
    EXPECT_EQ(preview(allowing("alipay", {"cainiao-prod"}), "UPDATE", {.page_size = 2})
                  .at(0)
                  .find("newly denies 5 Pods in 1 namespace"),
              0U);
    EXPECT_EQ(api.count(test::Verb::List, kube::types::pods), 3);
    for (auto const& call : api.calls()) {
        if (call.verb != test::Verb::RawGet) {  // what custom kinds there are
            EXPECT_EQ(call.key.ns, "cainiao-prod");
        }
    }
}

}  // namespace
}  // namespace rt::webhook
