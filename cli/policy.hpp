#pragma once

#include <string>

#include "cli/environment.hpp"
#include "cli/world.hpp"

namespace rt::cli {

struct PolicyOptions {
    std::string tenancy{};
    std::string format = "json";  ///< or "terraform"
    /// role, trust, caller, callerTrust or session: this one alone; empty: all of them.
    std::string document{};
    std::string role{};    ///< of several roles this one
    std::string caller{};  ///< ARN of the operator's own identity
    std::string oidc_provider{};
    std::string cluster_name{};  ///< for {cluster}; else the settings', else the cluster's own
    WorldSources world{};
};

/// Prints what the clouds must be told for a tenancy to work: what each role may and whom it
/// trusts, what the operator's identity must be allowed, and the session policies that narrow it
/// for each namespace. 0; 2 where it cannot be told.
int print_policies(PolicyOptions const& options, Environment& env);

}  // namespace rt::cli
