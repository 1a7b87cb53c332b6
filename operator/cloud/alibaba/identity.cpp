#include "operator/cloud/alibaba/identity.hpp"

#include "operator/cloud/access_key.hpp"
#include "operator/cloud/alibaba/requests.hpp"
#include "operator/cloud/alibaba/responses.hpp"
#include "operator/cloud/plain_call.hpp"
#include "operator/cloud/token_file.hpp"

namespace rt::op::alibaba {
namespace {

constexpr char assume_with_token_step[] = "AssumeRoleWithOIDC";

std::string cache_key(tenancy::AlibabaAcrSpec const& spec) {
    switch (spec.identity.type) {
        case tenancy::Identity::Type::AccessKey:
            return "key/" + spec.identity.secret_name;
        case tenancy::Identity::Type::InstanceRole:
            return "role/" + spec.identity.role_name;
        case tenancy::Identity::Type::OIDC:
        case tenancy::Identity::Type::ServiceAccount:
            break;
    }
    return "oidc/" + endpoints_of(spec).sts + "/" + spec.identity.oidc_role + "/" +
           spec.identity.provider;
}

}  // namespace

Result<AccessKeys> BaseIdentity::keys(tenancy::AlibabaAcrSpec const& spec,
                                      std::string const& cluster, std::stop_token const& stop) {
    return cache_.get(cache_key(spec), [&] { return fetch(spec, cluster, stop); });
}

void BaseIdentity::forget(tenancy::AlibabaAcrSpec const& spec) {
    cache_.forget(cache_key(spec));
}

Result<KeyCache::Fetched> BaseIdentity::fetch(tenancy::AlibabaAcrSpec const& spec,
                                              std::string const& cluster,
                                              std::stop_token const& stop) {
    switch (spec.identity.type) {
        case tenancy::Identity::Type::AccessKey:
            return read_access_key(context_, spec.identity.secret_name, stop);
        case tenancy::Identity::Type::InstanceRole:
            return fetch_instance_role(spec.identity, stop);
        case tenancy::Identity::Type::OIDC:
            return fetch_web_identity(spec, cluster, stop);
        case tenancy::Identity::Type::ServiceAccount:
            break;
    }
    return fail(internal_error("identity ServiceAccount has no keys of its own"));
}

Result<KeyCache::Fetched> BaseIdentity::fetch_instance_role(tenancy::Identity const& identity,
                                                            std::stop_token const& stop) {
    constexpr char service[] = "ECS metadata service";
    auto const ask = [&](http::Request const& request, auto const& read) {
        return plain_call(context_.clouds, service, request, read, stop);
    };
    // Normal mode answers without a token, hardened mode refuses the reads below without one; so a
    // failure here decides nothing yet.
    auto const given = ask(metadata_token_request(), read_metadata_token);
    SecretString const token = given ? given->clone() : SecretString();
    std::string role = identity.role_name;
    if (role.empty()) {
        RT_TRY(role, ask(metadata_role_request(token), read_metadata_role));
    }
    RT_TRY(TemporaryKeys read,
           ask(metadata_credentials_request(role, token), read_metadata_credentials));
    return cache_.dated(std::move(read), service);
}

Result<KeyCache::Fetched> BaseIdentity::fetch_web_identity(tenancy::AlibabaAcrSpec const& spec,
                                                           std::string const& cluster,
                                                           std::stop_token const& stop) {
    RT_TRY(SecretString const token, read_token_file(context_.rrsa_token_file));
    AssumeRole parameters;
    parameters.role_arn = spec.identity.oidc_role;
    parameters.session_name = session_name(cluster, context_.product_namespace);
    RT_TRY(TemporaryKeys read, assume_with_token(context_, spec, parameters, token, stop));
    return cache_.dated(std::move(read), assume_with_token_step);
}

Result<TemporaryKeys> assume_with_token(CredentialSourceContext const& context,
                                        tenancy::AlibabaAcrSpec const& spec,
                                        AssumeRole const& parameters, SecretString const& token,
                                        std::stop_token const& stop) {
    std::string const sts = endpoints_of(spec).sts;
    return plain_call(context.clouds, assume_with_token_step,
                      web_identity_request(sts, parameters, spec.identity.provider, token,
                                           context.clock.wall_now(), context.random.hex(16)),
                      read_assume_role, stop, " at " + sts);
}

}  // namespace rt::op::alibaba
