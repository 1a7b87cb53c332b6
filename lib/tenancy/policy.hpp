#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "lib/tenancy/image_reference.hpp"
#include "lib/tenancy/registry.hpp"
#include "lib/tenancy/registry_exception.hpp"
#include "lib/tenancy/registry_tenancy.hpp"

namespace rt::tenancy {

/// All Registries that parse, with each host's one owner: the oldest creationTimestamp, then the
/// name.
class RegistryCatalog {
  public:
    RegistryCatalog() = default;
    explicit RegistryCatalog(std::vector<std::shared_ptr<Registry const>> registries);

    [[nodiscard]] Registry const* by_name(std::string_view name) const;
    [[nodiscard]] Registry const* by_host(std::string_view host) const;
    [[nodiscard]] std::shared_ptr<Registry const> shared_by_name(std::string_view name) const;
    /// Hosts of `registry` that it really owns, sorted.
    [[nodiscard]] std::vector<std::string> hosts_of(Registry const& registry) const;

    /// By name.
    [[nodiscard]] std::vector<std::shared_ptr<Registry const>> all() const;

    struct HostConflict {
        std::string host;
        std::string owner;  ///< Registry that has it
        std::string loser;  ///< Registry that also claims it
    };
    [[nodiscard]] std::vector<HostConflict> const& conflicts() const { return conflicts_; }

  private:
    std::map<std::string, std::shared_ptr<Registry const>, std::less<>> by_name_;
    std::map<std::string, Registry const*, std::less<>> by_host_;
    std::vector<HostConflict> conflicts_;
};

/// The order in which claims win: the oldest creationTimestamp, then the name. An object without a
/// timestamp (read from a file, not from the API server) counts as the youngest.
[[nodiscard]] bool older(kube::ObjectMeta const& left, kube::ObjectMeta const& right);

/// One allowed path with the tenancies that stand behind it.
struct EffectiveAllow {
    AllowEntry entry;                    ///< `deprecated` only where every source deprecates it
    std::vector<std::string> tenancies;  ///< sorted
    bool operator==(EffectiveAllow const&) const = default;
};

/// An exception that has not ended, with its end (RegistryException::ends_at).
struct ActiveException {
    std::shared_ptr<RegistryException const> exception;
    WallTime ends_at{};
};

/// What one exception opens.
struct EffectiveException {
    AllowEntry entry;
    std::string digest;  ///< empty: any
    std::string name;    ///< of the RegistryException
    WallTime ends_at{};
    bool operator==(EffectiveException const&) const = default;
};

/// What exceptions open at a host, whether or not a Registry has it.
struct EffectiveHost {
    std::string host;                       ///< or any_host
    std::vector<EffectiveException> allow;  ///< sorted as in EffectiveRegistry
    bool operator==(EffectiveHost const&) const = default;
};

struct EffectiveRegistry {
    std::string name;
    std::vector<std::string> hosts;  ///< owned hosts; empty where the Registry does not exist
    bool exists = false;
    bool has_credentials = false;
    /// What tenancies allow, sorted by kind, then path; empty where only exceptions name it.
    std::vector<EffectiveAllow> allow;
    /// Sorted by kind, path and digest; of equal ones the one that ends last comes first.
    std::vector<EffectiveException> exceptions;
    bool operator==(EffectiveRegistry const&) const = default;
};

/// How an image fares.
struct Verdict {
    enum class Kind {
        Allowed,
        AllowedDeprecated,   ///< every entry that matches is deprecated
        AllowedByException,  ///< no tenancy allows it, an exception does
        RegistryUnknown,     ///< no registry of this namespace has the host
        PathNotAllowed,      ///< the host is known, the repository is in no allowed path
    };
    Kind kind = Kind::RegistryUnknown;
    EffectiveRegistry const* registry = nullptr;    ///< where the host is known
    EffectiveAllow const* allow = nullptr;          ///< the tenancies' entry that allowed it
    EffectiveException const* exception = nullptr;  ///< the exception, where nothing else did

    [[nodiscard]] bool allowed() const {
        return kind == Kind::Allowed || kind == Kind::AllowedDeprecated ||
               kind == Kind::AllowedByException;
    }
};

/// The union of everything that governs a namespace, compiled for quick judgement. Depends on the
/// sets of tenancies and exceptions only, so namespaces under the same ones share one.
class NamespacePolicy {
  public:
    /// `governing`: the tenancies that match the namespace (at least one); `baselines`: all
    /// baselines. An image is fine if any of them allows it. Enforcement (the strictest), the pull
    /// Secret rule (the intersection) and pullPolicy come from the governing ones alone: a baseline
    /// only adds images. `exceptions`: those that name the namespace and have not ended; they add
    /// images, too. Without any governing tenancy it is the policy of an ungoverned namespace: what
    /// exceptions open where the setting unmanagedNamespaces is Deny.
    static NamespacePolicy compile(std::vector<std::shared_ptr<RegistryTenancy const>> governing,
                                   std::vector<std::shared_ptr<RegistryTenancy const>> baselines,
                                   std::vector<ActiveException> exceptions,
                                   RegistryCatalog const& catalog);
    /// Without exceptions.
    static NamespacePolicy compile(std::vector<std::shared_ptr<RegistryTenancy const>> governing,
                                   std::vector<std::shared_ptr<RegistryTenancy const>> baselines,
                                   RegistryCatalog const& catalog) {
        return compile(std::move(governing), std::move(baselines), {}, catalog);
    }

