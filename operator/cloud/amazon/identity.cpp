#include "operator/cloud/amazon/identity.hpp"

#include "lib/base/environment.hpp"
#include "lib/tenancy/registry_blocks.hpp"
#include "operator/cloud/access_key.hpp"
#include "operator/cloud/amazon/requests.hpp"
#include "operator/cloud/amazon/responses.hpp"
#include "operator/cloud/answers.hpp"
#include "operator/cloud/token_file.hpp"

namespace rt::op::amazon {
namespace {

std::string cache_key(tenancy::AmazonEcrSpec const& spec) {
    switch (spec.identity.type) {
        case tenancy::Identity::Type::AccessKey:
            return "key/" + spec.identity.secret_name;
        case tenancy::Identity::Type::InstanceRole:
            return "role/" + spec.identity.role_name;
        case tenancy::Identity::Type::OIDC:
        case tenancy::Identity::Type::ServiceAccount:
            break;
    }
    if (tenancy::pod_identity(spec)) {
        return "pod";
    }
    // Sessions of one region are used in that region alone: it may be the only one in reach.
    return "oidc/" + spec.region + "/" + spec.identity.oidc_role;
}

}  // namespace

PodIdentity pod_identity_of_environment() {
    return {environment_variable("AWS_CONTAINER_CREDENTIALS_FULL_URI"),
            environment_variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")};
}

Result<AccessKeys> BaseIdentity::keys(tenancy::AmazonEcrSpec const& spec,
                                      std::string const& cluster, std::stop_token const& stop) {
    return cache_.get(cache_key(spec), [&] { return fetch(spec, cluster, stop); });
}

void BaseIdentity::forget(tenancy::AmazonEcrSpec const& spec) {
    cache_.forget(cache_key(spec));
}

Result<KeyCache::Fetched> BaseIdentity::fetch(tenancy::AmazonEcrSpec const& spec,
                                              std::string const& cluster,
                                              std::stop_token const& stop) {
    switch (spec.identity.type) {
        case tenancy::Identity::Type::AccessKey:
            return read_access_key(context_, spec.identity.secret_name, stop);
        case tenancy::Identity::Type::InstanceRole:
            return fetch_instance_role(spec.identity, stop);
        case tenancy::Identity::Type::OIDC:
            return tenancy::pod_identity(spec) ? fetch_pod_identity(stop)
                                               : fetch_web_identity(spec, cluster, stop);
        case tenancy::Identity::Type::ServiceAccount:
            break;
    }
    return fail(internal_error("identity ServiceAccount has no keys of its own"));
}

Result<KeyCache::Fetched> BaseIdentity::fetch_instance_role(tenancy::Identity const& identity,
                                                            std::stop_token const& stop) {
    auto const answer = context_.clouds.send(metadata_token_request(), stop);
    if (!answer) {
        return fail(answer.error().with_context(
            "EC2 metadata service (a hop limit of 1 keeps Pods from it)"));
    }
    RT_TRY(SecretString const token, read_metadata_token(*answer));
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
                        "EC2 metadata service");
}

Result<KeyCache::Fetched> BaseIdentity::fetch_web_identity(tenancy::AmazonEcrSpec const& spec,
                                                           std::string const& cluster,
                                                           std::stop_token const& stop) {
    RT_TRY(SecretString const token, read_token_file(context_.web_identity_token_file));
    AssumeRole parameters;
    parameters.role_arn = spec.identity.oidc_role;
    parameters.session_name = session_name(cluster, context_.product_namespace);
    RT_TRY(WebIdentity read, assume_with_token(context_, spec, parameters, token, stop));
    return cache_.dated(std::move(read.keys), read.server_now, "AssumeRoleWithWebIdentity");
}

Result<KeyCache::Fetched> BaseIdentity::fetch_pod_identity(std::stop_token const& stop) {
    constexpr char agent[] = "EKS Pod Identity agent";
    if (pod_identity_.url.empty() || pod_identity_.token_file.empty()) {
        return fail(Error{ErrorKind::NotFound,
                          "the operator's Pod has no EKS Pod Identity "
                          "(AWS_CONTAINER_CREDENTIALS_FULL_URI is not set): associate a role with "
                          "ServiceAccount registry-tenancy-operator in namespace " +
                              context_.product_namespace + ", then restart the operator"});
    }
    RT_TRY(SecretString const token, read_token_file(pod_identity_.token_file));
    RT_TRY(http::Request const request, pod_identity_request(pod_identity_.url, token));
    auto const response = context_.clouds.send(request, stop);
    if (!response) {
        return fail(response.error().with_context(agent));
    }
    auto read = read_pod_identity(*response);
    if (!read) {
        return fail(read.error().with_context(agent));
    }
    return cache_.dated(std::move(*read),
                        server_time(*response).value_or(context_.clock.wall_now()), agent);
}

Result<WebIdentity> assume_with_token(CredentialSourceContext const& context,
                                      tenancy::AmazonEcrSpec const& spec,
                                      AssumeRole const& parameters, SecretString const& token,
                                      std::stop_token const& stop) {
    auto const response = context.clouds.send(web_identity_request(spec, parameters, token), stop);
    if (!response) {
        return fail(response.error().with_context("AssumeRoleWithWebIdentity at " +
                                                  endpoints_of(spec).sts));
    }
    auto read = read_web_identity(*response);
    if (!read) {
        return fail(read.error().with_context("AssumeRoleWithWebIdentity"));
    }
    return WebIdentity{std::move(*read), server_time(*response).value_or(context.clock.wall_now())};
}

}  // namespace rt::op::amazon
