#include "e2e/sim/test/azure_chain.hpp"

namespace sim {
namespace {

/// Resource Manager, as client 3 of world.yaml, about the registry demotokens.
class AzureTokens : public AzureChain {
  protected:
    std::string const id =
        "/subscriptions/5b000000-0000-4000-8000-000000000001/resourceGroups/registries/providers/"
        "Microsoft.ContainerRegistry/registries/demotokens";
    std::string const arm_scope = "https://management.azure.com/.default";

    Response arm(std::string const& method, std::string const& path, std::string const& body = "",
                 std::string const& faults = "") {
        return arm_as(aad_token(3, arm_scope), method, path, body, faults);
    }
    Response arm_as(std::string const& token, std::string const& method, std::string const& path,
                    std::string const& body = "", std::string const& faults = "",
                    std::string const& query = "api-version=2023-07-01") {
        return ask(registry, "azureRegistry",
                   {method,
                    id + path,
                    query,
                    {{"host", "management.azure.com"}, {"authorization", "Bearer " + token}},
                    body},
                   faults);
    }
    static std::string arm_code(Response const& response) {
        return body_of(response).at("error").at("code").as_string();
    }
    Response put_map(std::string const& name, std::string const& actions) {
        return arm("PUT", "/scopeMaps/" + name,
                   R"({"properties":{"description":"mine","actions":)" + actions + "}}");
    }
    Response put_token(std::string const& name, std::string const& map) {
        return arm("PUT", "/tokens/" + name,
                   R"({"properties":{"scopeMapId":")" + id + "/scopeMaps/" + map +
                       R"(","status":"enabled"}})");
    }
    /// The password, after the looks that Azure wants.
    std::string generate(std::string const& token, std::string const& more = "",
                         std::string const& faults = "") {
        Response const begun = arm(
            "POST", "/generateCredentials",
            R"({"tokenId":")" + id + "/tokens/" + token + R"(","name":"password1")" + more + "}",
            faults);
        EXPECT_EQ(begun.status, 202) << begun.body;
        std::string const place = begun.headers.at(0).second;
        std::size_t const path = place.find("/operationStatuses/");
        std::string const rest = place.substr(path, place.find('?') - path);
        EXPECT_EQ(arm("GET", rest).status, 202);
        Response const result = arm("GET", rest);
        EXPECT_EQ(result.status, 200) << result.body;
        EXPECT_EQ(arm("GET", rest).status, 404) << "a password is shown once";
        return body_of(result).at("passwords").at(0).at("value").as_string();
    }
    /// What the registry grants of both repositories.
    std::string granted(std::string const& user_name, std::string const& password) {
        Response const response =
            ask(registry, "azureRegistry",
                {"GET",
                 "/oauth2/token",
                 "service=demotokens.azurecr.io&scope=repository%3Apayments%2Fa1%3Apull&"
                 "scope=repository%3Aledger%2Fa1%3Apull",
                 {{"host", "demotokens.azurecr.io"},
                  {"authorization", "Basic " + base64_encode(user_name + ":" + password)}},
                 ""});
        if (response.status != 200) {
            return std::to_string(response.status);
        }
        auto const token = open_azure_token(Sealer(world.current()->sealing_key),
                                            body_of(response).at("access_token").as_string());
        std::string names;
        for (std::string const& name : token->pull) {
            names += name + ' ';
        }
        return names;
    }
};

TEST_F(AzureTokens, a_token_opens_what_its_scope_map_says_at_the_time) {
    Response const made = put_map("my-map", R"(["repositories/payments/*/content/read"])");
    EXPECT_EQ(made.status, 201) << made.body;
    EXPECT_EQ(body_of(made).at("properties").at("provisioningState").as_string(), "Creating");
    EXPECT_EQ(body_of(arm("GET", "/scopeMaps/my-map"))
                  .at("properties")
                  .at("provisioningState")
                  .as_string(),
              "Succeeded");
    EXPECT_EQ(put_token("my-token", "my-map").status, 201);
    std::string const password = generate("my-token");
    EXPECT_EQ(granted("my-token", password), "payments/a1 ");
    EXPECT_EQ(granted("my-token", password + "x"), "401");
    EXPECT_EQ(granted("another", password), "401");
    EXPECT_EQ(put_map("my-map", R"(["repositories/ledger/a1/content/read",)"
                                R"("repositories/payments/a1/metadata/read"])")
                  .status,
              200);
    EXPECT_EQ(granted("my-token", password), "ledger/a1 ");
    std::string const next = generate("my-token");
    EXPECT_EQ(granted("my-token", password), "401") << "written over";
    EXPECT_EQ(granted("my-token", next), "ledger/a1 ");
    EXPECT_EQ(arm("DELETE", "/tokens/my-token").status, 200);
    EXPECT_EQ(arm("DELETE", "/tokens/my-token").status, 204);
    EXPECT_EQ(granted("my-token", next), "401");
}

TEST_F(AzureTokens, passwords_end) {
    put_map("my-map", R"(["repositories/*/content/read"])");
    put_token("my-token", "my-map");
    std::string const password =
        generate("my-token", R"(,"expiry":")" + format_time(now + std::chrono::minutes(5)) + '"');
    EXPECT_EQ(granted("my-token", password), "payments/a1 ledger/a1 ");
    now += std::chrono::minutes(5);
    EXPECT_EQ(granted("my-token", password), "401");
    std::string const brief = generate("my-token", "",
                                       "azureRegistry: [{mode: short, seconds: 60, session: mine, "
                                       "action: POST generateCredentials}]");
    EXPECT_EQ(granted("my-token", brief), "payments/a1 ledger/a1 ");
    now += std::chrono::minutes(1);
    EXPECT_EQ(granted("my-token", brief), "401");
}

