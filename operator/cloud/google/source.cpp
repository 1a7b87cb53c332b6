#include "operator/cloud/google/source.hpp"

#include <algorithm>
#include <chrono>

#include "operator/cloud/google/identity.hpp"
#include "operator/cloud/google/requests.hpp"
#include "operator/cloud/google/responses.hpp"
#include "operator/cloud/plain_call.hpp"

namespace rt::op::google {
namespace {

using namespace std::chrono_literals;

/// Google grants an hour, and twelve where an organisation policy allows it; more is not believed.
constexpr auto life_max = 12h;
/// What registries of Google take as the user that goes with an access token.
constexpr std::string_view username = "oauth2accesstoken";

class GoogleSource final : public CredentialSource {
  public:
    explicit GoogleSource(CredentialSourceContext const& context)
        : context_(context), identity_(context) {}

    Result<RegistryCredential> mint(MintRequest const& request, std::stop_token stop) override;

  private:
    Result<AccessToken> granted(MintRequest const& request, std::stop_token const& stop);
    Result<AccessToken> impersonate(std::string const& email, SecretString const& token,
                                    int seconds, std::stop_token const& stop);

    CredentialSourceContext context_;
    BaseIdentity identity_;
};

Result<AccessToken> GoogleSource::impersonate(std::string const& email, SecretString const& token,
                                              int seconds, std::stop_token const& stop) {
    auto const read = [&](http::Response const& response) {
        return read_impersonation(response, context_.clock.wall_now());
    };
    return plain_call(context_.clouds, "generateAccessToken of " + email,
                      impersonation_request(email, token, seconds), read, stop,
                      " at iamcredentials.googleapis.com");
}

Result<AccessToken> GoogleSource::granted(MintRequest const& request, std::stop_token const& stop) {
    tenancy::CredentialSpec const& spec = request.spec;
    tenancy::GoogleArtifactRegistrySpec const& registry = *spec.registry->google_artifact_registry;
    int const seconds = spec.session_duration_seconds;
    if (registry.identity.type == tenancy::Identity::Type::ServiceAccount) {
        RT_TRY(AccessToken own,
               identity_.namespace_token(registry, request.ns,
                                         spec.role ? impersonation_scope : pull_scope, stop));
        if (spec.role) {
            return impersonate(spec.role->str(), own.token, seconds, stop);
        }
        return own;
    }
    RT_TRY(SecretString const token, identity_.operators_token(registry, stop));
    auto impersonated = impersonate(spec.role->str(), token, seconds, stop);
    if (!impersonated && stale_token(impersonated.error())) {
        identity_.forget(registry);
        RT_TRY(SecretString const fresh, identity_.operators_token(registry, stop));
        impersonated = impersonate(spec.role->str(), fresh, seconds, stop);
    }
    return impersonated;
}

Result<RegistryCredential> GoogleSource::mint(MintRequest const& request, std::stop_token stop) {
    tenancy::CredentialSpec const& spec = request.spec;
    auto const& registry = spec.registry->google_artifact_registry;
    bool const needs_role =
        !registry || registry->identity.type != tenancy::Identity::Type::ServiceAccount;
    if (!registry || (needs_role && !spec.role) ||
        (spec.role && spec.role->cloud() != tenancy::Role::Cloud::Google)) {
        return fail(invalid_argument(
            "Registry " + spec.registry->meta.name +
            " of type GoogleArtifactRegistry needs the email of a Google service account as role "
            "in the tenancy (with identity ServiceAccount it may be left out)"));
    }
    RT_TRY(AccessToken access, granted(request, stop));
    if (access.life <= 0s) {
        return fail(Error{ErrorKind::Expired,
                          "Google: the access token arrived already expired; compare the clocks of "
                          "this cluster and the cloud"});
    }
    WallTime const now = context_.clock.wall_now();
    return RegistryCredential{std::string(username), std::move(access.token), now,
                              now + std::min<WallTime::duration>(access.life, life_max)};
}

}  // namespace

std::unique_ptr<CredentialSource> make_source(CredentialSourceContext context) {
    return std::make_unique<GoogleSource>(context);
}

}  // namespace rt::op::google
