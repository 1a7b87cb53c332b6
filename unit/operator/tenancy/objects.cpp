#include "unit/operator/tenancy/objects.hpp"

namespace rt::op::test {
namespace {

Json acr(std::string const& name, std::vector<std::string> const& hosts,
         std::string const& instance, std::string const& region) {
    return {{"apiVersion", "registrytenancy.dev/v1alpha1"},
            {"kind", "Registry"},
            {"metadata", {{"name", name}}},
            {"spec",
             {{"hosts", hosts},
              {"type", "AlibabaACR"},
              {"alibabaACR",
               {{"instanceID", instance},
                {"region", region},
                {"identity", {{"type", "InstanceRole"}}}}}}}};
}

}  // namespace

Json shared_acr() {
    return acr("shared-acr", {vpc_host, public_host}, "cri-shanghai-shared01", "cn-shanghai");
}

Json other_acr() {
    return acr("other-acr", {other_host()}, "cri-beijing-other01", "cn-beijing");
}

std::string other_host() {
    return "other-registry.cn-beijing.cr.aliyuncs.com";
}

Json entry(std::string const& registry, std::vector<std::string> const& allow) {
    Json result = {
        {"name", registry}, {"role", role}, {"externalID", "{cluster}"}, {"allow", Json::array()}};
    for (std::string const& path : allow) {
        result["allow"].push_back({{"namespace", path}});
    }
    return result;
}

Json tenancy(std::string const& name, std::vector<std::string> const& namespaces,
             std::vector<std::string> const& allow) {
    Json spec = {{"registries", Json::array({entry("shared-acr", allow)})}};
    if (!namespaces.empty()) {
        spec["namespaces"] = namespaces;
    }
    return {{"apiVersion", "registrytenancy.dev/v1alpha1"},
            {"kind", "RegistryTenancy"},
            {"metadata", {{"name", name}}},
            {"spec", spec}};
}

Json namespace_object(std::string const& name, Json const& labels) {
    return {{"apiVersion", "v1"},
            {"kind", "Namespace"},
            {"metadata", {{"name", name}, {"labels", labels}}}};
}

}  // namespace rt::op::test
