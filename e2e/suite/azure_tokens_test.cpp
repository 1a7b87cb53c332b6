#include <nlohmann/json.hpp>

#include "e2e/suite/support/carried_login.hpp"
#include "e2e/suite/support/clouds.hpp"
#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/failure_matrix.hpp"
#include "e2e/suite/support/tenancy_test.hpp"

// Azure container registries whose tokens the operator makes (azureACR.scopeMapTokens).
namespace e2e {
namespace {

std::string const host = "demotokens.azurecr.io";
std::string const resource_start =
    "/subscriptions/5b000000-0000-4000-8000-000000000001/resourceGroups/registries/providers/"
    "Microsoft.ContainerRegistry/registries/";
std::string const url = "https://management.azure.com" + resource_start + "demotokens";
std::string const version = "?api-version=2023-07-01";

/// As who administers the registry at Azure, by a client secret.
std::string administrator() {
    CommandResult const result = cloud_curl(
        {"--data",
         "grant_type=client_credentials&client_id=a0000000-0000-4000-8000-000000000005&"
         "client_secret=simulated-secret-of-azure-puller&"
         "scope=https%3A%2F%2Fmanagement.azure.com%2F.default",
         "https://login.microsoftonline.com/11111111-aaaa-4bbb-8ccc-000000000001/oauth2/v2.0/"
         "token"});
    return text_at(Json::parse(result.out, nullptr, false), "/access_token");
}

CommandResult manage(std::string const& method, std::string const& where,
                     Json const& body = nullptr) {
    std::vector<std::string> arguments{"--request", method, "--header",
                                       "Authorization: Bearer " + administrator()};
    if (!body.is_null()) {
        arguments.insert(arguments.end(),
                         {"--header", "Content-Type: application/json", "--data", body.dump()});
    }
    arguments.push_back(where);
    return cloud_curl(arguments);
}

/// The scope maps whose description has this in it, or the tokens with one of those, by name.
std::vector<Json> scope_maps_with(std::string const& part) {
    std::vector<Json> found;
    std::string next = url + "/scopeMaps" + version;
    while (!next.empty()) {
        CommandResult const result = manage("GET", next);
        Json const page = Json::parse(result.out, nullptr, false);
        if (!result.ok() || !page.is_object()) {
            throw std::runtime_error("Azure's scope maps: " + result.text());
        }
        for (Json const& entry : page["value"]) {
            if (text_at(entry, "/properties/description").find(part) != std::string::npos) {
                found.push_back(entry);
            }
        }
        next = text_at(page, "/nextLink");
    }
    return found;
}

bool has_token(std::string const& name) {
    return manage("GET", url + "/tokens/" + name + version).ok();
}

Json const payments = Json::array({{{"namespace", "payments"}}});
Json const payments_and_ledger =
    Json::array({{{"namespace", "payments"}}, {{"repository", "ledger/a1"}}});
Json const payments_and_more =
    Json::array({{{"namespace", "payments"}}, {{"namespace", "ledger/more"}}});

class AzureTokens : public TenancyTest {
  protected:
    static testing::AssertionResult make_registry(
        std::string const& registry = "azure-tokens", std::string const& its_host = host,
        Json const& block = {
            {"tenantID", "11111111-aaaa-4bbb-8ccc-000000000001"},
            {"identity",
             {{"type", "OIDC"}, {"oidc", {{"clientID", "a0000000-0000-4000-8000-000000000003"}}}}},
            {"scopeMapTokens", {{"resourceID", resource_start + "demotokens"}}}}) {
        // Of two tests that make it at the same time one is told that it is there.
        return eventually(soon, [&] {
            auto const made = apply(
                {{"apiVersion", "registrytenancy.dev/v1alpha1"},
                 {"kind", "Registry"},
                 {"metadata", {{"name", registry}}},
                 {"spec", {{"hosts", {its_host}}, {"type", "AzureACR"}, {"azureACR", block}}}});
            return made.ok() ? std::string() : made.text();
        });
    }
    [[nodiscard]] Json tenancy(Json const& allow,
                               std::string const& registry = "azure-tokens") const {
        return tenancy_with({{"name", registry}, {"allow", allow}});
    }
    void expect_pulls(std::string const& pod, std::string const& of_host = host) {
        ASSERT_TRUE(done(apply(pod_manifest(name("ns"), pod, of_host + "/payments/a1:v0.1"))));
        EXPECT_TRUE(eventually(soon, [&] { return why_not_running(name("ns"), pod); }));
    }
    /// The credential, carried elsewhere under a key for the whole host: only the registry says no.
    void expect_pulls_elsewhere(PullSecret const& secret, std::vector<std::string> const& allowed,
                                std::vector<std::string> const& refused) {
        std::string const elsewhere = make_namespace("elsewhere");
        ASSERT_TRUE(carry(secret.login(), host, elsewhere));
        for (auto const* list : {&allowed, &refused}) {
            for (std::string const& one : *list) {
                ASSERT_TRUE(start_carried(elsewhere, one, host + "/" + one + "/a1:v0.1"));
            }
        }
        for (std::string const& one : allowed) {
            EXPECT_TRUE(eventually(soon, [&] { return why_not_running(elsewhere, one); }));
        }
        for (std::string const& one : refused) {
            EXPECT_TRUE(refused_by_registry(elsewhere, one, {"401", "authorization failed"}));
        }
    }
    /// Empty where these are the tokens and scope maps of the test's namespace.
    std::string why_not_tokens(std::vector<std::string> const& wanted) const {
        std::string names;
        std::size_t tokens = 0;
        auto const maps = scope_maps_with("namespace " + name("ns") + " of");
        for (Json const& map : maps) {
            names += text_at(map, "/name") + ' ';
            tokens += has_token(text_at(map, "/name")) ? 1U : 0U;
        }
        std::string expected;
        for (std::string const& one : wanted) {
            expected += one + ' ';
        }
        return names == expected && tokens == wanted.size()
                   ? ""
                   : "scope maps '" + names + "' with " + std::to_string(tokens) +
                         " tokens instead of '" + expected + "'";
    }
    /// Waits until the operator has looked at all scope maps once more.
    static testing::AssertionResult swept() {
        CloudRequests const requests;
        return eventually(2 * grace + soon, [&] {
            auto const lists = requests.matching([](Json const& entry) {
                return text_at(entry, "/action") == "LIST scopeMaps" &&
                       text_at(entry, "/role").ends_with("000000000003");
            });
            return lists.size() > 1 ? "" : "seen only " + std::to_string(lists.size()) + " lists";
        });
    }
};

TEST_F(AzureTokens, pulls_with_a_token_of_the_namespaces_own_and_what_it_may_alone) {
    ASSERT_TRUE(make_registry());
    std::string const ns = make_namespace("ns");
    make_ready_with(tenancy(payments));
    auto const secret = pull_secret(ns);
    ASSERT_TRUE(secret);
    EXPECT_EQ(secret->keys(), host + "/payments/");
    EXPECT_TRUE(secret->login().starts_with("rt-")) << secret->user();
    EXPECT_NE(secret->login().find("+ACRA"), std::string::npos)
        << "the canary looks for this shape";
    EXPECT_EQ(why_not_tokens({secret->user()}), "");
    auto const maps = scope_maps_with("namespace " + ns + " of");
    ASSERT_EQ(maps.size(), 1U);
    EXPECT_EQ(maps[0]["properties"]["actions"],
              Json::array({"repositories/payments/*/content/read"}));
    expect_pulls("allowed");
    EXPECT_TRUE(refused(apply(pod_manifest(ns, "foreign", host + "/ledger/a1:v0.1")),
                        {"RT-NotAllowed", "payments"}));
    expect_pulls_elsewhere(*secret, {"payments"}, {"ledger"});
}

TEST_F(AzureTokens, follows_what_the_tenancy_allows) {
    ASSERT_TRUE(make_registry());
    std::string const ns = make_namespace("ns");
    make_ready_with(tenancy(payments_and_ledger));
    auto const wide = pull_secret(ns);
    ASSERT_TRUE(wide);
    expect_pulls_elsewhere(*wide, {"payments", "ledger"}, {});
    ASSERT_TRUE(done(apply(tenancy(payments))));
    ASSERT_TRUE(eventually(soon, [&] {
        auto const now = pull_secret(ns);
        return now && now->login() != wide->login() ? "" : "the token was not replaced";
    }));
    auto const narrow = pull_secret(ns);
    ASSERT_TRUE(narrow);
    EXPECT_TRUE(eventually(2 * grace + soon, [&] { return why_not_tokens({narrow->user()}); }));
    EXPECT_EQ(scope_maps_with("namespace " + ns + " of").at(0)["properties"]["actions"],
              Json::array({"repositories/payments/*/content/read"}));
    // What somebody kept of the wide one is worth nothing now.
    CommandResult const late = cloud_curl({"--user", wide->login(),
                                           "https://" + host + "/oauth2/token?service=" + host +
                                               "&scope=repository%3Aledger%2Fa1%3Apull"});
    EXPECT_FALSE(late.ok());
    EXPECT_NE(late.text().find("UNAUTHORIZED"), std::string::npos) << late.text();
    expect_pulls("after");
}

TEST_F(AzureTokens, leaves_the_old_token_to_the_nodes_for_the_grace_and_then_deletes_it) {
    ASSERT_TRUE(make_registry());
    std::string const ns = make_namespace("ns");
    {
        // Lives for two minutes and is renewed after about one.
        Fault const brief("azureRegistry", {{"mode", "short"},
                                            {"seconds", 120},
                                            {"action", "POST generateCredentials"},
                                            {"session", "namespace " + ns + " of"}});
        make_ready_with(tenancy(payments));
    }
    auto const before = pull_secret(ns);
    ASSERT_TRUE(before);
    EXPECT_EQ(why_not_tokens({before->user()}), "");
    ASSERT_TRUE(eventually(soon, [&] {
        auto const now = pull_secret(ns);
        return now && now->login() != before->login() ? "" : "the token was not renewed";
    }));
    auto const after = pull_secret(ns);
    ASSERT_TRUE(after);
    EXPECT_EQ(after->uid, before->uid);
    EXPECT_EQ(why_not_tokens({before->user(), after->user()}), "")
        << "nodes may still hold the old one";
    EXPECT_TRUE(eventually(soon, [&] { return why_not_tokens({after->user()}); }));
    expect_pulls("after");
}

TEST_F(AzureTokens, takes_the_tokens_of_a_deleted_tenancy_away_and_no_others) {
    ASSERT_TRUE(make_registry());
    std::string const ns = make_namespace("ns");
    make_ready_with(tenancy(payments));
    auto const secret = pull_secret(ns);
    ASSERT_TRUE(secret);
    // Somebody's own under a name like ours, and another cluster's of the same namespace.
    std::string mark = secret->user().substr(3, 12);
    std::string const own = "rt-" + mark + "-own-0123456789ab-1700000000";
    std::string const other = "rt-0123456789ab-own-0123456789ab-1700000000";
    std::vector<std::pair<std::string, std::string>> const foreign{
        {own, "made by hand for " + ns}, {other, "registry-tenancy: of another cluster " + ns}};
    for (auto const& [map, description] : foreign) {
        ASSERT_TRUE(done(
            manage("PUT", url + "/scopeMaps/" + map + version,
                   {{"properties",
                     {{"description", description},
                      {"actions", Json::array({"repositories/payments/a1/content/read"})}}}})));
        ASSERT_TRUE(done(manage("PUT", url + "/tokens/" + map + version,
                                {{"properties",
                                  {{"scopeMapId", resource_start + "demotokens/scopeMaps/" + map},
                                   {"status", "enabled"}}}})));
    }
    ASSERT_TRUE(swept());
    ASSERT_TRUE(done(kubectl({"delete", "registrytenancy", name("tenancy"), "--wait=false"})));
    EXPECT_TRUE(eventually(2 * grace + soon, [&] { return why_not_tokens({}); }));
    EXPECT_FALSE(has_token(secret->user()));
    for (auto const& [map, description] : foreign) {
        EXPECT_EQ(scope_maps_with(description).size(), 1U) << map;
        EXPECT_TRUE(done(manage("DELETE", url + "/tokens/" + map + version)));
        EXPECT_TRUE(done(manage("DELETE", url + "/scopeMaps/" + map + version)));
    }
}

/// Resource Manager, login host, tenant and domain of the registry are the national cloud's own.
TEST_F(AzureTokens, pulls_in_a_national_cloud) {
    std::string const china = "chinatokens.azurecr.cn";
    ASSERT_TRUE(make_registry(
        "azure-china-tokens", china,
        {{"tenantID", "33333333-aaaa-4bbb-8ccc-000000000003"},
         {"cloud", "China"},
         {"identity",
          {{"type", "OIDC"}, {"oidc", {{"clientID", "a0000000-0000-4000-8000-000000000051"}}}}},
         {"scopeMapTokens", {{"resourceID", resource_start + "chinatokens"}}}}));
    make_namespace("ns");
    make_ready_with(tenancy(payments, "azure-china-tokens"));
    expect_pulls("allowed", china);
}

std::vector<Trouble> troubles() {
    auto const at = [](std::string const& action, std::string const& name, Json rule,
                       char const* reason, std::string const& code,
                       std::vector<std::string> const& words = {}) {
        rule["action"] = action;
        return Trouble{name, fault_for_namespace("azureRegistry", rule), reason, code, words};
    };
    std::string const map = "PUT scopeMaps";
    std::string const token = "PUT tokens";
    std::string const password = "POST generateCredentials";
    return {
        at(map, "forbids_scope_maps",
           error_rule("AuthorizationFailed", 403, "does not have authorization"), denied,
           "AuthorizationFailed", {"scope map at management.azure.com", "kubectl tenancy policy"}),
        at(map, "does_not_know_the_registry", error_rule("ResourceNotFound", 404, "not found"),
           denied, "ResourceNotFound", {"correct scopeMapTokens.resourceID"}),
        at(map, "throttles", {{"mode", "throttle"}}, unavailable, "TooManyRequests"),
        at(token, "has_no_room_for_tokens", error_rule("QuotaExceeded", 400, "too many tokens"),
           denied, "QuotaExceeded", {"too many tokens"}),
        at(token, "is_at_another_change", error_rule("Conflict", 409, "in progress"), unavailable,
           "Conflict"),
        at(password, "is_broken", error_rule("InternalServerError", 500, "later"), unavailable,
           "InternalServerError", {"password of the token"}),
        at(password, "answers_garbage", {{"mode", "garbage"}}, unavailable, "Corrupt"),
        at(password, "never_answers", {{"mode", "timeout"}}, unavailable, "DeadlineExceeded"),
        at(password, "hands_out_what_has_expired", {{"mode", "expired"}}, unavailable, "Expired",
           {"arrived already expired", "compare the clocks"}),
    };
}

class AzureTokensFaults : public AzureTokens, public testing::WithParamInterface<std::size_t> {};

TEST_P(AzureTokensFaults, keep_the_secret_that_works) {
    ASSERT_TRUE(make_registry());
    std::string const ns = make_namespace("ns");
    make_ready_with(tenancy(payments));
    expect_last_good_stays(troubles()[GetParam()],
                           {name("tenancy"),
                            {ns, ""},
                            {tenancy(payments_and_ledger), tenancy(payments_and_more)},
                            host + "/payments/a1:v0.1",
                            "/subscriptions/"});
}

INSTANTIATE_TEST_SUITE_P(Each, AzureTokensFaults, testing::Range(std::size_t{0}, troubles().size()),
                         [](auto const& each) { return troubles()[each.param].name; });

}  // namespace
}  // namespace e2e
