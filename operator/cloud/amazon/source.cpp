#include "operator/cloud/amazon/source.hpp"

#include <algorithm>

#include "lib/tenancy/session_policy.hpp"
#include "operator/cloud/amazon/identity.hpp"
#include "operator/cloud/amazon/requests.hpp"
#include "operator/cloud/amazon/responses.hpp"
#include "operator/cloud/namespace_token.hpp"
#include "operator/cloud/signed_call.hpp"

namespace rt::op::amazon {
namespace {

using namespace std::chrono_literals;

/// ECR grants 12 hours; an answer that claims more is not believed.
constexpr auto life_max = 12h;
/// AWS refuses longer sessions to callers that are sessions of a role themselves. The session only
/// has to outlive one call: the registry's token does not end with it.
constexpr int chained_session_seconds_max = 3600;

class AmazonSource final : public CredentialSource {
  public:
    AmazonSource(CredentialSourceContext context, PodIdentity pod_identity)
        : context_(context),
          identity_(context, std::move(pod_identity)),
          cloud_clock_(context.clock) {}

    Result<RegistryCredential> mint(MintRequest const& request, std::stop_token stop) override;

  private:
    Result<TemporaryKeys> assume_role(MintRequest const& request, std::stop_token const& stop);
    Result<TemporaryKeys> assume_role_as(AssumeRole const& parameters, MintRequest const& request,
                                         std::stop_token const& stop);
    template <class Read>
    auto call(std::string const& name, ApiCall const& api_call, AccessKeys const& keys,
              Read const& read, std::stop_token const& stop) -> decltype(read(http::Response()));

    CredentialSourceContext context_;
    BaseIdentity identity_;
    CloudClock cloud_clock_;
};

template <class Read>
auto AmazonSource::call(std::string const& name, ApiCall const& api_call, AccessKeys const& keys,
                        Read const& read, std::stop_token const& stop)
    -> decltype(read(http::Response())) {
    auto const sign_now = [&](WallTime now) { return sign(api_call, keys, now); };
    return signed_call(context_.clouds, cloud_clock_, name, sign_now, read, clock_skew, stop);
}

Result<TemporaryKeys> AmazonSource::assume_role_as(AssumeRole const& parameters,
                                                   MintRequest const& request,
                                                   std::stop_token const& stop) {
    tenancy::AmazonEcrSpec const& registry = *request.spec.registry->amazon_ecr;
    if (registry.identity.type == tenancy::Identity::Type::ServiceAccount) {
        RT_TRY(SecretString const token,
               namespace_token(context_, request.ns, token_audience, stop));
        return assume_with_token(context_, registry, parameters, token, stop);
    }
    RT_TRY(AccessKeys const keys, identity_.keys(registry, request.cluster, stop));
    return call("AssumeRole", assume_role_call(registry, parameters), keys, read_assume_role, stop);
}

Result<TemporaryKeys> AmazonSource::assume_role(MintRequest const& request,
                                                std::stop_token const& stop) {
    tenancy::CredentialSpec const& spec = request.spec;
    tenancy::AmazonEcrSpec const& registry = *spec.registry->amazon_ecr;
    // The keys of an AccessKey and a token are no session of a role.
    bool const chained = registry.identity.type == tenancy::Identity::Type::InstanceRole ||
                         registry.identity.type == tenancy::Identity::Type::OIDC;
    AssumeRole parameters;
    parameters.role_arn = spec.role->str();
    parameters.session_name = session_name(request.cluster, request.ns);
    parameters.external_id = spec.external_id;
    parameters.duration_seconds =
        chained ? std::min(spec.session_duration_seconds, chained_session_seconds_max)
                : spec.session_duration_seconds;
    if (registry.session_tags) {
        parameters.tag_cluster = request.cluster;
        parameters.tag_namespace = request.ns;
    }
    // A policy that does not fit is an error here, never a wider session.
    RT_TRY(parameters.policy, tenancy::ecr_session_policy(registry, spec.allow));
    auto assumed = assume_role_as(parameters, request, stop);
    if (!assumed && stale_keys(assumed.error()) &&
        registry.identity.type != tenancy::Identity::Type::ServiceAccount) {
        identity_.forget(registry);
        assumed = assume_role_as(parameters, request, stop);
    }
    if (!assumed && assumed.error().code == "PackedPolicyTooLarge") {
        assumed.error().message += "; the session policy that allow compiles to has " +
                                   std::to_string(parameters.policy.size()) +
                                   " bytes: allow fewer paths, or a registry namespace instead of "
                                   "single repositories";
    }
    return assumed;
}

Result<RegistryCredential> AmazonSource::mint(MintRequest const& request, std::stop_token stop) {
    tenancy::CredentialSpec const& spec = request.spec;
    if (!spec.registry->amazon_ecr || !spec.role ||
        spec.role->cloud() != tenancy::Role::Cloud::Aws ||
        spec.role->partition() != spec.registry->amazon_ecr->partition()) {
        return fail(invalid_argument("Registry " + spec.registry->meta.name +
                                     " of type AmazonECR needs a role "
                                     "arn:PARTITION:iam::ACCOUNT:role/NAME of its region's "
                                     "partition in the tenancy"));
    }
    tenancy::AmazonEcrSpec const& registry = *spec.registry->amazon_ecr;
    RT_TRY(TemporaryKeys const session, assume_role(request, stop));

    RT_TRY(AuthorizationToken token,
           call("GetAuthorizationToken", authorization_token_call(registry), session.keys,
                read_authorization_token, stop));
    return credential_of(std::move(token), cloud_clock_.now(), life_max, context_.clock.wall_now());
}

}  // namespace

std::unique_ptr<CredentialSource> make_source(CredentialSourceContext context,
                                              PodIdentity pod_identity) {
    return std::make_unique<AmazonSource>(std::move(context), std::move(pod_identity));
}

}  // namespace rt::op::amazon