TEST_F(AzureTokens, resource_manager_lets_in_whom_it_should) {
    std::string const right = aad_token(3, arm_scope);
    EXPECT_EQ(arm_as(right, "GET", "/scopeMaps").status, 200);
    EXPECT_EQ(arm_code(arm_as(right, "GET", "/scopeMaps", "", "", "")),
              "MissingApiVersionParameter");
    EXPECT_EQ(arm_code(arm_as(right, "GET", "/scopeMaps", "", "", "api-version=2019-01-01")),
              "NoRegisteredProviderFound");
    EXPECT_EQ(arm_code(arm_as(aad_token(3), "GET", "/scopeMaps")),
              "InvalidAuthenticationTokenAudience");
    EXPECT_EQ(arm_code(arm_as("x", "GET", "/scopeMaps")), "AuthenticationFailed");
    EXPECT_EQ(arm_code(arm_as(aad_token(4, arm_scope), "GET", "/scopeMaps")),
              "AuthorizationFailed");
    now += std::chrono::hours(25);
    EXPECT_EQ(arm_code(arm_as(right, "GET", "/scopeMaps")), "ExpiredAuthenticationToken");
}

TEST_F(AzureTokens, names_and_actions_have_a_grammar) {
    for (std::string const action :
         {"repositories/samples/*/teamA/content/read", "repositories/samples*/content/read",
          "repositories/a/*/b/*/content/read", "repositories/a", "a/content/read",
          "repositories/a/content/pull", "repositories/a/metadata/delete"}) {
        EXPECT_EQ(arm_code(put_map("my-map", "[\"" + action + "\"]")), "InvalidScopeMapActions")
            << action;
    }
    EXPECT_EQ(arm_code(put_map("my-map", "[]")), "InvalidScopeMapActions");
    std::string const good = R"(["repositories/a/content/read"])";
    EXPECT_EQ(arm_code(put_map("four", good)), "InvalidResourceName");
    EXPECT_EQ(arm_code(put_map(std::string(51, 'a'), good)), "InvalidResourceName");
    EXPECT_EQ(put_map("my_map", good).status, 201);
    EXPECT_EQ(arm_code(put_token("my_token", "my_map")), "InvalidResourceName");
    EXPECT_EQ(arm_code(put_token("my-token", "none")), "ScopeMapNotFound");
    EXPECT_EQ(arm_code(arm("GET", "/tokens/my-token")), "ResourceNotFound");
    EXPECT_EQ(arm_code(arm("POST", "/generateCredentials", R"({"tokenId":"x"})")), "TokenNotFound");
    EXPECT_EQ(arm_code(arm("PUT", "/scopeMaps/my-map", "<html>")), "InvalidRequestContent");
}

TEST_F(AzureTokens, lists_come_in_pages) {
    for (int i = 100; i < 121; ++i) {
        put_map("map-" + std::to_string(i), R"(["repositories/a/content/read"])");
    }
    value const first = body_of(arm("GET", "/scopeMaps"));
    EXPECT_EQ(first.at("value").size(), 20U);
    std::string const next = first.at("nextLink").as_string();
    Response const second = arm_as(aad_token(3, arm_scope), "GET", "/scopeMaps", "", "",
                                   next.substr(next.find('?') + 1));
    ASSERT_EQ(body_of(second).at("value").size(), 1U);
    EXPECT_EQ(body_of(second).at("value").at(0).at("name").as_string(), "map-120");
    EXPECT_FALSE(body_of(second).has_field("nextLink"));
}

TEST_F(AzureTokens, throttling_says_how_long) {
    Response const throttled = arm("GET", "/scopeMaps", "", "azureRegistry: [{mode: throttle}]");
    EXPECT_EQ(throttled.status, 429);
    EXPECT_EQ(arm_code(throttled), "TooManyRequests");
}

}  // namespace
}  // namespace sim
