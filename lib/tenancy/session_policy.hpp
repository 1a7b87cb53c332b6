#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lib/base/result.hpp"
#include "lib/tenancy/names.hpp"
#include "lib/tenancy/registry.hpp"
#include "lib/tenancy/registry_tenancy.hpp"

namespace rt::tenancy {

/// STS AssumeRole: "The size of Policy must be smaller than 2048 bytes."
inline constexpr std::size_t acr_session_policy_bytes_max = 2048;

/// The inline policy of AssumeRole that narrows a session to `allow` of one ACR instance: it
/// repeats cr:GetAuthorizationToken (or minting is refused) and allows cr:PullRepository on the
/// listed paths (of the region, for edition Personal). `account` is the account that owns the
/// instance (the role's). InvalidArgument with the size where it exceeds the cloud's limit; it is
/// never widened to fit.
[[nodiscard]] Result<std::string> acr_session_policy(AlibabaAcrSpec const& instance,
                                                     std::string_view account,
                                                     std::span<AllowEntry const> allow);

/// AWS STS AssumeRole: an inline policy has at most 2,048 characters. AWS also packs it into a
/// binary form with a limit of its own, which only its answer tells (PackedPolicyTooLarge).
inline constexpr std::size_t ecr_session_policy_bytes_max = 2048;

/// The same for one ECR registry: ecr:GetAuthorizationToken, which knows no resources, and the
/// three actions of a pull on the repositories of `allow`.
[[nodiscard]] Result<std::string> ecr_session_policy(AmazonEcrSpec const& registry,
                                                     std::span<AllowEntry const> allow);

/// True where what `wide` allows includes all of `narrow`.
[[nodiscard]] bool covers(AllowEntry const& wide, AllowEntry const& narrow);
/// Without the entries that others include.
[[nodiscard]] std::vector<AllowEntry> without_covered(std::span<AllowEntry const> allow);

/// How `registry` narrows a credential to `allow`: the session policy, where its type has one.
/// Empty where it has none: Harbor's robots are narrowed by project, other types not at all.
/// InvalidArgument where `allow` can't be told to the registry (`code`: PolicyTooLarge or
/// NotNarrowable) unless the Registry allows that a credential is wider (allowUnnarrowed; it covers
/// what can't be narrowed, never what is too large).
[[nodiscard]] Result<std::string> session_policy(Registry const& registry,
                                                 std::optional<Role> const& role,
                                                 std::span<AllowEntry const> allow);

}  // namespace rt::tenancy
