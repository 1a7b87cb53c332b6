#pragma once

#include <stop_token>

#include "operator/cloud/azure/scope_map_requests.hpp"
#include "operator/cloud/leftovers.hpp"
#include "operator/cloud/owner_marks.hpp"
#include "operator/cloud/token_source.hpp"

namespace rt::op::azure {

/// Credentials of Azure container registries that are narrowed to `allow`
/// (azureACR.scopeMapTokens): each mint makes a scope map, a token that has it, and the token's
/// password, as the Registry's own identity; sweep() deletes those that no pull Secret holds any
/// more. A token is never given a second password: Azure takes up to a minute to know one that
/// replaces another, while the first of a new token is good at once, and a password that was
/// written over may be the one in the Secret. Thread-safe.
class ScopeMapTokens {
  public:
    explicit ScopeMapTokens(CredentialSourceContext const& context)
        : context_(context), mark_(context.api), sweeper_(context.clock) {}

    Result<RegistryCredential> mint(MintRequest const& request, std::stop_token const& stop);
    Result<SweepResult> sweep(SweepRequest const& request, std::stop_token const& stop);

  private:
    CredentialSourceContext const& context_;
    ClusterMark mark_;
    Sweeper sweeper_;
};

}  // namespace rt::op::azure
