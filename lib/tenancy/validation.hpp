#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/tenancy/field_error.hpp"
#include "lib/tenancy/policy.hpp"

namespace rt::tenancy {

/// What only several objects together can get wrong; used wherever the objects are used, and early
/// by the webhook for our own resources.

/// Why a tenancy's entry gets no credential at a Registry.
struct RoleProblem {
    std::string field;  ///< "role" or "externalID": the member of the entry that is to blame
    std::string
        reason;  ///< RoleRequired, RoleMismatch, RoleInvalid, RoleNotAllowed, ExternalIDInvalid
    std::string message;  ///< for developers: holds no role and no external ID
};

/// Checks role and external ID of `wanted`, expanded for one namespace, against the Registry's type
/// and allowedRoles. nullopt: fine.
[[nodiscard]] std::optional<RoleProblem> role_problem(Registry const& registry,
                                                      TenancyRegistry const& wanted,
                                                      std::string_view ns,
                                                      std::string_view cluster);

/// A tenancy against the Registries that exist: role grammar, allowedRoles, the size of the session
/// policy of its own entries. A Registry that does not exist is no error (see warnings_for).
[[nodiscard]] FieldErrors validate_against(RegistryTenancy const& tenancy,
                                           RegistryCatalog const& catalog,
                                           std::string_view cluster);

/// A Registry against the others: hosts that another one has already.
[[nodiscard]] FieldErrors validate_against(Registry const& registry, RegistryCatalog const& others);

/// What is allowed but deserves a word to the admin: a Registry that does not exist (yet), no
/// externalID with identity InstanceRole. Each at most 256 bytes, one line.
[[nodiscard]] std::vector<std::string> warnings_for(RegistryTenancy const& tenancy,
                                                    RegistryCatalog const& catalog);

/// One of the namespaces that an exception names.
struct ExceptionScope {
    std::string ns;
    bool exists = true;
    /// In force there; may hold an earlier version of the exception. Null: no tenancy governs it.
    std::shared_ptr<NamespacePolicy const> policy{};
};

/// An exception against the credentials that it would extend: one that would exceed the limit of a
/// session policy is wrong, because the operator would leave it out.
[[nodiscard]] FieldErrors validate_against(RegistryException const& exception,
                                           std::span<ExceptionScope const> scopes,
                                           RegistryCatalog const& catalog,
                                           std::string_view cluster);

/// What the times of an exception are compared with.
struct ExceptionClock {
    WallTime now{};
    std::chrono::seconds longest_life{};
};

/// When it ends, or ended. What was never stored begins to live now.
[[nodiscard]] WallTime end_of(RegistryException const& exception, ExceptionClock const& clock);

/// Says that it has ended, or ends earlier than it says. nullopt: neither.
[[nodiscard]] std::optional<std::string> warning_of_end(RegistryException const& exception,
                                                        ExceptionClock const& clock);

/// What is accepted but deserves a word to the admin: an exception that has ended already (then
/// nothing else matters) or ends earlier than it says, a namespace that no tenancy governs, a
/// Registry that does not exist, a credential that is not extended, a host that should be a
/// Registry. Each at most 256 bytes, one line.
[[nodiscard]] std::vector<std::string> warnings_for(RegistryException const& exception,
                                                    std::span<ExceptionScope const> scopes,
                                                    RegistryCatalog const& catalog,
                                                    std::string_view cluster,
                                                    ExceptionClock const& clock);

/// Keeps what is wrong now and was not wrong before, so that an update that leaves a field
/// unchanged never fails on it.
[[nodiscard]] FieldErrors only_new(FieldErrors const& now, FieldErrors const& before);

}  // namespace rt::tenancy
