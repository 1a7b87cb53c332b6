#include "operator/cloud/amazon/identity.hpp"

#include "lib/base/environment.hpp"
#include "lib/tenancy/registry_blocks.hpp"
#include "operator/cloud/access_key.hpp"
#include "operator/cloud/amazon/requests.hpp"
#include "operator/cloud/amazon/responses.hpp"
#include "operator/cloud/plain_call.hpp"
#include "operator/cloud/token_file.hpp"

namespace rt::op::amazon {
namespace {

constexpr char assume_with_token_step[] = "AssumeRoleWithWebIdentity";

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
    constexpr char service[] = "EC2 metadata service";
    auto const ask = [&](http::Request const& request, auto const& read) {
        return plain_call(context_.clouds, service, request, read, stop,
                          " (a hop limit of 1 keeps Pods from it)");
    };
    RT_TRY(SecretString const token, ask(metadata_token_request(), read_metadata_token));
    std::string role = identity.role_name;
    if (role.empty()) {
        RT_TRY(role, ask(metadata_role_request(token), read_metadata_role));
    }
    RT_TRY(TemporaryKeys read,
           ask(metadata_credentials_request(role, token), read_metadata_credentials));
    return cache_.dated(std::move(read), service);
}

Result<KeyCache::Fetched> BaseIdentity::fetch_web_identity(tenancy::AmazonEcrSpec const& spec,
                                                           std::string const& cluster,
                                                           std::stop_token const& stop) {
    RT_TRY(SecretString const token, read_token_file(context_.web_identity_token_file));
    AssumeRole parameters;
    parameters.role_arn = spec.identity.oidc_role;
    parameters.session_name = session_name(cluster, context_.product_namespace);
    RT_TRY(TemporaryKeys read, assume_with_token(context_, spec, parameters, token, stop));
    return cache_.dated(std::move(read), assume_with_token_step);
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
    RT_TRY(TemporaryKeys read,
           plain_call(context_.clouds, agent, request, read_pod_identity, stop));
    return cache_.dated(std::move(read), agent);
}

Result<TemporaryKeys> assume_with_token(CredentialSourceContext const& context,
                                        tenancy::AmazonEcrSpec const& spec,
                                        AssumeRole const& parameters, SecretString const& token,
                                        std::stop_token const& stop) {
    return plain_call(context.clouds, assume_with_token_step,
                      web_identity_request(spec, parameters, token), read_web_identity, stop,
                      " at " + endpoints_of(spec).sts);
}

}  // namespace rt::op::amazon
