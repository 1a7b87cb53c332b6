#include "operator/cloud/alibaba/identity.hpp"

#include "operator/cloud/access_key.hpp"
#include "operator/cloud/alibaba/requests.hpp"
#include "operator/cloud/alibaba/responses.hpp"
#include "operator/cloud/answers.hpp"

namespace rt::op::alibaba {
namespace {

std::string cache_key(tenancy::Identity const& identity) {
    return identity.type == tenancy::Identity::Type::AccessKey ? "key/" + identity.secret_name
                                                               : "role/" + identity.role_name;
}

}  // namespace

Result<AccessKeys> BaseIdentity::keys(tenancy::Identity const& identity,
                                      std::stop_token const& stop) {
    return cache_.get(cache_key(identity), [&] { return fetch(identity, stop); });
}

void BaseIdentity::forget(tenancy::Identity const& identity) {
    cache_.forget(cache_key(identity));
}

Result<KeyCache::Fetched> BaseIdentity::fetch(tenancy::Identity const& identity,
                                              std::stop_token const& stop) {
    switch (identity.type) {
        case tenancy::Identity::Type::AccessKey:
            return read_access_key(context_, identity.secret_name, stop);
        case tenancy::Identity::Type::InstanceRole:
            return fetch_instance_role(identity, stop);
        case tenancy::Identity::Type::OIDC:
        case tenancy::Identity::Type::ServiceAccount:
            break;
    }
    return fail(invalid_argument("this build has no identity " +
                                 std::string(tenancy::name_of(identity.type)) +
                                 " for type AlibabaACR: update the operator"));
}

Result<KeyCache::Fetched> BaseIdentity::fetch_instance_role(tenancy::Identity const& identity,
                                                            std::stop_token const& stop) {
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
    return cache_.dated(std::move(read), server_time(response).value_or(context_.clock.wall_now()),
                        "ECS metadata service");
}

}  // namespace rt::op::alibaba
