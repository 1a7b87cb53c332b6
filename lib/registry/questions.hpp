#pragma once

#include <span>
#include <string>
#include <vector>

#include "lib/registry/verdict.hpp"
#include "lib/tenancy/policy.hpp"
#include "lib/tenancy/workloads.hpp"

namespace rt::registry {

/// What to ask which host about a credential.
struct Questions {
    std::string host;
    std::vector<Asked> asked;  ///< at most questions_max, in the order of `allow`
    bool operator==(Questions const&) const = default;
};

/// One token request names them all.
inline constexpr std::size_t questions_max = 16;

/// For each entry of the credential's `allow` one image in use, at the host through which most are.
/// What no image in use needs is not asked: nobody knows which repositories exist. Pure.
[[nodiscard]] Questions questions_of(tenancy::CredentialSpec const& spec,
                                     std::span<tenancy::RunningImage const> running);

}  // namespace rt::registry
