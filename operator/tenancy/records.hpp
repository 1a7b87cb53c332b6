#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/clock.hpp"
#include "lib/base/json.hpp"

namespace rt::op {

/// One credential as the pull Secret's annotation describes it. Never the credential itself.
struct CredentialRecord {
    std::string registry;  ///< name of the Registry
    std::string inputs;    ///< credential_inputs() that it was minted for
    WallTime issued_at{};
    std::optional<WallTime> expires_at{};  ///< nullopt: static
    bool operator==(CredentialRecord const&) const = default;

    [[nodiscard]] bool expired(WallTime now) const { return expires_at && *expires_at <= now; }
};

/// What we remember of an existing Secret `registry-tenancy`: metadata only, no data.
struct SecretRecord {
    std::string uid;
    std::string resource_version;
    WallTime created{};
    /// It carries our label or was once applied by us; anything else is a name conflict.
    bool ours = false;
    /// Nobody else has changed its data, annotation or label since we applied them.
    bool intact = false;
    std::vector<CredentialRecord> credentials;
    bool operator==(SecretRecord const&) const = default;
};

/// One entry of RegistryGrant.problems.
struct GrantProblem {
    std::string registry;
    std::string tenancy;
    std::string reason;
    std::string message;
    WallTime since{};
    std::string exception{};  ///< that it is about; empty: none
    bool operator==(GrantProblem const&) const = default;

    /// The same problem, perhaps told with other words or at another time.
    [[nodiscard]] bool same_as(GrantProblem const& other) const {
        return registry == other.registry && tenancy == other.tenancy && reason == other.reason &&
               exception == other.exception;
    }
};

/// What we remember of an existing RegistryGrant `effective`.
struct GrantRecord {
    std::string uid;
    std::string resource_version;
    std::string content_hash;    ///< grant_content_hash()
    std::string workloads_hash;  ///< workloads_hash()
    WallTime created{};
    std::vector<GrantProblem> problems;
    bool of_tenancies = true;  ///< false: it says only what exceptions open
    bool operator==(GrantRecord const&) const = default;
};

struct NamespaceRecord {
    std::string uid;
    std::map<std::string, std::string> labels;
    bool terminating = false;
    bool operator==(NamespaceRecord const&) const = default;
};

/// Reads an object or its metadata. Total: what cannot be understood counts as not intact.
[[nodiscard]] SecretRecord read_secret_record(Json const& object);
[[nodiscard]] GrantRecord read_grant_record(Json const& object);
[[nodiscard]] NamespaceRecord read_namespace_record(Json const& object);

/// The annotation `registrytenancy.dev/credentials`, without keys. Empty where it is malformed.
[[nodiscard]] std::vector<CredentialRecord> read_credentials_annotation(std::string_view text);

/// SHA-256 over what a RegistryGrant says (spec, problems, summary), independent of metadata.
[[nodiscard]] std::string grant_content_hash(Json const& grant);

/// SHA-256 of a grant's `workloads`, or empty for null: the inventory writes them, and what the
/// grant says otherwise is none of its business.
[[nodiscard]] std::string workloads_hash(Json const& workloads);

/// True where resource version `a` is newer than `b` (KEP-5504: digits, compared as numbers). What
/// is no such number counts as newer: then the last one told wins.
[[nodiscard]] bool newer_version(std::string_view a, std::string_view b);

}  // namespace rt::op
