#include "operator/cloud/azure/identity.hpp"

#include <nlohmann/json.hpp>

#include "operator/cloud/azure/requests.hpp"
#include "operator/cloud/azure/responses.hpp"
#include "operator/cloud/namespace_token.hpp"
#include "operator/cloud/plain_call.hpp"
#include "operator/cloud/secret_data.hpp"
#include "operator/cloud/token_file.hpp"

namespace rt::op::azure {
namespace {

using Type = tenancy::Identity::Type;

/// What Entra ID's federated credentials usually ask for. The operator's own token has it, too.
constexpr std::string_view audience = "api://AzureADTokenExchange";

/// Who asks, and what the token is for.
struct Wanted {
    tenancy::AzureAcrSpec const& spec;
    std::string client_id;  ///< empty: the node's own identity
    std::string ns;         ///< whose token proves it; identity ServiceAccount
    std::string_view resource;
};

class Asking {
  public:
    Asking(CredentialSourceContext const& context, Wanted wanted, std::stop_token const& stop)
        : context_(context), wanted_(std::move(wanted)), spec_(wanted_.spec), stop_(stop) {}

    Result<SecretString> token() const;

  private:
    Result<SecretString> managed_identity() const;
    Result<SecretString> by_assertion(SecretString const& assertion) const;
    Result<SecretString> by_secret() const;
    Result<SecretString> ask_entra(http::Request const& request) const;

    CredentialSourceContext const& context_;
    Wanted wanted_;
    tenancy::AzureAcrSpec const& spec_;
    std::stop_token const& stop_;
};

Result<SecretString> Asking::managed_identity() const {
    return plain_call(context_.clouds, "Azure metadata service",
                      managed_identity_request(wanted_.client_id, wanted_.resource),
                      read_managed_identity, stop_);
}

Result<SecretString> Asking::ask_entra(http::Request const& request) const {
    return plain_call(context_.clouds,
                      "Entra ID token at " + std::string(authority_of(spec_.cloud)), request,
                      read_access_token, stop_);
}

Result<SecretString> Asking::by_assertion(SecretString const& assertion) const {
    return ask_entra(assertion_request(spec_, wanted_.client_id, assertion, wanted_.resource));
}

Result<SecretString> Asking::by_secret() const {
    RT_TRY(Json const secret,
           context_.api.get(kube::types::secrets,
                            {context_.product_namespace, spec_.identity.secret_name}, stop_));
    RT_TRY(SecretString const id, secret_data(secret, "clientID"));
    RT_TRY(SecretString const value, secret_data(secret, "clientSecret"));
    return ask_entra(secret_request(spec_, std::string(id.reveal()), value, wanted_.resource));
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
                   namespace_token(context_, wanted_.ns, std::string(audience), stop_));
            return by_assertion(assertion);
        }
    }
    return fail(internal_error("an identity that is none"));
}

}  // namespace

Result<SecretString> access_token(CredentialSourceContext const& context,
                                  MintRequest const& request, std::stop_token const& stop) {
    tenancy::AzureAcrSpec const& spec = *request.spec.registry->azure_acr;
    // The role, else the identity's own client ID.
    std::string client_id = request.spec.role ? request.spec.role->str() : spec.identity.client_id;
    return Asking(context, {spec, std::move(client_id), request.ns, registries_resource}, stop)
        .token();
}

Result<SecretString> management_token(CredentialSourceContext const& context,
                                      tenancy::AzureAcrSpec const& spec,
                                      std::stop_token const& stop) {
    if (spec.identity.type == Type::ServiceAccount) {
        return fail(invalid_argument("tokens of a registry are made by no namespace's identity"));
    }
    std::string const resource = "https://" + std::string(management_host(spec.cloud));
    return Asking(context, {spec, spec.identity.client_id, "", resource}, stop).token();
}

}  // namespace rt::op::azure
