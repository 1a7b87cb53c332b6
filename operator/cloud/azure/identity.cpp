#include "operator/cloud/azure/identity.hpp"

#include <nlohmann/json.hpp>

#include "operator/cloud/azure/requests.hpp"
#include "operator/cloud/azure/responses.hpp"
#include "operator/cloud/namespace_token.hpp"
#include "operator/cloud/secret_data.hpp"
#include "operator/cloud/token_file.hpp"

namespace rt::op::azure {
namespace {

using Type = tenancy::Identity::Type;

/// What Entra ID's federated credentials usually ask for. The operator's own token has it, too.
constexpr std::string_view audience = "api://AzureADTokenExchange";

class Asking {
  public:
    Asking(CredentialSourceContext const& context, MintRequest const& request,
           std::stop_token const& stop)
        : context_(context),
          request_(request),
          spec_(*request.spec.registry->azure_acr),
          stop_(stop) {}

    Result<SecretString> token() const;

  private:
    /// The role, else the identity's own client ID.
    [[nodiscard]] std::string client_id() const {
        return request_.spec.role ? request_.spec.role->str() : spec_.identity.client_id;
    }
    Result<SecretString> managed_identity() const;
    Result<SecretString> by_assertion(SecretString const& assertion) const;
    Result<SecretString> by_secret() const;
    Result<SecretString> ask_entra(http::Request const& request) const;

    CredentialSourceContext const& context_;
    MintRequest const& request_;
    tenancy::AzureAcrSpec const& spec_;
    std::stop_token const& stop_;
};

Result<SecretString> Asking::managed_identity() const {
    auto const response = context_.clouds.send(managed_identity_request(client_id()), stop_);
    if (!response) {
        return fail(response.error().with_context("Azure metadata service"));
    }
    auto token = read_managed_identity(*response);
    return token ? std::move(token) : fail(token.error().with_context("Azure metadata service"));
}

Result<SecretString> Asking::ask_entra(http::Request const& request) const {
    std::string const step = "Entra ID token at " + std::string(authority_of(spec_.cloud));
    auto const response = context_.clouds.send(request, stop_);
    if (!response) {
        return fail(response.error().with_context(step));
    }
    auto token = read_access_token(*response);
    return token ? std::move(token) : fail(token.error().with_context(step));
}

Result<SecretString> Asking::by_assertion(SecretString const& assertion) const {
    return ask_entra(assertion_request(spec_, client_id(), assertion));
}

Result<SecretString> Asking::by_secret() const {
    RT_TRY(Json const secret,
           context_.api.get(kube::types::secrets,
                            {context_.product_namespace, spec_.identity.secret_name}, stop_));
    RT_TRY(SecretString const id, secret_data(secret, "clientID"));
    RT_TRY(SecretString const value, secret_data(secret, "clientSecret"));
    return ask_entra(secret_request(spec_, std::string(id.reveal()), value));
}

Result<SecretString> Asking::token() const {
    switch (spec_.identity.type) {
        case Type::InstanceRole:
            return managed_identity();
        case Type::AccessKey:
            return by_secret();
        case Type::OIDC: {
            RT_TRY(SecretString const assertion, read_token_file(context_.azure_token_file));
            return by_assertion(assertion);
        }
        case Type::ServiceAccount: {
            RT_TRY(SecretString const assertion,
                   namespace_token(context_, request_.ns, std::string(audience), stop_));
            return by_assertion(assertion);
        }
    }
    return fail(internal_error("an identity that is none"));
}

}  // namespace

Result<SecretString> access_token(CredentialSourceContext const& context,
                                  MintRequest const& request, std::stop_token const& stop) {
    return Asking(context, request, stop).token();
}

}  // namespace rt::op::azure
