#include "e2e/sim/test/azure_chain.hpp"

namespace sim {
namespace {

TEST_F(AzureChain, a_national_clouds_tenant_is_known_to_its_own_login_host_alone) {
    std::string const china = "33333333-aaaa-4bbb-8ccc-000000000003";
    std::string const government = "44444444-aaaa-4bbb-8ccc-000000000004";
    struct Case {
        std::string tenant;
        int client;
        std::string host;
        int status;
    };
    for (Case const& each : {Case{china, 51, "login.partner.microsoftonline.cn", 200},
                             Case{china, 51, "login.microsoftonline.com", 400},
                             Case{china, 51, "login.microsoftonline.us", 400},
                             Case{government, 52, "login.microsoftonline.us", 200},
                             Case{government, 52, "login.microsoftonline.com", 400},
                             Case{tenant, 4, "login.microsoftonline.us", 400}}) {
        Response const response =
            login(by_assertion(client(each.client), assertion()), each.tenant, "", each.host);
        EXPECT_EQ(response.status, each.status) << each.host << ": " << response.body;
        EXPECT_EQ(response.body.find("AADSTS90002") != std::string::npos, each.status == 400);
    }
}

TEST_F(AzureChain, goes_from_assertion_over_exchange_to_manifest) {
    std::string const refresh = refresh_token();
    Response const answer =
        registry_post("/oauth2/token", {{"grant_type", "refresh_token"},
                                        {"service", "demooidc.azurecr.io"},
                                        {"scope", "repository:payments/a1:pull"},
                                        {"refresh_token", refresh}});
    ASSERT_EQ(answer.status, 200) << answer.body;
    std::string const access = body_of(answer).at("access_token").as_string();
    Response const manifest = pull("payments/a1", access);
    EXPECT_EQ(manifest.status, 200) << manifest.body;
    EXPECT_NE(manifest.body.find("payments/a1"), std::string::npos);
    EXPECT_EQ(pull("ledger/a1", access).status, 401);
    EXPECT_EQ(pull("payments/a1", refresh).status, 401) << "a refresh token is no access token";
}

TEST_F(AzureChain, grants_the_part_of_the_scopes_that_is_allowed) {
    std::string const refresh = refresh_token();
    auto const granted = [&](Response const& answer) {
        EXPECT_EQ(answer.status, 200) << answer.body;
        Sealer const sealer(world.current()->sealing_key);
        return open_azure_token(sealer, body_of(answer).at("access_token").as_string())->pull;
    };
    // As containerd asks: OAuth 2 with the password, then Basic.
    EXPECT_EQ(
        granted(registry_post("/oauth2/token",
                              {{"grant_type", "password"},
                               {"service", "demooidc.azurecr.io"},
                               {"scope", "repository:payments/a1:pull repository:ledger/a1:pull"},
                               {"username", user},
                               {"password", refresh}})),
        std::vector<std::string>{"payments/a1"});
    Request const basic{"GET",
                        "/oauth2/token",
                        "service=demooidc.azurecr.io&scope=repository%3Aledger%2Fa1%3Apull",
                        {{"host", "demooidc.azurecr.io"},
                         {"authorization", "Basic " + base64_encode(user + ":" + refresh)}},
                        ""};
    EXPECT_TRUE(granted(ask(registry, "azureRegistry", basic)).empty());
}

TEST_F(AzureChain, lets_anybody_pull_where_a_registry_is_set_so) {
    auto const token_of = [&](std::string const& host, Headers headers) {
        headers["host"] = host;
        return ask(registry, "azureRegistry",
                   {"GET", "/oauth2/token",
                    "service=" + host + "&scope=repository%3Aledger%2Fa1%3Apull", headers, ""});
    };
    EXPECT_EQ(token_of("demooidc.azurecr.io", {}).status, 401);
    Response const answer = token_of("demopublic.azurecr.io", {});
    ASSERT_EQ(answer.status, 200) << answer.body;
    std::string const access = body_of(answer).at("access_token").as_string();
    EXPECT_EQ(pull("ledger/a1", access, "demopublic.azurecr.io").status, 200);
    EXPECT_EQ(pull("payments/a1", access, "demopublic.azurecr.io").status, 401) << "not asked for";
    EXPECT_EQ(pull("ledger/a1", access).status, 401) << "the token is for its own registry";
    EXPECT_EQ(token_of("demopublic.azurecr.io",
                       {{"authorization", "Basic " + base64_encode(user + ":garbage")}})
                  .status,
              401)
        << "a wrong login is not nobody's";
    EXPECT_EQ(registry_post("/oauth2/token", {{"service", "demopublic.azurecr.io"}},
                            "demopublic.azurecr.io")
                  .status,
              401);
}

TEST_F(AzureChain, refuses_tokens_of_others_at_the_exchange) {
    auto const refused = [](Response const& response) {
        return response.status == 401 && code_of(response) == "UNAUTHORIZED";
    };
    std::string const good = aad_token(4);
    EXPECT_EQ(exchange(good, "demooidc.azurecr.io", "").status, 200)
        << "the tenant may be left out";
    EXPECT_TRUE(refused(exchange(good, "demooidc.azurecr.io", "other-tenant")));
    EXPECT_TRUE(refused(exchange(good + "x")));
    EXPECT_TRUE(refused(exchange(aad_token(11)))) << "no role on the registry";
    EXPECT_TRUE(refused(exchange(aad_token(4, "https://management.azure.com/.default"))))
        << "this registry takes no tokens for Azure Resource Manager";
    EXPECT_TRUE(refused(exchange(aad_token(4, "https://vault.azure.net/.default"))));
    Response const foreign =
        login(by_assertion(client(10), assertion()), "22222222-aaaa-4bbb-8ccc-000000000002");
    EXPECT_TRUE(refused(exchange(body_of(foreign).at("access_token").as_string())));
    EXPECT_EQ(exchange(good, "nowhere.azurecr.io").status, 404);
    now += std::chrono::hours(25);
    EXPECT_TRUE(refused(exchange(good)));
}

TEST_F(AzureChain, refresh_tokens_end_and_are_one_registrys) {
    std::string const refresh = refresh_token();
    Parameters const form{{"grant_type", "refresh_token"},
                          {"service", "demooidc.azurecr.io"},
                          {"scope", "repository:payments/a1:pull"},
                          {"refresh_token", refresh}};
    Parameters elsewhere = form;
    elsewhere[1].second = "demoimds.azurecr.io";
    EXPECT_EQ(registry_post("/oauth2/token", elsewhere, "demoimds.azurecr.io").status, 401);
    now += std::chrono::minutes(179);
    EXPECT_EQ(registry_post("/oauth2/token", form).status, 200);
    now += std::chrono::minutes(2);
    EXPECT_EQ(registry_post("/oauth2/token", form).status, 401);
}

TEST_F(AzureChain, checks_every_part_of_an_assertion) {
    auto const code = [&](int number, std::string const& jwt) {
        Response const response = login(by_assertion(client(number), jwt));
        EXPECT_EQ(response.status, 401) << response.body;
        EXPECT_EQ(body_of(response).at("error").as_string(), "invalid_client");
        return code_of(response);
    };
    EXPECT_EQ(code(8, assertion()), "AADSTS700211");
    EXPECT_EQ(code(12, assertion()), "AADSTS700213");
    EXPECT_EQ(code(9, assertion()), "AADSTS700212");
    EXPECT_EQ(code(4, assertion("default:default")), "AADSTS700213");
    EXPECT_EQ(code(4, assertion("registry-tenancy-system:registry-tenancy-operator", "vault")),
              "AADSTS700212");
    EXPECT_EQ(code(4, assertion("registry-tenancy-system:registry-tenancy-operator",
                                "api://AzureADTokenExchange", -1)),
              "AADSTS700024");
    std::string forged = assertion();
    forged[forged.size() / 2] = forged[forged.size() / 2] == 'A' ? 'B' : 'A';
    EXPECT_EQ(code(4, forged), "AADSTS700027");
    EXPECT_EQ(code(5, assertion()), "AADSTS70025");
}

TEST_F(AzureChain, checks_secrets_tenants_and_scopes) {
    auto const with_secret = [&](int number, std::string const& secret) {
        return login(
            {{"client_id", client(number)}, {"scope", acr_scope}, {"client_secret", secret}});
    };
    EXPECT_EQ(with_secret(5, "simulated-secret-of-azure-puller").status, 200);
    EXPECT_EQ(code_of(with_secret(5, "wrong")), "AADSTS7000215");
    EXPECT_EQ(code_of(with_secret(6, "simulated-secret-of-azure-expired")), "AADSTS7000222");
    EXPECT_EQ(code_of(with_secret(4, "")), "AADSTS7000215");
    EXPECT_EQ(code_of(with_secret(99, "x")), "AADSTS700016");
    EXPECT_EQ(code_of(login(by_assertion(client(4), assertion()), "no-such-tenant")),
              "AADSTS90002");
    EXPECT_EQ(code_of(login(by_assertion(client(10), assertion()))), "AADSTS700016")
        << "an application of another tenant";
    EXPECT_EQ(code_of(login(by_assertion(client(4), assertion(), "https://x.azure.net/.default"))),
              "AADSTS500011");
    EXPECT_EQ(code_of(login(
                  by_assertion(client(4), assertion(), "https://containerregistry.azure.net/"))),
              "AADSTS1002012");
}

TEST_F(AzureChain, metadata_hands_out_attached_identities_alone) {
    std::string const query =
        "api-version=2018-02-01&resource=https%3A%2F%2Fcontainerregistry.azure.net%2F";
    Response const own = metadata(query);
    ASSERT_EQ(own.status, 200) << own.body;
    EXPECT_EQ(body_of(own).at("client_id").as_string(), client(1));
    EXPECT_EQ(body_of(own).at("expires_in").as_string(), "86399") << "a text, not a number";
    Response const attached = metadata(query + "&client_id=" + client(2));
    ASSERT_EQ(attached.status, 200) << attached.body;
    EXPECT_EQ(
        exchange(body_of(attached).at("access_token").as_string(), "demoimds.azurecr.io").status,
        200);
    EXPECT_EQ(metadata(query + "&client_id=" + client(5)).status, 400);
    EXPECT_EQ(metadata(query, {}).status, 400) << "the header Metadata is the protection";
    EXPECT_EQ(metadata(query, {{"metadata", "true"}, {"x-forwarded-for", "10.0.0.1"}}).status, 400);
    EXPECT_EQ(metadata("resource=https%3A%2F%2Fcontainerregistry.azure.net").status, 400);
    EXPECT_EQ(metadata("api-version=2018-02-01").status, 400);
}

TEST_F(AzureChain, challenges_as_the_registry_does) {
    auto const ping = [&](Headers headers) {
        headers["host"] = "demooidc.azurecr.io";
        Response const response =
            ask(registry, "azureRegistry", {"GET", "/v2/", "", std::move(headers), ""});
        EXPECT_EQ(response.status, 401);
        for (auto const& [name, text] : response.headers) {
            if (name == "WWW-Authenticate") {
                return text;
            }
        }
        return std::string();
    };
    EXPECT_EQ(ping({}),
              "Bearer realm=\"https://demooidc.azurecr.io/oauth2/token\","
              "service=\"demooidc.azurecr.io\"");
    EXPECT_EQ(ping({{"authorization", "Basic eDp5"}}), "Basic realm=\"Azure Container Registry\"");
}

TEST_F(AzureChain, faults_are_told_in_each_services_words) {
    Response const throttled = login(by_assertion(client(4), assertion()), tenant,
                                     "azureAd:\n- {mode: throttle, role: \"" + client(4) + "\"}\n");
    EXPECT_EQ(throttled.status, 429);
    EXPECT_EQ(code_of(throttled), "AADSTS90055");
    Response const denied = login(
        by_assertion(client(4), assertion()), tenant,
        "azureAd:\n- {mode: error, http: 401, code: AADSTS70021, message: No matching record}\n");
    EXPECT_EQ(denied.status, 401);
    EXPECT_EQ(body_of(denied).at("error_codes").at(0).as_integer(), 70021);
    std::string const token = aad_token(4);
    Response const expired = exchange(token, "demooidc.azurecr.io", tenant,
                                      "azureRegistry:\n- {mode: expired, action: Exchange}\n");
    ASSERT_EQ(expired.status, 200);
    Sealer const sealer(world.current()->sealing_key);
    EXPECT_LT(open_azure_token(sealer, body_of(expired).at("refresh_token").as_string())->expires,
              now);
    EXPECT_EQ(exchange(token, "demooidc.azurecr.io", tenant,
                       "azureRegistry:\n- {mode: error, http: 503, role: \"" + client(4) + "\"}\n")
                  .status,
              503);
}

}  // namespace
}  // namespace sim
