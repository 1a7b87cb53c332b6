#include "e2e/sim/test/alibaba_chain.hpp"

namespace sim {
namespace {

TEST_F(Chain, the_personal_edition_has_an_api_and_resources_of_its_own) {
    auto const mint_personal = [&](std::string const& role, std::string const& policy,
                                   std::string const& method = "GET") {
        Parameters parameters = usual(role);
        if (!policy.empty()) {
            parameters.emplace_back("Policy", policy);
        }
        return ask(acr, "acr",
                   signed_call("cr.cn-shanghai.aliyuncs.com", "GetAuthorizationToken", "2016-06-07",
                               {}, keys_of(assume(parameters, node_keys())), method, "/tokens"));
    };
    std::string const narrow =
        R"({"Version":"1","Statement":[{"Effect":"Allow","Action":"cr:GetAuthorizationToken",)"
        R"("Resource":"*"},{"Effect":"Allow","Action":"cr:PullRepository","Resource":)"
        R"("acs:cr:cn-shanghai:1146716667364888:repository/cainiao/*"}]})";
    std::string const service = "registry.aliyuncs.com:cn-shanghai:26842";
    Response const minted = mint_personal("acr-personal", narrow);
    ASSERT_EQ(minted.status, 200) << minted.body;
    value const data = value::parse(minted.body).at("data");
    EXPECT_EQ(data.at("tempUserName").as_string(), "cr_temp_user");
    EXPECT_GT(data.at("expireDate").as_number().to_int64(), 1764000000000);
    std::string const pair = "cr_temp_user:" + data.at("authorizationToken").as_string();
    EXPECT_EQ(granted(login("repository:cainiao/a1:pull", pair, service)), "cainiao/a1:pull");
    EXPECT_EQ(granted(login("repository:alipay/a1:pull", pair, service)), "")
        << "the session policy says no";
    EXPECT_EQ(granted(login("repository:cainiao/a1:pull", pair)), "")
        << "an instance of the Enterprise Edition is another registry";
    EXPECT_EQ(granted(login("repository:cainiao/a1:pull", "cr_temp_user:" + password(), service)),
              "")
        << "and the other way round";
    // A resource with an instance matches nothing here.
    Response const wrong = mint_personal("acr-cainiao", only_cainiao);
    ASSERT_EQ(wrong.status, 200) << wrong.body;
    EXPECT_EQ(
        granted(login("repository:cainiao/a1:pull",
                      "cr_temp_user:" +
                          value::parse(wrong.body).at("data").at("authorizationToken").as_string(),
                      service)),
        "");
    Response const posted = mint_personal("acr-personal", narrow, "POST");
    EXPECT_EQ(posted.status, 405);
    EXPECT_NE(posted.body.find("\"code\""), std::string::npos)
        << "errors are spelled in lower case: " << posted.body;
}

TEST_F(Chain, a_session_policy_narrows_what_the_registry_grants) {
    std::string const narrow = "cr_temp_user:" + password(only_cainiao);
    EXPECT_EQ(granted(login("repository:cainiao/a1:pull", narrow)), "cainiao/a1:pull");
    EXPECT_EQ(granted(login("repository:alipay/a1:pull", narrow)), "");
    std::string const wide = "cr_temp_user:" + password();
    EXPECT_EQ(granted(login("repository:cainiao/a1:pull", wide)), "cainiao/a1:pull");
    EXPECT_EQ(granted(login("repository:alipay/a1:pull", wide)), "alipay/a1:pull");
    EXPECT_EQ(granted(login("repository:other/a1:pull", wide)), "");
}

TEST_F(Chain, a_session_policy_never_widens) {
    std::string const everything =
        R"({"Version":"1","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]})";
    std::string const login_text = "cr_temp_user:" + password(everything, "acr-alipay-only");
    EXPECT_EQ(granted(login("repository:alipay/a1:pull,push", login_text)), "alipay/a1:pull");
    EXPECT_EQ(granted(login("repository:cainiao/a1:pull", login_text)), "");
}

TEST_F(Chain, grants_a_subset_of_several_scopes) {
    std::string const narrow = "cr_temp_user:" + password(only_cainiao);
    EXPECT_EQ(granted(login("repository:cainiao/a1:pull,push repository:alipay/a1:pull "
                            "repository:pub/tool:pull repository:library:pull registry:catalog:*",
                            narrow)),
              "cainiao/a1:pull pub/tool:pull");
}

TEST_F(Chain, strangers_get_what_is_public_and_no_more) {
    EXPECT_EQ(granted(login("repository:pub/tool:pull,push", "")), "pub/tool:pull");
    EXPECT_EQ(granted(login("repository:cainiao/a1:pull", "")), "");
    EXPECT_EQ(granted(login("repository:pubx/a1:pull", "")), "");
}

TEST_F(Chain, wrong_and_expired_passwords_are_refused) {
    EXPECT_EQ(login("repository:pub/tool:pull", "cr_temp_user:wrong").status, 401);
    EXPECT_EQ(login("repository:pub/tool:pull", "nobody:wrong").status, 401);
    EXPECT_EQ(login("repository:pub/tool:pull", "no colon").status, 401);
    std::string const good = "cr_temp_user:" + password();
    EXPECT_EQ(login("repository:cainiao/a1:pull", good).status, 200);
    EXPECT_EQ(login("repository:cainiao/a1:pull", good + "0").status, 401);
    now += std::chrono::hours(1);
    EXPECT_EQ(login("repository:cainiao/a1:pull", good).status, 401);
}

TEST_F(Chain, the_pusher_pushes_with_a_fixed_password) {
    std::string const pusher = "pusher@1146716667364888:simulated-password-of-the-pusher";
    EXPECT_EQ(granted(login("repository:cainiao/a1:pull,push", pusher)), "cainiao/a1:pull:push");
    EXPECT_EQ(login("repository:cainiao/a1:push", pusher + "x").status, 401);
}

TEST_F(Chain, the_token_server_knows_get_on_auth_only) {
    Request request{"POST", "/auth", "", {}, "grant_type=password"};
    EXPECT_EQ(ask(auth, "auth", request).status, 405);
    request = {"GET", "/other", "", {}, ""};
    EXPECT_EQ(ask(auth, "auth", request).status, 404);
    request = {"GET", "/auth", "service=unknown", {}, ""};
    EXPECT_EQ(ask(auth, "auth", request).status, 400);
    EXPECT_EQ(login("repository", "").status, 400);
}

TEST_F(Chain, roles_that_cannot_be_assumed) {
    Keys const node = node_keys();
    EXPECT_EQ(code(assume(usual(), node)), "200");
    EXPECT_EQ(code(assume(usual("acr-wide-trust-missing"), node)), "403 NoPermission");
    EXPECT_EQ(code(assume(usual("acr-other-external-id"), node)), "403 NoPermission");
    EXPECT_EQ(code(assume(usual("acr-that-is-not"), node)), "404 EntityNotExist.Role");
    // A session may assume only where its own policy allows it.
    EXPECT_EQ(code(assume(usual(), keys_of(assume(usual(), node)))), "403 NoPermission");
}

TEST_F(Chain, parameters_outside_their_grammar) {
    struct Case {
        std::string name;
        std::string text;
        std::string code;
    };
    std::string const too_long = only_cainiao + std::string(2049 - only_cainiao.size(), ' ');
    std::vector<Case> const cases = {
        {"RoleArn", "", "MissingParameter.RoleArn"},
        {"RoleArn", "acs:ram::1146716667364888:user/x", "InvalidParameter.RoleArn"},
        {"RoleArn", "arn:aws:iam::1146716667364888:role/x", "InvalidParameter.RoleArn"},
        {"RoleSessionName", "a", "InvalidParameter.RoleSessionName"},
        {"RoleSessionName", std::string(65, 'a'), "InvalidParameter.RoleSessionName"},
        {"RoleSessionName", "a/b", "InvalidParameter.RoleSessionName"},
        {"ExternalId", "a", "InvalidParameter.ExternalId"},
        {"ExternalId", "a b", "InvalidParameter.ExternalId"},
        {"DurationSeconds", "899", "InvalidParameter.DurationSeconds"},
        {"DurationSeconds", "3601", "InvalidParameter.DurationSeconds"},
        {"DurationSeconds", "1h", "InvalidParameter.DurationSeconds"},
        {"Policy", "{}", "InvalidParameter.PolicyGrammar"},
        {"Policy", too_long, "InvalidParameter.PolicySize"},
    };
    Keys const node = node_keys();
    for (Case const& one : cases) {
        SCOPED_TRACE(one.name + "=" + one.text.substr(0, 80));
        Parameters parameters = usual();
        if (one.name == "Policy") {
            parameters.emplace_back("Policy", "");
        }
        for (auto& [key, text] : parameters) {
            if (key == one.name) {
                text = one.text;
            }
        }
        EXPECT_EQ(code(assume(parameters, node)), "400 " + one.code);
    }
    Parameters exactly = usual();
    exactly.emplace_back("Policy", only_cainiao + std::string(2048 - only_cainiao.size(), ' '));
    EXPECT_EQ(code(assume(exactly, node)), "200");
}

TEST_F(Chain, access_key_users_may_assume_too) {
    Keys const user{"LTAI5tSimulatedKey0001", "simulated-secret-of-registry-tenancy", ""};
    EXPECT_EQ(code(assume(usual(), user)), "200");
    Response const who = ask(
        sts, "sts", signed_call("sts.aliyuncs.com", "GetCallerIdentity", "2015-04-01", {}, user));
    EXPECT_EQ(value::parse(who.body).at("Arn").as_string(),
              "acs:ram::1284387915995949:user/registry-tenancy");
    Response const node =
        ask(sts, "sts",
            signed_call("sts.aliyuncs.com", "GetCallerIdentity", "2015-04-01", {}, node_keys()));
    EXPECT_EQ(value::parse(node.body).at("Arn").as_string(),
              "acs:ram::1284387915995949:assumed-role/kubernetesworkerrole-b/ecs-instance");
    EXPECT_EQ(
        code(ask(sts, "sts", signed_call("sts.aliyuncs.com", "Other", "2015-04-01", {}, user))),
        "404 InvalidAction.NotFound");
    EXPECT_EQ(code(ask(sts, "sts",
                       signed_call("sts.aliyuncs.com", "AssumeRole", "2014-01-01", {}, user))),
              "400 InvalidVersion");
}

TEST_F(Chain, minting_asks_role_and_session_policy) {
    Keys const node = node_keys();
    Response const denied = mint(keys_of(assume(usual("acr-without-token"), node)));
    EXPECT_EQ(code(denied), "403 NoPermission");
    value const detail = value::parse(denied.body).at("AccessDeniedDetail");
    EXPECT_EQ(detail.at("AuthAction").as_string(), "cr:GetAuthorizationToken");
    EXPECT_EQ(detail.at("NoPermissionType").as_string(), "ImplicitDeny");
    Parameters narrowed = usual();
    narrowed.emplace_back(
        "Policy",
        R"({"Version":"1","Statement":[{"Effect":"Allow","Action":"cr:PullRepository","Resource":"*"}]})");
    EXPECT_EQ(code(mint(keys_of(assume(narrowed, node)))), "403 NoPermission");
    EXPECT_EQ(code(mint(keys_of(assume(usual(), node)), "cri-other")), "404 INSTANCE_NOT_EXIST");
    EXPECT_EQ(code(mint(keys_of(assume(usual(), node)), "")), "400 MissingInstanceId");
}

TEST_F(Chain, a_password_ends_with_its_session) {
    write_faults("sessionSeconds: 120");
    Response const session = assume(usual(), node_keys());
    EXPECT_EQ(value::parse(session.body).at("Credentials").at("Expiration").as_string(),
              "2026-11-22T08:32:00Z");
    Response const minted = mint(keys_of(session));
    EXPECT_EQ(value::parse(minted.body).at("ExpireTime").as_number().to_int64(),
              std::chrono::system_clock::to_time_t(now + std::chrono::seconds(120)) * 1000);
    EXPECT_EQ(value::parse(minted.body).at("TempUsername").as_string(), "cr_temp_user");
}

TEST_F(Chain, a_role_can_hand_out_short_lives) {
    EXPECT_EQ(value::parse(assume(usual("acr-short"), node_keys()).body)
                  .at("Credentials")
                  .at("Expiration")
                  .as_string(),
              "2026-11-22T08:31:00Z");
}

}  // namespace
}  // namespace sim
