#pragma once

#include <string>

#include "operator/cloud/amazon/requests.hpp"
#include "operator/cloud/key_cache.hpp"
#include "operator/cloud/token_source.hpp"

namespace rt::op::amazon {

/// AssumeRoleWithWebIdentity.
[[nodiscard]] Result<TemporaryKeys> assume_with_token(CredentialSourceContext const& context,
                                                      tenancy::AmazonEcrSpec const& spec,
                                                      AssumeRole const& parameters,
                                                      SecretString const& token,
                                                      std::stop_token const& stop);

/// What EKS' own webhook tells a Pod whose ServiceAccount has a Pod Identity association, by its
/// environment. Empty: it has none.
struct PodIdentity {
    std::string url{};         ///< of the agent: AWS_CONTAINER_CREDENTIALS_FULL_URI
    std::string token_file{};  ///< AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE
};
/// To be read at the start: nothing of ours changes the environment.
[[nodiscard]] PodIdentity pod_identity_of_environment();

/// Who the operator is before it assumes a role. Thread-safe; one fetch at a time.
class BaseIdentity {
  public:
    BaseIdentity(CredentialSourceContext context, PodIdentity pod_identity)
        : context_(std::move(context)),
          pod_identity_(std::move(pod_identity)),
          cache_(context_.clock) {}

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

    Result<KeyCache::Fetched> fetch_pod_identity(std::stop_token const& stop);

    CredentialSourceContext context_;
    PodIdentity pod_identity_;
    KeyCache cache_;
};

}  // namespace rt::op::amazon
