#include "lib/kube/core/object.hpp"

#include <nlohmann/json.hpp>

#include "lib/base/time.hpp"

namespace rt::kube {
namespace {

std::map<std::string, std::string> string_map_at(Json const& object, std::string_view key) {
    std::map<std::string, std::string> out;
    Json const* const found = find(object, key);
    if (found == nullptr || !found->is_object()) {
        return out;
    }
    for (auto const& [name, value] : found->items()) {
        if (value.is_string()) {
            out.emplace(name, value.get_ref<std::string const&>());
        }
    }
    return out;
}

std::optional<WallTime> time_at(Json const& object, std::string_view key) {
    std::string const text = string_at(object, key);
    if (text.empty()) {
        return std::nullopt;
    }
    auto const time = parse_rfc3339(text);
    return time ? std::optional(*time) : std::nullopt;
}

bool true_at(Json const& object, std::string_view key) {
    Json const* const found = find(object, key);
    return found != nullptr && found->is_boolean() && found->get<bool>();
}

std::optional<OwnerReference> controller_of(Json const& metadata) {
    Json const* const owners = find(metadata, "ownerReferences");
    if (owners == nullptr || !owners->is_array()) {
        return std::nullopt;
    }
    for (Json const& owner : *owners) {
        if (true_at(owner, "controller")) {
            return OwnerReference{string_at(owner, "apiVersion"), string_at(owner, "kind"),
                                  string_at(owner, "name"), string_at(owner, "uid"), true};
        }
    }
    return std::nullopt;
}

}  // namespace

std::string ResourceType::api_version() const {
    return group.empty() ? version : group + "/" + version;
}

std::string ObjectKey::str() const {
    return ns.empty() ? name : ns + "/" + name;
}

ObjectMeta meta_of(Json const& object) {
    ObjectMeta meta;
    Json const* const metadata = find(object, "metadata");
    if (metadata == nullptr) {
        return meta;
    }
    meta.name = string_at(*metadata, "name");
    meta.ns = string_at(*metadata, "namespace");
    meta.uid = string_at(*metadata, "uid");
    meta.resource_version = string_at(*metadata, "resourceVersion");
    if (Json const* const generation = find(*metadata, "generation");
        generation != nullptr && generation->is_number_integer()) {
        meta.generation = generation->get<std::int64_t>();
    }
    meta.labels = string_map_at(*metadata, "labels");
    meta.annotations = string_map_at(*metadata, "annotations");
    meta.creation_timestamp = time_at(*metadata, "creationTimestamp");
    meta.deletion_timestamp = time_at(*metadata, "deletionTimestamp");
    meta.controller = controller_of(*metadata);
    return meta;
}

ObjectKey key_of(Json const& object) {
    Json const* const metadata = find(object, "metadata");
    if (metadata == nullptr) {
        return {};
    }
    return {string_at(*metadata, "namespace"), string_at(*metadata, "name")};
}

namespace types {

ResourceType const pods{"", "v1", "pods", "Pod", true};
ResourceType const namespaces{"", "v1", "namespaces", "Namespace", false};
ResourceType const secrets{"", "v1", "secrets", "Secret", true};
ResourceType const events{"events.k8s.io", "v1", "events", "Event", true};
ResourceType const service_accounts{"", "v1", "serviceaccounts", "ServiceAccount", true};
ResourceType const leases{"coordination.k8s.io", "v1", "leases", "Lease", true};
ResourceType const endpoint_slices{"discovery.k8s.io", "v1", "endpointslices", "EndpointSlice",
                                   true};
ResourceType const cluster_roles{"rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole",
                                 false};
ResourceType const mutating_webhook_configurations{"admissionregistration.k8s.io", "v1",
                                                   "mutatingwebhookconfigurations",
                                                   "MutatingWebhookConfiguration", false};
ResourceType const validating_webhook_configurations{"admissionregistration.k8s.io", "v1",
                                                     "validatingwebhookconfigurations",
                                                     "ValidatingWebhookConfiguration", false};
ResourceType const registries{"registrytenancy.dev", "v1alpha1", "registries", "Registry", false};
ResourceType const registry_tenancies{"registrytenancy.dev", "v1alpha1", "registrytenancies",
                                      "RegistryTenancy", false};
ResourceType const registry_exceptions{"registrytenancy.dev", "v1alpha1", "registryexceptions",
                                       "RegistryException", false};
ResourceType const registry_grants{"registrytenancy.dev", "v1alpha1", "registrygrants",
                                   "RegistryGrant", true};

}  // namespace types
}  // namespace rt::kube
