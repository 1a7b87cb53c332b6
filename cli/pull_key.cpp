#include "cli/pull_key.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "lib/base/digest.hpp"
#include "lib/base/time.hpp"
#include "lib/kube/core/object.hpp"
#include "lib/tenancy/docker_config.hpp"
#include "lib/tenancy/names_fixed.hpp"

namespace rt::cli {
namespace {

/// host/path as the kubelet keeps it.
std::string effective_key(std::string const& key) {
    std::size_t const slash = key.find('/');
    if (slash == std::string::npos) {
        return key;
    }
    std::string path = key.substr(slash);
    if (path.starts_with("/v1/") || path.starts_with("/v2/")) {
        path.erase(0, 3);
    }
    return key.substr(0, slash) + (path == "/" ? "" : path);
}

}  // namespace

std::string matching_key(std::span<std::string const> keys, tenancy::ImageReference const& image) {
    std::string const host(image.registry());
    std::string const name = host + '/' + image.repository();
    std::string best;
    std::string best_effective;
    for (std::string const& key : keys) {
        std::string const effective = effective_key(key);
        bool const same_host = effective.substr(0, effective.find('/')) == host;
        if (same_host && name.starts_with(effective) && effective >= best_effective) {
            best = key;
            best_effective = effective;
        }
    }
    return best;
}

Result<PullKey> pull_key_of(Json const& secret, std::string_view registry,
                            tenancy::ImageReference const& image) {
    Json const* const data = find(secret, "data");
    auto const text =
        base64_decode(data == nullptr ? std::string() : string_at(*data, ".dockerconfigjson"));
    if (!text) {
        return fail(Error{ErrorKind::Corrupt, "its data is no base64"});
    }
    RT_TRY(auto const entries, tenancy::parse_docker_config(*text));
    std::vector<std::string> keys;
    for (auto const& entry : entries) {
        keys.insert(keys.end(), entry.keys.begin(), entry.keys.end());
    }
    PullKey found;
    found.key = matching_key(keys, image);
    auto const annotations = kube::meta_of(secret).annotations;
    auto const annotation = annotations.find(std::string(tenancy::credentials_annotation));
    auto const records =
        parse_json(annotation == annotations.end() ? std::string_view("{}")
                                                   : std::string_view(annotation->second));
    if (!records || !records->is_object()) {
        return found;
    }
    for (auto const& [name, record] : records->items()) {
        // "shared-acr#2" is a second credential for the same registry; the earliest end counts.
        if (registry.empty() || name.substr(0, name.find('#')) != registry) {
            continue;
        }
        found.known_registry = true;
        if (auto const end = parse_rfc3339(string_at(record, "expiresAt"))) {
            found.expires_at = found.expires_at ? std::min(*found.expires_at, *end) : *end;
        }
    }
    return found;
}

}  // namespace rt::cli
