#pragma once

#include <string>

#include "operator/cloud/alibaba/requests.hpp"
#include "operator/cloud/key_cache.hpp"
#include "operator/cloud/token_source.hpp"

namespace rt::op::alibaba {

/// AssumeRoleWithOIDC with a token of a ServiceAccount of this cluster, at the provider that the
/// Registry's identity names.
[[nodiscard]] Result<TemporaryKeys> assume_with_token(CredentialSourceContext const& context,
                                                      tenancy::AlibabaAcrSpec const& spec,
                                                      AssumeRole const& parameters,
                                                      SecretString const& token,
                                                      std::stop_token const& stop);

/// Who the operator is before it assumes a role. Thread-safe; one fetch at a time.
class BaseIdentity {
  public:
    explicit BaseIdentity(CredentialSourceContext context)
        : context_(std::move(context)), cache_(context_.clock) {}

    /// Keys of the Registry's identity, cached. A refresh that fails falls back to the cached keys
    /// of the same identity while they live; never to another identity.
    Result<AccessKeys> keys(tenancy::AlibabaAcrSpec const& spec, std::string const& cluster,
                            std::stop_token const& stop);
    /// The cloud no longer takes these keys: the next keys() fetches.
    void forget(tenancy::AlibabaAcrSpec const& spec);

  private:
    Result<KeyCache::Fetched> fetch(tenancy::AlibabaAcrSpec const& spec, std::string const& cluster,
                                    std::stop_token const& stop);
    Result<KeyCache::Fetched> fetch_instance_role(tenancy::Identity const& identity,
                                                  std::stop_token const& stop);
    Result<KeyCache::Fetched> fetch_web_identity(tenancy::AlibabaAcrSpec const& spec,
                                                 std::string const& cluster,
                                                 std::stop_token const& stop);

    CredentialSourceContext context_;
    KeyCache cache_;
};

}  // namespace rt::op::alibaba
