#include "operator/cloud/google/identity.hpp"

#include "operator/cloud/google/requests.hpp"
#include "operator/cloud/namespace_token.hpp"
#include "operator/cloud/plain_call.hpp"
#include "operator/cloud/token_file.hpp"

namespace rt::op::google {
namespace {

std::string cache_key(tenancy::Identity const& identity) {
    return identity.type == tenancy::Identity::Type::OIDC ? "oidc/" + identity.audience
                                                          : "account/" + identity.service_account;
}

/// A bearer token as the cache of base identities keeps it.
TemporaryKeys as_keys(AccessToken token, WallTime now) {
    TemporaryKeys keys;
    keys.keys.security_token = std::move(token.token);
    keys.expires_at = now + token.life;
    keys.answered_at = now;
    return keys;
}

}  // namespace

Result<SecretString> BaseIdentity::operators_token(tenancy::GoogleArtifactRegistrySpec const& spec,
                                                   std::stop_token const& stop) {
    RT_TRY(AccessKeys keys,
           cache_.get(cache_key(spec.identity), [&] { return fetch(spec.identity, stop); }));
    return std::move(keys.security_token);
}

void BaseIdentity::forget(tenancy::GoogleArtifactRegistrySpec const& spec) {
    cache_.forget(cache_key(spec.identity));
}

Result<KeyCache::Fetched> BaseIdentity::fetch(tenancy::Identity const& identity,
                                              std::stop_token const& stop) {
    WallTime const now = context_.clock.wall_now();
    if (identity.type == tenancy::Identity::Type::OIDC) {
        RT_TRY(SecretString const token, read_token_file(context_.google_token_file));
        RT_TRY(AccessToken federated, exchange(identity, impersonation_scope, token, stop));
        return cache_.dated(as_keys(std::move(federated), now), "sts.googleapis.com");
    }
    if (identity.type != tenancy::Identity::Type::InstanceRole) {
        return fail(internal_error("an identity that the operator does not have at Google"));
    }
    constexpr char server[] = "GCE metadata server";
    RT_TRY(AccessToken token,
           plain_call(context_.clouds, server,
                      metadata_token_request(
                          identity.service_account.empty() ? "default" : identity.service_account),
                      read_metadata_token, stop,
                      " (is this a node of Google Cloud, and may Pods reach it?)"));
    return cache_.dated(as_keys(std::move(token), now), server);
}

Result<AccessToken> BaseIdentity::exchange(tenancy::Identity const& identity,
                                           std::string_view scope, SecretString const& token,
                                           std::stop_token const& stop) {
    return plain_call(context_.clouds, "token exchange with " + identity.audience,
                      exchange_request(identity.audience, scope, token), read_exchange, stop,
                      " at sts.googleapis.com");
}

Result<AccessToken> BaseIdentity::namespace_token(tenancy::GoogleArtifactRegistrySpec const& spec,
                                                  std::string const& ns, std::string_view scope,
                                                  std::stop_token const& stop) {
    RT_TRY(SecretString const token,
           op::namespace_token(context_, ns, default_audience(spec.identity.audience), stop));
    return exchange(spec.identity, scope, token, stop);
}

}  // namespace rt::op::google
