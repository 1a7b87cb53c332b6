#include "operator/cloud/namespace_token.hpp"

#include <openssl/crypto.h>

#include <nlohmann/json.hpp>

#include "lib/tenancy/names_fixed.hpp"

namespace rt::op {
namespace {

constexpr int life_seconds = 600;

Json service_account(std::string const& product_namespace, std::string const& name,
                     std::string const& ns) {
    return {{"apiVersion", "v1"},
            {"kind", "ServiceAccount"},
            {"metadata",
             {{"name", name},
              {"namespace", product_namespace},
              {"labels",
               {{std::string(tenancy::managed_by_label), tenancy::managed_by_value},
                {std::string(tenancy::namespace_label), ns},
                // It comes back by itself, and another cluster's would be of no use.
                {"velero.io/exclude-from-backup", "true"}}}}},
            {"automountServiceAccountToken", false}};
}

}  // namespace

Result<SecretString> namespace_token(CredentialSourceContext const& context, std::string const& ns,
                                     std::string const& audience, std::stop_token const& stop) {
    std::string const name = std::string(tenancy::service_account_prefix) + ns;
    kube::ObjectKey const key{context.product_namespace, name};
    Json const body = {{"apiVersion", "authentication.k8s.io/v1"},
                       {"kind", "TokenRequest"},
                       {"spec", {{"audiences", {audience}}, {"expirationSeconds", life_seconds}}}};
    auto const ask = [&] {
        return context.api.create_subresource(kube::types::service_accounts, key, "token", body,
                                              stop);
    };
    auto answer = ask();
    if (!answer && answer.error().kind == ErrorKind::NotFound) {
        kube::ApplyOptions options;
        options.field_manager = tenancy::field_manager;
        auto const made =
            context.api.apply(kube::types::service_accounts,
                              service_account(context.product_namespace, name, ns), options, stop);
        if (!made) {
            return fail(made.error().with_context("making ServiceAccount " + key.str()));
        }
        answer = ask();
    }
    if (!answer) {
        return fail(
            answer.error().with_context("asking for a token of ServiceAccount " + key.str()));
    }
    Json::json_pointer const where("/status/token");
    if (!answer->contains(where) || !(*answer)[where].is_string() ||
        (*answer)[where].get_ref<std::string const&>().empty()) {
        return fail(Error{ErrorKind::Corrupt,
                          "the API server gave no token of ServiceAccount " + key.str()});
    }
    auto& text = (*answer)[where].get_ref<std::string&>();
    SecretString token(text);
    OPENSSL_cleanse(text.data(), text.size());
    return token;
}

}  // namespace rt::op
