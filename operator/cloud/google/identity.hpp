#pragma once

#include <string>
#include <string_view>

#include "operator/cloud/google/responses.hpp"
#include "operator/cloud/key_cache.hpp"
#include "operator/cloud/token_source.hpp"

namespace rt::op::google {

/// Who calls before a service account is impersonated. Thread-safe; one fetch at a time.
class BaseIdentity {
  public:
    explicit BaseIdentity(CredentialSourceContext context)
        : context_(std::move(context)), cache_(context_.clock) {}

    /// InstanceRole and OIDC: the operator's own access token, which may impersonate; cached. A
    /// refresh that fails falls back to the cached token of the same identity while it lives, never
    /// to another identity.
    Result<SecretString> operators_token(tenancy::GoogleArtifactRegistrySpec const& spec,
                                         std::stop_token const& stop);
    /// The cloud no longer takes that token: the next operators_token() fetches.
    void forget(tenancy::GoogleArtifactRegistrySpec const& spec);

    /// ServiceAccount: the federated access token of the namespace's own ServiceAccount. Never
    /// cached, because it serves one mint.
    Result<AccessToken> namespace_token(tenancy::GoogleArtifactRegistrySpec const& spec,
                                        std::string const& ns, std::string_view scope,
                                        std::stop_token const& stop);

  private:
    Result<KeyCache::Fetched> fetch(tenancy::Identity const& identity, std::stop_token const& stop);
    Result<AccessToken> exchange(tenancy::Identity const& identity, std::string_view scope,
                                 SecretString const& token, std::stop_token const& stop);

    CredentialSourceContext context_;
    KeyCache cache_;
};

}  // namespace rt::op::google
