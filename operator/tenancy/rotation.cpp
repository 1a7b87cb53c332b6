#include "operator/tenancy/rotation.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "lib/base/digest.hpp"

namespace rt::op {

std::string_view rotation_value(kube::ObjectMeta const& tenancy) {
    auto const found = tenancy.annotations.find(std::string(rotate_annotation));
    return found == tenancy.annotations.end() ? std::string_view() : found->second;
}

std::string rotation_of(tenancy::CredentialSpec const& spec,
                        tenancy::NamespacePolicy const& policy) {
    std::map<std::string, std::string> values;
    for (auto const& source : policy.sources()) {
        std::string const& name = source->meta.name;
        std::string_view const value = rotation_value(source->meta);
        bool const behind =
            std::find(spec.tenancies.begin(), spec.tenancies.end(), name) != spec.tenancies.end();
        if (behind && !value.empty()) {
            values.emplace(name, sha256_hex(value));
        }
    }
    return values.empty() ? std::string() : sha256_hex(dump_json(Json(values)));
}

}  // namespace rt::op