    // Movable only: the index by host points into registries_, which a copy would not own.
    NamespacePolicy(NamespacePolicy&&) = default;
    NamespacePolicy& operator=(NamespacePolicy&&) = default;

    /// Allocates nothing.
    [[nodiscard]] Verdict judge(ImageReference const& image) const;
    [[nodiscard]] Enforcement enforcement() const { return enforcement_; }
    [[nodiscard]] PullSecretsPolicy const& pull_secrets() const { return pull_secrets_; }
    [[nodiscard]] bool pull_always() const { return pull_always_; }
    /// A tenancy names a registry with credentials: Pods should carry our Secret. An exception
    /// extends a credential and makes none.
    [[nodiscard]] bool wants_pull_secret() const { return wants_pull_secret_; }
    [[nodiscard]] std::string const& contact() const { return contact_; }
    [[nodiscard]] std::string const& docs_url() const { return docs_url_; }
    /// Names of the governing tenancies (no baselines), sorted.
    [[nodiscard]] std::vector<std::string> const& tenancies() const { return tenancies_; }
    [[nodiscard]] std::vector<EffectiveRegistry> const& registries() const { return registries_; }
    /// The sources, for credentials_of(): governing first, then baselines.
    [[nodiscard]] std::vector<std::shared_ptr<RegistryTenancy const>> const& sources() const {
        return sources_;
    }
    /// Oldest first.
    [[nodiscard]] std::vector<ActiveException> const& exceptions() const { return exceptions_; }
    /// What exceptions open by host, sorted by host.
    [[nodiscard]] std::vector<EffectiveHost> const& exception_hosts() const {
        return exception_hosts_;
    }

  private:
    NamespacePolicy() = default;
    [[nodiscard]] EffectiveException const* exception_for(ImageReference const& image,
                                                          EffectiveRegistry const* registry,
                                                          std::string_view repository) const;

    std::vector<std::shared_ptr<RegistryTenancy const>> sources_;
    std::vector<ActiveException> exceptions_;
    std::vector<std::string> tenancies_;
    std::vector<EffectiveRegistry> registries_;
    std::vector<EffectiveHost> exception_hosts_;
    std::unordered_map<std::string_view, std::size_t> by_host_;
    Enforcement enforcement_ = Enforcement::Deny;
    PullSecretsPolicy pull_secrets_;
    bool pull_always_ = false;
    bool wants_pull_secret_ = false;
    std::string contact_;
    std::string docs_url_;
};

/// One credential that a namespace needs: (Registry, expanded role, external ID), what it covers.
struct CredentialSpec {
    std::shared_ptr<Registry const> registry;
    std::vector<std::string> hosts;  ///< that the Registry really owns, sorted
    std::optional<Role> role;
    std::string external_id;              ///< expanded
    int session_duration_seconds = 3600;  ///< the smallest of those asked for
    /// Sorted, without `deprecated`; what the session is narrowed to and the keys cover.
    std::vector<AllowEntry> allow;
    std::vector<std::string> tenancies;     ///< behind it, sorted
    std::vector<std::string> exceptions{};  ///< that extend it, sorted

    /// Identifies the credential within its namespace and changes with every input that matters
    /// (role, external ID, identity, instance, hosts, allow): the hash that stands in the Secret's
    /// annotation.
    [[nodiscard]] std::string inputs_hash() const;
};

/// Something that keeps part of a namespace's credentials from being made.
struct CredentialProblem {
    std::string registry;
    std::string tenancy;  ///< empty where an exception names none
    /// RegistryNotFound, NoHosts, RoleRequired, RoleMismatch, RoleInvalid, RoleNotAllowed,
    /// ExternalIDInvalid, CredentialConflict, PolicyTooLarge or NotNarrowable; for exceptions
    /// RegistryNotFound, NoCredential, CredentialAmbiguous, PolicyTooLarge or NotNarrowable.
    std::string reason;
    std::string message;  ///< for developers: no role ARNs
    /// The RegistryException that it is about; what tenancies get is not affected. Empty: none.
    std::string exception{};
    bool operator==(CredentialProblem const&) const = default;
};

struct Credentials {
    std::vector<CredentialSpec> specs;
    std::vector<CredentialProblem> problems;
};

/// Which credentials a namespace needs. Two tenancies that give different credentials for the same
/// key: the oldest tenancy, then the name, wins and the other is a problem for that key alone.
/// Exceptions extend the namespace's only credential for a registry, or that of the tenancy they
/// name. One that cannot be extended, or would exceed the session policy's limit, is left out with
/// a problem, and never takes a tenancy's credential with it.
[[nodiscard]] Credentials credentials_of(NamespacePolicy const& policy,
                                         RegistryCatalog const& catalog, std::string_view ns,
                                         std::string_view cluster);

}  // namespace rt::tenancy
