#include "operator/cloud/azure/source.hpp"

#include <optional>

#include "lib/tenancy/registry_blocks.hpp"
#include "operator/cloud/answers.hpp"
#include "operator/cloud/azure/identity.hpp"
#include "operator/cloud/azure/requests.hpp"
#include "operator/cloud/azure/responses.hpp"
#include "operator/cloud/azure/scope_map_tokens.hpp"
#include "operator/cloud/plain_call.hpp"

namespace rt::op::azure {
namespace {

using namespace std::chrono_literals;

/// The user that a token is the password of.
constexpr char const* token_user = "00000000-0000-0000-0000-000000000000";
/// Registries grant three hours; an answer that claims more than a day is not believed.
constexpr auto life_max = 24h;

/// The registry's own name, which tokens are exchanged at: the first of its hosts under the cloud's
/// domain, else that of its realm. Entra ID's token goes nowhere else.
Result<std::string> login_server(tenancy::Registry const& registry) {
    std::string_view const suffix = tenancy::host_suffix(registry.azure_acr->cloud);
    for (tenancy::RegistryHost const& host : registry.hosts) {
        if (host.str().ends_with(suffix)) {
            return host.str();
        }
    }
    std::string realm = http::split_url(registry.realm).authority;
    if (realm.ends_with(suffix) && registry.realm.starts_with("https://")) {
        return realm;
    }
    return fail(invalid_argument("Registry " + registry.meta.name +
                                 ": where none of its hosts ends in " + std::string(suffix) +
                                 ", realm must name the registry's own token endpoint, "
                                 "https://NAME" +
                                 std::string(suffix) + "/oauth2/token"));
}

class AzureSource final : public CredentialSource {
  public:
    explicit AzureSource(CredentialSourceContext context)
        : context_(std::move(context)), scope_map_tokens_(context_) {}

    Result<RegistryCredential> mint(MintRequest const& request, std::stop_token stop) override;
    [[nodiscard]] bool leaves_behind(tenancy::Registry const& registry) const override {
        return registry.azure_acr && registry.azure_acr->scope_map_tokens;
    }
    Result<SweepResult> sweep(SweepRequest const& request, std::stop_token stop) override {
        return leaves_behind(*request.registry) ? scope_map_tokens_.sweep(request, stop)
                                                : SweepResult{};
    }

  private:
    CredentialSourceContext context_;
    ScopeMapTokens scope_map_tokens_;
};

Result<RegistryCredential> AzureSource::mint(MintRequest const& request, std::stop_token stop) {
    tenancy::Registry const& registry = *request.spec.registry;
    if (!registry.azure_acr) {
        return fail(internal_error("a Registry that is none of type AzureACR"));
    }
    if (registry.azure_acr->scope_map_tokens) {
        return scope_map_tokens_.mint(request, stop);
    }
    if (!registry.allow_unnarrowed) {
        return fail(invalid_argument(
            "Registry " + registry.meta.name +
            ": without azureACR.scopeMapTokens its credential can't be narrowed to `allow`: it "
            "opens all that its identity may pull; narrow that, and set spec.allowUnnarrowed: "
            "true"));
    }
    RT_TRY(std::string const host, login_server(registry));
    RT_TRY(SecretString const token, access_token(context_, request, stop));
    std::string const step = "token exchange at " + host;
    std::optional<WallTime> answered_at;
    RT_TRY(RefreshToken refresh,
           plain_call(
               context_.clouds, step, exchange_request(host, registry.azure_acr->tenant_id, token),
               [&](http::Response const& response) {
                   answered_at = server_time(response);
                   return read_refresh_token(response);
               },
               stop));
    WallTime const now = context_.clock.wall_now();
    RT_TRY(auto const life, life_left(refresh.expires_at, answered_at.value_or(now), life_max,
                                      step + ": the credential"));
    return RegistryCredential{token_user, std::move(refresh.token), now, now + life};
}

}  // namespace

std::unique_ptr<CredentialSource> make_source(CredentialSourceContext context) {
    return std::make_unique<AzureSource>(std::move(context));
}

}  // namespace rt::op::azure
