#include "operator/cloud/alibaba/identity.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "lib/base/json.hpp"
#include "lib/base/log.hpp"
#include "operator/cloud/alibaba/requests.hpp"
#include "operator/cloud/secret_data.hpp"

namespace rt::op::alibaba {
namespace {

using namespace std::chrono_literals;

/// The metadata service rotates role credentials well before they end; ten minutes leave room for
/// every call signed with them.
constexpr auto refresh_before_end = 10min;
/// An AccessKey that was replaced in its Secret is picked up within this time.
constexpr auto access_key_reread = 60s;

std::string cache_key(tenancy::Identity const& identity) {
    return identity.type == tenancy::Identity::Type::AccessKey ? "key/" + identity.secret_name
                                                               : "role/" + identity.role_name;
}

}  // namespace

Result<AccessKeys> BaseIdentity::keys(tenancy::Identity const& identity, std::stop_token stop) {
    std::lock_guard const lock(mutex_);
    std::string const key = cache_key(identity);
    auto cached = cache_.find(key);
    SteadyTime const now = context_.clock.steady_now();
    if (cached != cache_.end() && now < cached->second.refresh_at) {
        return cached->second.keys.clone();
    }
    Result<Cached> fetched = fetch(identity, std::move(stop));
    if (fetched) {
        cached = cache_.insert_or_assign(key, std::move(*fetched)).first;
        return cached->second.keys.clone();
    }
    if (cached != cache_.end() && now < cached->second.usable_until) {
        log_warn("base identity not refreshed, using the keys at hand",
                 {{"error", fetched.error().message}});
        return cached->second.keys.clone();
    }
    return fail(fetched.error().with_context("base identity"));
}

void BaseIdentity::forget(tenancy::Identity const& identity) {
    std::lock_guard const lock(mutex_);
    cache_.erase(cache_key(identity));
}

Result<BaseIdentity::Cached> BaseIdentity::fetch(tenancy::Identity const& identity,
                                                 std::stop_token stop) {
    return identity.type == tenancy::Identity::Type::AccessKey
               ? fetch_access_key(identity, std::move(stop))
               : fetch_instance_role(identity, std::move(stop));
}

Result<BaseIdentity::Cached> BaseIdentity::fetch_instance_role(tenancy::Identity const& identity,
                                                               std::stop_token stop) {
    // Normal mode answers without a token, hardened mode refuses the reads below without one; so a
    // failure here decides nothing yet.
    SecretString token;
    if (auto const response = context_.clouds.send(metadata_token_request(), stop)) {
        if (Result<SecretString> read = read_metadata_token(*response)) {
            token = std::move(*read);
        }
    }
    std::string role = identity.role_name;
    if (role.empty()) {
        RT_TRY(http::Response const response,
               context_.clouds.send(metadata_role_request(token), stop));
        RT_TRY(role, read_metadata_role(response));
    }
    RT_TRY(http::Response const response,
           context_.clouds.send(metadata_credentials_request(role, token), stop));
    RT_TRY(TemporaryKeys read, read_metadata_credentials(response));
    WallTime const server_now = server_time(response).value_or(context_.clock.wall_now());
    auto const life = read.expires_at - server_now;
    if (life <= 0s) {
        return fail(Error{ErrorKind::Expired,
                          "ECS metadata service: the role's credentials arrived expired"});
    }
    SteadyTime const now = context_.clock.steady_now();
    // Short-lived ones (under 20 minutes) are renewed at half of their life.
    auto const margin = std::min<std::chrono::nanoseconds>(refresh_before_end, life / 2);
    return Cached{std::move(read.keys), now + life - margin, now + life};
}

Result<BaseIdentity::Cached> BaseIdentity::fetch_access_key(tenancy::Identity const& identity,
                                                            std::stop_token stop) {
    RT_TRY(Json const secret,
           context_.api.get(kube::types::secrets,
                            {context_.product_namespace, identity.secret_name}, std::move(stop)));
    AccessKeys keys;
    RT_TRY(SecretString const id, secret_data(secret, "accessKeyID"));
    RT_TRY(keys.access_key_secret, secret_data(secret, "accessKeySecret"));
    keys.access_key_id = id.reveal();
    SteadyTime const again = context_.clock.steady_now() + access_key_reread;
    return Cached{std::move(keys), again, again};
}

}  // namespace rt::op::alibaba
