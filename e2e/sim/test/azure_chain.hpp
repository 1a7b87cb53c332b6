#pragma once

#include <cpprest/json.h>

#include "e2e/sim/azure_ad.hpp"
#include "e2e/sim/azure_metadata.hpp"
#include "e2e/sim/azure_registry.hpp"
#include "e2e/sim/common/azure_token.hpp"
#include "e2e/sim/test/simulator_test.hpp"

namespace sim {

using web::json::value;
using Headers = std::map<std::string, std::string>;

inline std::string const tenant = "11111111-aaaa-4bbb-8ccc-000000000001";
inline std::string const acr_scope = "https://containerregistry.azure.net/.default";
inline std::string const user = "00000000-0000-0000-0000-000000000000";

/// The client IDs of world.yaml.
inline std::string client(int number) {
    std::string digits = std::to_string(number);
    return "a0000000-0000-4000-8000-" + std::string(12 - digits.size(), '0') + digits;
}

inline std::string form_of(Parameters const& parameters) {
    std::string out;
    for (auto const& [key, text] : parameters) {
        out += (out.empty() ? "" : "&") + key + "=" + percent_encode(text);
    }
    return out;
}

inline value body_of(Response const& response) {
    return value::parse(response.body);
}

inline std::string code_of(Response const& response) {
    value const body = body_of(response);
    if (body.has_field("errors")) {
        return body.at("errors").at(0).at("code").as_string();
    }
    std::string const text =
        body.has_field("error_description") ? body.at("error_description").as_string() : "";
    return text.substr(0, text.find(':'));
}

class AzureChain : public SimulatorTest {
  protected:
    AzureChain() {
        now = std::chrono::system_clock::now();
        store("payments/a1");
        store("ledger/a1");
    }
    Response ask(Simulator& simulator, std::string const& name, Request const& request,
                 std::string const& faults = "") {
        write_faults(faults);
        return SimulatorTest::ask(simulator, name, request);
    }
    std::string assertion(
        std::string const& subject = "registry-tenancy-system:registry-tenancy-operator",
        std::string const& audience = "api://AzureADTokenExchange", int seconds = 600) const {
        return cluster_token("system:serviceaccount:" + subject, audience, seconds);
    }
    Response login(Parameters form, std::string const& where = tenant,
                   std::string const& faults = "",
                   std::string const& host = "login.microsoftonline.com") {
        form.insert(form.begin(), {"grant_type", "client_credentials"});
        return ask(
            ad, "azureAd",
            {"POST", "/" + where + "/oauth2/v2.0/token", "", {{"host", host}}, form_of(form)},
            faults);
    }
    Parameters by_assertion(std::string const& client_id, std::string const& jwt,
                            std::string const& scope = acr_scope) const {
        return {{"client_id", client_id},
                {"scope", scope},
                {"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
                {"client_assertion", jwt}};
    }
    std::string aad_token(int number, std::string const& scope = acr_scope) {
        Response const response = login(by_assertion(client(number), assertion(), scope));
        EXPECT_EQ(response.status, 200) << response.body;
        return body_of(response).at("access_token").as_string();
    }
    Response registry_post(std::string const& path, Parameters const& form,
                           std::string const& host = "demooidc.azurecr.io",
                           std::string const& faults = "") {
        return ask(registry, "azureRegistry", {"POST", path, "", {{"host", host}}, form_of(form)},
                   faults);
    }
    Response exchange(std::string const& token, std::string const& host = "demooidc.azurecr.io",
                      std::string const& of_tenant = tenant, std::string const& faults = "") {
        return registry_post("/oauth2/exchange",
                             {{"grant_type", "access_token"},
                              {"service", host},
                              {"tenant", of_tenant},
                              {"access_token", token}},
                             host, faults);
    }
    std::string refresh_token(int number = 4) {
        Response const response = exchange(aad_token(number));
        EXPECT_EQ(response.status, 200) << response.body;
        return body_of(response).at("refresh_token").as_string();
    }
    Response metadata(std::string const& query, Headers headers = {{"metadata", "true"}},
                      std::string const& faults = "") {
        return ask(imds, "azureMetadata",
                   {"GET", "/metadata/identity/oauth2/token", query, std::move(headers), ""},
                   faults);
    }
    Response pull(std::string const& repository, std::string const& token,
                  std::string const& host = "demooidc.azurecr.io") {
        return ask(registry, "azureRegistry",
                   {"GET",
                    "/v2/" + repository + "/manifests/v0.1",
                    "",
                    {{"host", host}, {"authorization", "Bearer " + token}},
                    ""});
    }

    AzureMetadata imds;
    AzureRegistryServer registry{folder};
    AzureAd ad{public_key_file};
};

}  // namespace sim
