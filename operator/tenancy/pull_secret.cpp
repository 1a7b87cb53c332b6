#include "operator/tenancy/pull_secret.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "lib/base/digest.hpp"
#include "lib/base/time.hpp"
#include "lib/kube/core/object.hpp"
#include "lib/tenancy/docker_config.hpp"
#include "lib/tenancy/names_fixed.hpp"

namespace rt::op {
namespace {

constexpr char data_key[] = ".dockerconfigjson";
/// An object of the API server's etcd is at most 1.5 MiB; Secret data at most 1 MiB.
constexpr std::size_t secret_data_bytes_max = std::size_t{1024} * 1024;

/// Annotation key -> keys of the credential, in the order of the annotation.
std::vector<std::pair<CredentialRecord, std::vector<std::string>>> read_annotation(
    Json const& secret) {
    std::vector<std::pair<CredentialRecord, std::vector<std::string>>> result;
    kube::ObjectMeta const meta = kube::meta_of(secret);
    auto const found = meta.annotations.find(std::string(tenancy::credentials_annotation));
    if (found == meta.annotations.end()) {
        return result;
    }
    std::vector<CredentialRecord> records = read_credentials_annotation(found->second);
    auto const json = parse_json(found->second);
    if (!json || !json->is_object() || json->size() != records.size()) {
        return result;
    }
    std::size_t i = 0;
    for (auto const& [name, value] : json->items()) {
        std::vector<std::string> keys;
        if (Json const* list = find(value, "keys"); list != nullptr && list->is_array()) {
            for (Json const& key : *list) {
                if (key.is_string()) {
                    keys.push_back(key.get<std::string>());
                }
            }
        }
        result.emplace_back(std::move(records[i]), std::move(keys));
        ++i;
    }
    return result;
}

std::string annotation_of(SecretContent const& content) {
    Json json = Json::object();
    for (StoredCredential const& credential : content.credentials) {
        std::string name = credential.record.registry;
        for (int number = 2; json.contains(name); ++number) {
            name = credential.record.registry + '#' + std::to_string(number);
        }
        Json& entry = json[name];
        entry["issuedAt"] = format_rfc3339(credential.record.issued_at);
        if (credential.record.expires_at) {
            entry["expiresAt"] = format_rfc3339(*credential.record.expires_at);
        }
        entry["inputs"] = credential.record.inputs;
        Json& keys = entry["keys"] = Json::array();
        for (auto const& [key, login] : credential.logins) {
            keys.push_back(key);
        }
    }
    return dump_json(json);
}

/// Moves what `existing` has for `registry` under keys that `take` accepts into `out`; a key that
/// is already in `taken` stays where it is.
template <class Take>
void keep(StoredCredential const& existing, Take const& take, std::set<std::string>& taken,
          StoredCredential& out) {
    for (auto const& [key, login] : existing.logins) {
        if (take(key) && taken.insert(key).second) {
            out.logins.emplace(key,
                               StoredCredential::Login{login.username, login.password.clone()});
        }
    }
}

}  // namespace

std::set<std::string> SecretContent::keys() const {
    std::set<std::string> result;
    for (StoredCredential const& credential : credentials) {
        for (auto const& [key, login] : credential.logins) {
            result.insert(key);
        }
    }
    return result;
}

bool Holds::keeps(std::string const& registry, std::string const& key) const {
    if (everything || registries.contains(registry)) {
        return true;
    }
    auto const found = keys.find(registry);
    return found != keys.end() && found->second.contains(key);
}

bool Holds::concerns(std::string const& registry) const {
    return everything || registries.contains(registry) || keys.contains(registry);
}

std::string credential_inputs(tenancy::CredentialSpec const& spec, std::string_view source_version,
                              std::string_view rotation) {
    // Without a rotation it is what it was before there were any: an update of the operator must
    // not mint everything anew.
    std::string result = sha256_hex(spec.inputs_hash() + std::string(rotation)).substr(0, 24);
    if (!source_version.empty()) {
        result += '-' + sha256_hex(source_version).substr(0, 8);
    }
    return result;
}

bool inputs_match(std::string_view recorded, std::string_view wanted) {
    if (recorded == wanted) {
        return true;
    }
    return wanted.find('-') == std::string_view::npos &&
           recorded.substr(0, recorded.find('-')) == wanted;
}

Result<SecretContent> read_secret_content(Json const& secret) {
    SecretContent content;
    Json const* data = find(secret, "data");
    std::string const encoded = data == nullptr ? std::string() : string_at(*data, data_key);
    if (encoded.empty() || encoded.size() > secret_data_bytes_max * 4 / 3 + 4) {
        return fail({ErrorKind::Corrupt, "the pull Secret has no readable .dockerconfigjson"});
    }
    RT_TRY(std::string const decoded, base64_decode(encoded));
    SecretString const text(decoded);
    RT_TRY(auto const entries, tenancy::parse_docker_config(text.reveal()));
    std::map<std::string, tenancy::DockerConfigEntry const*> by_key;
    for (tenancy::DockerConfigEntry const& entry : entries) {
        for (std::string const& key : entry.keys) {
            by_key[key] = &entry;
        }
    }
    for (auto& [record, keys] : read_annotation(secret)) {
        StoredCredential credential;
        credential.record = std::move(record);
        for (std::string const& key : keys) {
            if (auto const found = by_key.find(key); found != by_key.end()) {
                credential.logins.emplace(key,
                                          StoredCredential::Login{found->second->username,
                                                                  found->second->password.clone()});
            }
        }
        content.credentials.push_back(std::move(credential));
    }
    return content;
}

SecretContent merge_content(std::vector<WantedCredential> const& wanted,
                            std::map<std::size_t, RegistryCredential> const& minted,
                            SecretContent const& existing, Holds const& holds, WallTime now) {
    SecretContent result;
    std::set<std::string> taken;
    for (auto const& [index, credential] : minted) {
        WantedCredential const& want = wanted[index];
        StoredCredential stored;
        stored.record = {want.registry, want.inputs, credential.issued_at, credential.expires_at};
        for (std::string const& key : want.keys) {
            if (taken.insert(key).second) {
                stored.logins.emplace(
                    key, StoredCredential::Login{credential.username, credential.password.clone()});
            }
        }
        result.credentials.push_back(std::move(stored));
    }
    for (StoredCredential const& have : existing.credentials) {
        if (have.record.expired(now)) {
            continue;
        }
        StoredCredential kept;
        kept.record = have.record;
        for (std::size_t i = 0; i < wanted.size(); ++i) {
            if (minted.contains(i) || wanted[i].registry != have.record.registry) {
                continue;
            }
            std::vector<std::string> const& keys = wanted[i].keys;
            keep(
                have,
                [&](std::string const& key) {
                    return std::find(keys.begin(), keys.end(), key) != keys.end();
                },
                taken, kept);
        }
        keep(
            have, [&](std::string const& key) { return holds.keeps(have.record.registry, key); },
            taken, kept);
        if (!kept.logins.empty()) {
            result.credentials.push_back(std::move(kept));
        }
    }
    std::stable_sort(result.credentials.begin(), result.credentials.end(),
                     [](StoredCredential const& a, StoredCredential const& b) {
                         return a.record.registry < b.record.registry;
                     });
    return result;
}

Result<Json> render_secret(std::string const& ns, SecretContent const& content,
                           std::string const& uid, std::string const& resource_version) {
    std::vector<tenancy::DockerConfigEntry> entries;
    for (StoredCredential const& credential : content.credentials) {
        for (auto const& [key, login] : credential.logins) {
            entries.push_back({{key}, login.username, login.password.clone()});
        }
    }
    SecretString const config = tenancy::render_docker_config(entries);
    std::string annotation = annotation_of(content);
    if (std::size_t const bytes = config.size() + annotation.size();
        bytes > pull_secret_bytes_max) {
        return fail(invalid_argument(
            "the pull Secret would have " + std::to_string(bytes) + " bytes for " +
            std::to_string(entries.size()) + " keys, more than the " +
            std::to_string(pull_secret_bytes_max) +
            " that are allowed; allow fewer and shorter paths (a registry namespace instead of its "
            "repositories), or split the cluster namespace"));
    }
    Json object = {
        {"apiVersion", "v1"},
        {"kind", "Secret"},
        {"type", "kubernetes.io/dockerconfigjson"},
        {"metadata",
         {{"name", tenancy::pull_secret_name},
          {"namespace", ns},
          {"labels",
           {{std::string(tenancy::managed_by_label), tenancy::managed_by_value},
            // A restored credential would have expired, or be another cluster's.
            {"velero.io/exclude-from-backup", "true"}}},
          {"annotations",
           {{std::string(tenancy::credentials_annotation), std::move(annotation)},
            // GitOps tools that track by namespace must neither report nor prune it.
            {"argocd.argoproj.io/compare-options", "IgnoreExtraneous"},
            {"argocd.argoproj.io/sync-options", "Prune=false"},
            {"kustomize.toolkit.fluxcd.io/prune", "disabled"},
            {"kustomize.toolkit.fluxcd.io/reconcile", "disabled"}}}}},
    };
    object["data"][data_key] = base64_encode(config.reveal());
    if (!uid.empty()) {
        object["metadata"]["uid"] = uid;
    }
    if (!resource_version.empty()) {
        object["metadata"]["resourceVersion"] = resource_version;
    }
    return object;
}

}  // namespace rt::op
