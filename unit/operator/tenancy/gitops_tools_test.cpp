// Backup and GitOps tools leave pull Secrets alone. Each rule is the tool's own, as its source has
// it, and is held against the Secret that the operator writes for a tenancy and a namespace that
// carry the marks of all of these tools.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>

#include "lib/base/text.hpp"
#include "unit/operator/tenancy/world.hpp"

namespace rt::op::test {
namespace {

using Pairs = std::map<std::string, std::string>;

Pairs pairs_at(Json const& object, char const* key) {
    Pairs result;
    if (auto const found = object.at("metadata").find(key); found != object.at("metadata").end()) {
        for (auto const& [name, value] : found->items()) {
            result[name] = value.get<std::string>();
        }
    }
    return result;
}

// Argo CD

/// gitops-engine, pkg/sync/resource/annotations.go, HasAnnotationOption: one of the values between
/// commas, blanks around it aside.
bool has_annotation_option(Json const& object, std::string const& key, std::string_view option) {
    Pairs const annotations = pairs_at(object, "annotations");
    auto const found = annotations.find(key);
    if (found == annotations.end()) {
        return false;
    }
    auto const items = split(found->second, ',');
    return std::any_of(items.begin(), items.end(), [&](std::string_view item) {
        while (!item.empty() && item.front() == ' ') {
            item.remove_prefix(1);
        }
        while (!item.empty() && item.back() == ' ') {
            item.remove_suffix(1);
        }
        return item == option;
    });
}

/// Argo CD, util/argo/resource_tracking.go: an object is an Application's by the annotation
/// argocd.argoproj.io/tracking-id or the label app.kubernetes.io/instance, as argocd-cm says.
bool argo_cd_tracks(Json const& object) {
    return pairs_at(object, "annotations").contains("argocd.argoproj.io/tracking-id") ||
           pairs_at(object, "labels").contains("app.kubernetes.io/instance");
}

/// Argo CD, controller/state.go, CompareAppState: what is live only does not make an Application
/// OutOfSync with compare option IgnoreExtraneous.
bool argo_cd_ignores(Json const& object) {
    return has_annotation_option(object, "argocd.argoproj.io/compare-options", "IgnoreExtraneous");
}

/// gitops-engine, pkg/sync/sync_context.go, pruneObject: nothing with sync option Prune=false.
bool argo_cd_prunes(Json const& object) {
    return !has_annotation_option(object, "argocd.argoproj.io/sync-options", "Prune=false");
}

// Flux

/// fluxcd/pkg, ssa/utils (AnyInMetadata): label or annotation, upper and lower case alike.
bool any_in_metadata(Json const& object, std::string const& key, std::string_view wanted) {
    for (char const* where : {"labels", "annotations"}) {
        Pairs const pairs = pairs_at(object, where);
        auto const found = pairs.find(key);
        if (found != pairs.end() &&
            std::equal(found->second.begin(), found->second.end(), wanted.begin(), wanted.end(),
                       [](unsigned char a, unsigned char b) {
                           return std::tolower(a) == std::tolower(b);
                       })) {
            return true;
        }
    }
    return false;
}

/// kustomize-controller, internal/controller/kustomization_controller.go, prune: DeleteOptions
/// name the owner's labels as Inclusions and prune=disabled, reconcile=disabled as Exclusions.
bool flux_prunes(Json const& object) {
    Pairs const labels = pairs_at(object, "labels");
    return labels.contains("kustomize.toolkit.fluxcd.io/name") &&
           !any_in_metadata(object, "kustomize.toolkit.fluxcd.io/prune", "disabled") &&
           !any_in_metadata(object, "kustomize.toolkit.fluxcd.io/reconcile", "disabled");
}

/// The same file, apply: ApplyOptions exclude reconcile=disabled.
bool flux_applies(Json const& object) {
    return !any_in_metadata(object, "kustomize.toolkit.fluxcd.io/reconcile", "disabled");
}

// Velero

/// velero, pkg/backup/item_backupper.go, itemInclusionChecks: excluded by the label's exact value.
bool velero_backs_up(Json const& object) {
    Pairs const labels = pairs_at(object, "labels");
    auto const found = labels.find("velero.io/exclude-from-backup");
    return found == labels.end() || found->second != "true";
}

/// The Secret that comes of a tenancy and a namespace which GitOps tools manage.
class GitOpsTools : public testing::Test {
  protected:
    GitOpsTools() {
        Json const marks = {{"app.kubernetes.io/instance", "platform"},
                            {"kustomize.toolkit.fluxcd.io/name", "platform"},
                            {"kustomize.toolkit.fluxcd.io/namespace", "flux-system"}};
        Json const notes = {{"argocd.argoproj.io/tracking-id",
                             "platform:registrytenancy.dev/RegistryTenancy:/cainiao"}};
        Json declared = tenancy("cainiao", {"cainiao-prod"}, {"cainiao"});
        declared["metadata"]["labels"] = marks;
        declared["metadata"]["annotations"] = notes;
        Json ns = namespace_object("cainiao-prod", marks);
        ns["metadata"]["annotations"] = notes;
        outside.api.put(kube::types::registries, shared_acr());
        outside.api.put(kube::types::registry_tenancies, declared);
        outside.api.put(kube::types::namespaces, ns);
        World world(outside);
        world.settle();
        secret = world.secret("cainiao-prod").value_or(Json());
    }

    Outside outside;
    Json secret;
    /// As somebody would write it by hand: what each rule makes of it shows that the rule decides.
    Json const plain = {{"metadata", {{"name", "mine"}, {"namespace", "cainiao-prod"}}}};
};

TEST_F(GitOpsTools, ArgoCdNeitherClaimsNorReportsNorPrunesIt) {
    ASSERT_FALSE(secret.is_null());
    EXPECT_FALSE(argo_cd_tracks(secret)) << "marks of the tenancy must not be copied";
    EXPECT_TRUE(argo_cd_ignores(secret));
    EXPECT_FALSE(argo_cd_prunes(secret));
    EXPECT_FALSE(argo_cd_ignores(plain));
    EXPECT_TRUE(argo_cd_prunes(plain));
}

TEST_F(GitOpsTools, FluxNeitherAppliesNorPrunesIt) {
    ASSERT_FALSE(secret.is_null());
    EXPECT_FALSE(flux_applies(secret));
    EXPECT_FALSE(flux_prunes(secret));
    // Even where somebody has put the Kustomization's labels on it.
    Json claimed = secret;
    claimed["metadata"]["labels"]["kustomize.toolkit.fluxcd.io/name"] = "platform";
    EXPECT_FALSE(flux_prunes(claimed));
    EXPECT_TRUE(flux_applies(plain));
    claimed["metadata"].erase("annotations");
    EXPECT_TRUE(flux_prunes(claimed));
}

TEST_F(GitOpsTools, VeleroLeavesItOutOfBackups) {
    ASSERT_FALSE(secret.is_null());
    EXPECT_FALSE(velero_backs_up(secret)) << "a restored credential would have expired";
    EXPECT_TRUE(velero_backs_up(plain));
}

}  // namespace
}  // namespace rt::op::test
