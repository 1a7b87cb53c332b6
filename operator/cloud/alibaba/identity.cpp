#include "operator/cloud/alibaba/identity.hpp"

#include "operator/cloud/access_key.hpp"
#include "operator/cloud/alibaba/requests.hpp"
#include "operator/cloud/alibaba/responses.hpp"
#include "operator/cloud/answers.hpp"
#include "operator/cloud/token_file.hpp"

namespace rt::op::alibaba {
namespace {

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

Result<KeyCache::Fetched> BaseIdentity::fetch_web_identity(tenancy::AlibabaAcrSpec const& spec,
                                                           std::string const& cluster,
                                                           std::stop_token const& stop) {
    RT_TRY(SecretString const token, read_token_file(context_.rrsa_token_file));
    AssumeRole parameters;
    parameters.role_arn = spec.identity.oidc_role;
    parameters.session_name = session_name(cluster, context_.product_namespace);
    RT_TRY(WebIdentity read, assume_with_token(context_, spec, parameters, token, stop));
    return cache_.dated(std::move(read.keys), read.server_now, "AssumeRoleWithOIDC");
}

Result<WebIdentity> assume_with_token(CredentialSourceContext const& context,
                                      tenancy::AlibabaAcrSpec const& spec,
                                      AssumeRole const& parameters, SecretString const& token,
                                      std::stop_token const& stop) {
    std::string const sts = endpoints_of(spec).sts;
    auto const response =
        context.clouds.send(web_identity_request(sts, parameters, spec.identity.provider, token,
                                                 context.clock.wall_now(), context.random.hex(16)),
                            stop);
    if (!response) {
        return fail(response.error().with_context("AssumeRoleWithOIDC at " + sts));
    }
    auto read = read_assume_role(*response);
    if (!read) {
        return fail(read.error().with_context("AssumeRoleWithOIDC"));
    }
    return WebIdentity{std::move(*read), server_time(*response).value_or(context.clock.wall_now())};
}

}  // namespace rt::op::alibaba
