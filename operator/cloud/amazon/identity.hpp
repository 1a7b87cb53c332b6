#pragma once

#include <string>

#include "operator/cloud/amazon/requests.hpp"
#include "operator/cloud/key_cache.hpp"
#include "operator/cloud/token_source.hpp"

namespace rt::op::amazon {

/// A session that a token was traded for, and the cloud's time then.
struct WebIdentity {
    TemporaryKeys keys;
    WallTime server_now;
};
/// AssumeRoleWithWebIdentity.
[[nodiscard]] Result<WebIdentity> assume_with_token(CredentialSourceContext const& context,
                                                    tenancy::AmazonEcrSpec const& spec,
                                                    AssumeRole const& parameters,
                                                    SecretString const& token,
                                                    std::stop_token const& stop);

/// Who the operator is before it assumes a role. Thread-safe; one fetch at a time.
class BaseIdentity {
  public:
    explicit BaseIdentity(CredentialSourceContext context)
        : context_(std::move(context)), cache_(context_.clock) {}

    /// Keys of the identity of `spec`, cached. A refresh that fails falls back to the cached keys
    /// of the same identity while they live; never to another identity. `cluster` goes into the
    /// name of the session that a web identity begins.
    Result<AccessKeys> keys(tenancy::AmazonEcrSpec const& spec, std::string const& cluster,
                            std::stop_token const& stop);
    /// The cloud no longer takes these keys: the next keys() fetches.
    void forget(tenancy::AmazonEcrSpec const& spec);

  private:
    Result<KeyCache::Fetched> fetch(tenancy::AmazonEcrSpec const& spec, std::string const& cluster,
                                    std::stop_token const& stop);
    Result<KeyCache::Fetched> fetch_instance_role(tenancy::Identity const& identity,
                                                  std::stop_token const& stop);
    Result<KeyCache::Fetched> fetch_web_identity(tenancy::AmazonEcrSpec const& spec,
                                                 std::string const& cluster,
                                                 std::stop_token const& stop);

    CredentialSourceContext context_;
    KeyCache cache_;
};

}  // namespace rt::op::amazon
