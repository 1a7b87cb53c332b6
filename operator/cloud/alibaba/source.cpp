#include "operator/cloud/alibaba/source.hpp"

#include <algorithm>

#include "lib/tenancy/session_policy.hpp"
#include "operator/cloud/alibaba/identity.hpp"
#include "operator/cloud/alibaba/requests.hpp"
#include "operator/cloud/alibaba/responses.hpp"
#include "operator/cloud/namespace_token.hpp"
#include "operator/cloud/signed_call.hpp"

namespace rt::op::alibaba {
namespace {

using namespace std::chrono_literals;

/// STS grants at most 12 hours and ACR at most 24; an answer that claims more is not believed.
constexpr auto life_max = 24h;

class AlibabaSource final : public CredentialSource {
  public:
    explicit AlibabaSource(CredentialSourceContext context)
        : context_(context), identity_(context), cloud_clock_(context.clock) {}

    Result<RegistryCredential> mint(MintRequest const& request, std::stop_token stop) override;

  private:
    Result<TemporaryKeys> assume_role(MintRequest const& request, std::stop_token stop);
    Result<TemporaryKeys> assume_role_as(AssumeRole const& parameters, MintRequest const& request,
                                         std::stop_token stop);
    template <class Read>
    auto call(ApiCall const& api_call, AccessKeys const& keys, Read const& read,
              std::stop_token const& stop) -> decltype(read(http::Response()));

    CredentialSourceContext context_;
    BaseIdentity identity_;
    CloudClock cloud_clock_;
};

template <class Read>
auto AlibabaSource::call(ApiCall const& api_call, AccessKeys const& keys, Read const& read,
                         std::stop_token const& stop) -> decltype(read(http::Response())) {
    auto const sign_now = [&](WallTime now) {
        return sign(api_call, keys, now, context_.random.hex(16));
    };
    return signed_call(context_.clouds, cloud_clock_, api_call.action, sign_now, read, clock_skew,
                       stop);
}

Result<TemporaryKeys> AlibabaSource::assume_role_as(AssumeRole const& parameters,
                                                    MintRequest const& request,
                                                    std::stop_token stop) {
    tenancy::AlibabaAcrSpec const& spec = *request.spec.registry->alibaba_acr;
    if (spec.identity.type == tenancy::Identity::Type::ServiceAccount) {
        RT_TRY(SecretString const token,
               namespace_token(context_, request.ns, token_audience, stop));
        return assume_with_token(context_, spec, parameters, token, stop);
    }
    RT_TRY(AccessKeys const keys, identity_.keys(spec, request.cluster, stop));
    return call(assume_role_call(endpoints_of(spec).sts, parameters), keys, read_assume_role, stop);
}

Result<TemporaryKeys> AlibabaSource::assume_role(MintRequest const& request, std::stop_token stop) {
    tenancy::CredentialSpec const& spec = request.spec;
    tenancy::AlibabaAcrSpec const& instance = *spec.registry->alibaba_acr;
    AssumeRole parameters;
    parameters.role_arn = spec.role->str();
    parameters.session_name = session_name(request.cluster, request.ns);
    parameters.external_id = spec.external_id;
    parameters.duration_seconds = spec.session_duration_seconds;
    // A policy that does not fit is an error here, never a wider session.
    RT_TRY(parameters.policy,
           tenancy::acr_session_policy(instance, spec.role->account(), spec.allow));
    auto assumed = assume_role_as(parameters, request, stop);
    if (!assumed && stale_keys(assumed.error()) &&
        instance.identity.type != tenancy::Identity::Type::ServiceAccount) {
        identity_.forget(instance);
        assumed = assume_role_as(parameters, request, std::move(stop));
    }
    return assumed;
}

Result<RegistryCredential> AlibabaSource::mint(MintRequest const& request, std::stop_token stop) {
    tenancy::CredentialSpec const& spec = request.spec;
    if (!spec.registry->alibaba_acr || !spec.role ||
        spec.role->cloud() != tenancy::Role::Cloud::Alibaba) {
        return fail(invalid_argument("Registry " + spec.registry->meta.name +
                                     " of type AlibabaACR needs a role acs:ram::ACCOUNT:role/NAME "
                                     "in the tenancy"));
    }
    tenancy::AlibabaAcrSpec const& instance = *spec.registry->alibaba_acr;
    bool const personal = instance.edition == tenancy::AlibabaAcrSpec::Edition::Personal;
    RT_TRY(TemporaryKeys const session, assume_role(request, stop));

    std::string const host = endpoints_of(instance).acr;
    RT_TRY(AuthorizationToken token,
           call(personal ? personal_token_call(host)
                         : authorization_token_call(host, instance.instance_id),
                session.keys, personal ? read_personal_token : read_authorization_token, stop));
    // The password dies with the session, whatever ExpireTime says.
    token.expires_at = std::min(token.expires_at, session.expires_at);
    return credential_of(std::move(token), cloud_clock_.now(), life_max, context_.clock.wall_now());
}

}  // namespace

std::unique_ptr<CredentialSource> make_source(CredentialSourceContext context) {
    return std::make_unique<AlibabaSource>(std::move(context));
}

}  // namespace rt::op::alibaba
