#include "unit/webhook/worlds.hpp"

namespace rt::test {

Json registry_object(std::string const& name, std::string const& host, std::string const& type) {
    Json spec{{"hosts", {host}}, {"type", type}};
    if (type == "AlibabaACR") {
        spec["alibabaACR"] = {{"instanceID", "cri-shared01"},
                              {"region", "cn-shanghai"},
                              {"identity", {{"type", "InstanceRole"}}}};
    } else if (type == "Anonymous") {
        spec["anonymous"] = Json::object();
    }
    return {
        {"apiVersion", "registrytenancy.dev/v1alpha1"},
        {"kind", "Registry"},
        {"metadata",
         {{"name", name}, {"uid", "uid-" + name}, {"creationTimestamp", "2026-01-01T00:00:00Z"}}},
        {"spec", std::move(spec)}};
}

Json tenancy_object(std::string const& name, std::vector<std::string> namespaces) {
    return {
        {"apiVersion", "registrytenancy.dev/v1alpha1"},
        {"kind", "RegistryTenancy"},
        {"metadata",
         {{"name", name}, {"uid", "uid-" + name}, {"creationTimestamp", "2026-01-01T00:00:00Z"}}},
        {"spec",
         {{"namespaces", std::move(namespaces)},
          {"registries",
           {{{"name", "shared-acr"},
             {"role", "acs:ram::1146716667364888:role/acr-cainiao"},
             {"externalID", "{cluster}"},
             {"allow", {{{"namespace", "cainiao"}}}}}}},
          {"contact", "#registry-help"},
          {"docsURL", "https://wiki.example.com/registry"}}}};
}

Json exception_object(std::string const& name, std::vector<std::string> namespaces, Json image) {
    return {
        {"apiVersion", "registrytenancy.dev/v1alpha1"},
        {"kind", "RegistryException"},
        {"metadata",
         {{"name", name}, {"uid", "uid-" + name}, {"creationTimestamp", "2026-01-02T00:00:00Z"}}},
        {"spec",
         {{"namespaces", std::move(namespaces)},
          {"images", Json::array({std::move(image)})},
          {"reason", "INC-4711"},
          {"expiresAt", "2026-01-02T04:04:05Z"}}}};
}

Json namespace_object(std::string const& name, Json labels) {
    labels["kubernetes.io/metadata.name"] = name;
    return {{"apiVersion", "v1"},
            {"kind", "Namespace"},
            {"metadata", {{"name", name}, {"uid", "uid-" + name}, {"labels", std::move(labels)}}}};
}

World::World()
    : builder(
          clock, [](std::string_view ns) { return ns == "kube-system"; },
          std::chrono::seconds(60)) {
    builder.replace_registries({registry_object("shared-acr", acr_host)});
    builder.replace_tenancies({tenancy_object("cainiao", {"cainiao-prod"})});
    builder.replace_namespaces({namespace_object("cainiao-prod"), namespace_object("default"),
                                namespace_object("kube-system")});
}

webhook::PolicyView World::view() const {
    return {builder.current(), true, std::chrono::milliseconds{0}};
}

std::string World::governing(std::string const& ns) const {
    auto const index = builder.current();
    auto const* const rules = index->find(ns);
    if (rules == nullptr) {
        return "?";
    }
    if (rules->unreadable) {
        return "!" + *rules->unreadable;
    }
    if (!rules->policy) {
        return "-";
    }
    std::string out;
    for (std::string const& name : rules->policy->tenancies()) {
        out += (out.empty() ? "" : ",") + name;
    }
    return out;
}

}  // namespace rt::test
