#pragma once

#include <map>
#include <mutex>
#include <string>

#include "operator/cloud/alibaba/responses.hpp"
#include "operator/cloud/token_source.hpp"

namespace rt::op::alibaba {

/// Who the operator is before it assumes a role. Thread-safe; one fetch at a time.
class BaseIdentity {
  public:
    explicit BaseIdentity(CredentialSourceContext context) : context_(std::move(context)) {}

    /// Keys of `identity`, cached. A refresh that fails falls back to the cached keys of the same
    /// identity while they live; never to another identity.
    Result<AccessKeys> keys(tenancy::Identity const& identity, std::stop_token stop);
    /// The cloud no longer takes these keys: the next keys() fetches.
    void forget(tenancy::Identity const& identity);

  private:
    struct Cached {
        AccessKeys keys;
        SteadyTime refresh_at;
        SteadyTime usable_until;
    };
    Result<Cached> fetch(tenancy::Identity const& identity, std::stop_token stop);
    Result<Cached> fetch_instance_role(tenancy::Identity const& identity, std::stop_token stop);
    Result<Cached> fetch_access_key(tenancy::Identity const& identity, std::stop_token stop);

    CredentialSourceContext context_;
    std::mutex mutex_;
    std::map<std::string, Cached> cache_;
};

}  // namespace rt::op::alibaba
