#include "operator/cloud/access_key.hpp"

#include <nlohmann/json.hpp>

#include "operator/cloud/secret_data.hpp"

namespace rt::op {

Result<KeyCache::Fetched> read_access_key(CredentialSourceContext const& context,
                                          std::string const& name, std::stop_token stop) {
    RT_TRY(Json const secret, context.api.get(kube::types::secrets,
                                              {context.product_namespace, name}, std::move(stop)));
    AccessKeys keys;
    RT_TRY(SecretString const id, secret_data(secret, "accessKeyID"));
    RT_TRY(keys.access_key_secret, secret_data(secret, "accessKeySecret"));
    keys.access_key_id = id.reveal();
    // Never kept: what is minted because the Secret has changed must be minted with what it holds.
    SteadyTime const now = context.clock.steady_now();
    return KeyCache::Fetched{std::move(keys), now, now};
}

}  // namespace rt::op
