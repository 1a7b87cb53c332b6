#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "lib/base/json.hpp"
#include "lib/base/result.hpp"
#include "lib/base/secret.hpp"
#include "lib/tenancy/policy.hpp"
#include "operator/cloud/token_source.hpp"
#include "operator/tenancy/records.hpp"

namespace rt::op {

/// Larger Secrets are refused: every node that runs a Pod of the namespace holds them, and each
/// refresh stores another copy.
inline constexpr std::size_t pull_secret_bytes_max = std::size_t{256} * 1024;

/// One credential in a pull Secret: what the annotation says of it, and the secret itself under
/// each of its keys.
struct StoredCredential {
    struct Login {
        std::string username;
        SecretString password;
    };
    CredentialRecord record;
    std::map<std::string, Login> logins;  ///< docker config key -> login
};

/// What is in a pull Secret, or is to be.
struct SecretContent {
    std::vector<StoredCredential> credentials;

    [[nodiscard]] std::set<std::string> keys() const;
};

/// A credential that the namespace should have: its Registry, the hash of all inputs, and the
/// docker config keys that it stands under.
struct WantedCredential {
    std::string registry;
    std::string inputs;
    std::vector<std::string> keys;
};

/// What stays although it is not wanted, because what is wanted cannot be known now.
struct Holds {
    bool everything = false;           ///< a tenancy that cannot be read may govern the namespace
    std::set<std::string> registries;  ///< Registries that cannot be read: all their keys stay
    /// Registries for which no credential can be asked (see Needs::problems): these keys stay.
    std::map<std::string, std::set<std::string>> keys;

    [[nodiscard]] bool keeps(std::string const& registry, std::string const& key) const;
    /// Something of this Registry's may stay.
    [[nodiscard]] bool concerns(std::string const& registry) const;
};

/// The hash of everything that a credential depends on: the spec, the version of the Secret in our
/// own namespace that its identity comes from, and rotation_of() ("" where there is none).
[[nodiscard]] std::string credential_inputs(tenancy::CredentialSpec const& spec,
                                            std::string_view source_version,
                                            std::string_view rotation = {});
/// Whether `recorded` was made for `wanted`. A source Secret that is missing now (`wanted` has no
/// version) changes nothing: minting from nothing would fail, and what was minted lives on.
[[nodiscard]] bool inputs_match(std::string_view recorded, std::string_view wanted);

/// Reads data and annotation of an existing Secret of ours. What is not in both is left out: a key
/// without a record has no known end. Corrupt where the data cannot be read.
[[nodiscard]] Result<SecretContent> read_secret_content(Json const& secret);

/// The merge. Each wanted credential comes from `minted` (by index into `wanted`; an absent entry
/// is not minted) or else, under those of its keys that it already had, from `existing`. What is
/// held stays. What has expired goes. Nothing of `existing` stands under a key that is not wanted
/// or held.
[[nodiscard]] SecretContent merge_content(std::vector<WantedCredential> const& wanted,
                                          std::map<std::size_t, RegistryCredential> const& minted,
                                          SecretContent const& existing, Holds const& holds,
                                          WallTime now);

/// The Secret for one server-side apply. `uid` not empty: only onto that very object; with
/// `resource_version`, only onto that version of it (what was merged from must not have changed).
/// InvalidArgument with the figures where it would exceed pull_secret_bytes_max.
[[nodiscard]] Result<Json> render_secret(std::string const& ns, SecretContent const& content,
                                         std::string const& uid,
                                         std::string const& resource_version);

}  // namespace rt::op
