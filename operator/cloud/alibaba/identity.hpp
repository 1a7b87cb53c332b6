#pragma once

#include <string>

#include "operator/cloud/key_cache.hpp"
#include "operator/cloud/token_source.hpp"

namespace rt::op::alibaba {

/// Who the operator is before it assumes a role. Thread-safe; one fetch at a time.
class BaseIdentity {
  public:
    explicit BaseIdentity(CredentialSourceContext context)
        : context_(std::move(context)), cache_(context_.clock) {}

    /// Keys of `identity`, cached. A refresh that fails falls back to the cached keys of the same
    /// identity while they live; never to another identity.
    Result<AccessKeys> keys(tenancy::Identity const& identity, std::stop_token const& stop);
    /// The cloud no longer takes these keys: the next keys() fetches.
    void forget(tenancy::Identity const& identity);

  private:
    Result<KeyCache::Fetched> fetch(tenancy::Identity const& identity, std::stop_token const& stop);
    Result<KeyCache::Fetched> fetch_instance_role(tenancy::Identity const& identity,
                                                  std::stop_token const& stop);

    CredentialSourceContext context_;
    KeyCache cache_;
};

}  // namespace rt::op::alibaba
