#include <cpprest/json.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "e2e/sim/alibaba_acr.hpp"
#include "e2e/sim/alibaba_sts.hpp"
#include "e2e/sim/common/answer.hpp"
#include "e2e/sim/ecs_metadata.hpp"
#include "e2e/sim/registry_auth.hpp"
#include "e2e/sim/test/keys.hpp"

namespace sim {
namespace {

using web::json::value;

/// Temporary credentials as a client holds them.
struct Keys {
    std::string id;
    std::string secret;
    std::string token;
};

/// The four simulators over the repository's world, without sockets.
class Chain : public testing::Test {
  protected:
    Chain() {
        std::filesystem::create_directories(folder);
        write_certificate(folder + "/crt.pem", folder + "/key.pem");
        auth = std::make_unique<RegistryAuth>(folder + "/crt.pem", folder + "/key.pem");
    }
    ~Chain() override { std::filesystem::remove_all(folder); }

    void write_faults(std::string const& text) const {
        std::ofstream(folder + "/faults.yaml") << text;
    }

    Response ask(Simulator& simulator, std::string const& name, Request const& request) {
        auto& faults = fault_files[name];
        if (!faults) {
            faults = std::make_unique<FaultFile>(folder + "/faults.yaml", name);
        }
        RequestLog const log(folder + "/requests.jsonl", name);
        return Answerer(simulator, world, *faults, log).answer(request, now);
    }

    Response metadata(std::string const& path, std::string const& token = "",
                      std::string const& method = "GET") {
        Request request{method, path, "", {}, ""};
        if (!token.empty()) {
            request.headers["x-aliyun-ecs-metadata-token"] = token;
        }
        if (method == "PUT") {
            request.headers["x-aliyun-ecs-metadata-token-ttl-seconds"] = "21600";
        }
        return ask(ecs, "ecs", request);
    }

    Keys node_keys() {
        value const body = value::parse(
            metadata("/latest/meta-data/ram/security-credentials/kubernetesworkerrole-b").body);
        return {body.at("AccessKeyId").as_string(), body.at("AccessKeySecret").as_string(),
                body.at("SecurityToken").as_string()};
    }

    /// A signed RPC call; the parameters go into the query.
    Request signed_call(std::string const& host, std::string const& action,
                        std::string const& version, Parameters const& parameters, Keys const& keys,
                        std::string const& method = "POST", std::string const& path = "/") {
        Request request{method, path, "", {}, ""};
        for (auto const& [key, text] : parameters) {
            request.query += (request.query.empty() ? "" : "&") + percent_encode(key) + "=" +
                             percent_encode(text);
        }
        request.headers = {{"host", host},
                           {"x-acs-action", action},
                           {"x-acs-version", version},
                           {"x-acs-date", format_time(now)},
                           {"x-acs-signature-nonce", random_name(32)},
                           {"x-acs-content-sha256", sha256_hex("")}};
        if (!keys.token.empty()) {
            request.headers["x-acs-security-token"] = keys.token;
        }
        std::string names;
        for (auto const& [name, ignored] : request.headers) {
            names += (names.empty() ? "" : ";") + name;
        }
        std::string const signature = acs3_signature(
            keys.secret,
            acs3_canonical_request(method, path, parameters, request.headers, sha256_hex("")));
        request.headers["authorization"] = "ACS3-HMAC-SHA256 Credential=" + keys.id +
                                           ",SignedHeaders=" + names + ",Signature=" + signature;
        return request;
    }

    Response assume(Parameters const& parameters, Keys const& keys) {
        return ask(sts, "sts",
                   signed_call("sts.cn-shanghai.aliyuncs.com", "AssumeRole", "2015-04-01",
                               parameters, keys));
    }

    static Parameters usual(std::string const& role = "acr-cainiao") {
        return {{"RoleArn", "acs:ram::1146716667364888:role/" + role},
                {"RoleSessionName", "demo-cainiao-prod"},
                {"ExternalId", "demo"},
                {"DurationSeconds", "3600"}};
    }

    static Keys keys_of(Response const& response) {
        value const body = value::parse(response.body);
        value const& keys = body.at("Credentials");
        return {keys.at("AccessKeyId").as_string(), keys.at("AccessKeySecret").as_string(),
                keys.at("SecurityToken").as_string()};
    }

    Response mint(Keys const& keys, std::string const& instance = "cri-shanghai-shared01") {
        return ask(acr, "acr",
                   signed_call("cr.cn-shanghai.aliyuncs.com", "GetAuthorizationToken", "2018-12-01",
                               {{"InstanceId", instance}}, keys));
    }

    static std::string password_of(Response const& response) {
        return value::parse(response.body).at("AuthorizationToken").as_string();
    }

    /// The whole way to a registry password.
    std::string password(std::string const& policy = "", std::string const& role = "acr-cainiao") {
        Parameters parameters = usual(role);
        if (!policy.empty()) {
            parameters.emplace_back("Policy", policy);
        }
        return password_of(mint(keys_of(assume(parameters, node_keys()))));
    }

    Response login(std::string const& scope, std::string const& user_and_password,
                   std::string const& service =
                       "registry.aliyuncs.com:cn-shanghai:china:cri-shanghai-shared01") {
        Request request{"GET",
                        "/auth",
                        "service=" + percent_encode(service) + "&scope=" + percent_encode(scope),
                        {},
                        ""};
        if (!user_and_password.empty()) {
            request.headers["authorization"] = "Basic " + base64_encode(user_and_password);
        }
        return ask(*auth, "auth", request);
    }

    /// What a token grants: its access claim as text.
    static std::string granted(Response const& response) {
        if (response.status != 200) {
            return std::to_string(response.status);
        }
        std::string const token = value::parse(response.body).at("token").as_string();
        std::string claims = split(token, '.').at(1);
        for (char& c : claims) {
            c = c == '-' ? '+' : c == '_' ? '/' : c;
        }
        while (claims.size() % 4 != 0) {
            claims += '=';
        }
        std::string out;
        value const parsed = value::parse(*base64_decode(claims));
        for (value const& entry : parsed.at("access").as_array()) {
            out += (out.empty() ? "" : " ") + entry.at("name").as_string();
            for (value const& action : entry.at("actions").as_array()) {
                out += ":" + action.as_string();
            }
        }
        return out;
    }

    static std::string code(Response const& response) {
        if (response.status == 200) {
            return "200";
        }
        value const body = value::parse(response.body);
        return std::to_string(response.status) + " " + body.at("Code").as_string();
    }

    std::string log_text() const { return read_file(folder + "/requests.jsonl"); }

    std::string const only_cainiao =
        R"({"Version":"1","Statement":[{"Effect":"Allow","Action":"cr:GetAuthorizationToken","Resource":"*"},)"
        R"({"Effect":"Allow","Action":"cr:PullRepository","Resource":)"
        R"("acs:cr:cn-shanghai:1146716667364888:repository/cri-shanghai-shared01/cainiao/*"}]})";
    std::string folder = testing::TempDir() + "sim-chain-" + std::to_string(getpid());
    TimePoint now = *parse_time("2026-11-22T08:30:00Z");
    WorldFile world{SIM_WORLD_FILE};
    std::map<std::string, std::unique_ptr<FaultFile>> fault_files;
    EcsMetadata ecs;
    AlibabaSts sts{""};
    AlibabaAcr acr;
    std::unique_ptr<RegistryAuth> auth;
};

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
    EXPECT_EQ(ask(*auth, "auth", request).status, 405);
    request = {"GET", "/other", "", {}, ""};
    EXPECT_EQ(ask(*auth, "auth", request).status, 404);
    request = {"GET", "/auth", "service=unknown", {}, ""};
    EXPECT_EQ(ask(*auth, "auth", request).status, 400);
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

TEST_F(Chain, hardened_metadata_demands_a_token) {
    std::string const roles = "/latest/meta-data/ram/security-credentials/";
    EXPECT_EQ(metadata(roles).body, "kubernetesworkerrole-b");
    std::string const token = metadata("/latest/api/token", "", "PUT").body;
    EXPECT_EQ(metadata(roles, token).status, 200);
    write_faults("hardenedMetadata: true");
    EXPECT_EQ(metadata(roles).status, 403);
    EXPECT_EQ(metadata(roles, "wrong").status, 403);
    EXPECT_EQ(metadata(roles, token).status, 200);
    EXPECT_EQ(metadata(roles + "other", token).status, 404);
    EXPECT_EQ(metadata("/latest/meta-data/region-id", token).body, "cn-shanghai");
    EXPECT_EQ(metadata("/latest/meta-data/owner-account-id", token).body, "1284387915995949");
    now += std::chrono::hours(7);
    EXPECT_EQ(metadata(roles, token).status, 403);
}

TEST_F(Chain, faults_on_demand) {
    struct Case {
        std::string fault;
        std::string code;
    };
    std::vector<Case> const cases = {
        {"{mode: error}", "500 InternalError"},
        {"{mode: error, code: NoPermission, http: 403}", "403 NoPermission"},
        {"{mode: throttle}", "400 Throttling.User"},
    };
    for (Case const& one : cases) {
        write_faults("sts: [" + one.fault + "]");
        EXPECT_EQ(code(assume(usual(), node_keys())), one.code);
    }
    write_faults("sts: [{mode: garbage}]");
    EXPECT_THROW(value::parse(assume(usual(), node_keys()).body), web::json::json_exception);
    write_faults("sts: [{mode: empty}]");
    EXPECT_EQ(assume(usual(), node_keys()).body, "");
    write_faults("sts: [{mode: timeout}]");
    EXPECT_TRUE(assume(usual(), node_keys()).hang);
    write_faults("sts: [{mode: slow, seconds: 4}]");
    EXPECT_EQ(assume(usual(), node_keys()).delay_seconds, 4);
    write_faults("sts: [{mode: expired}]");
    Response const expired = assume(usual(), node_keys());
    EXPECT_EQ(expired.status, 200);
    EXPECT_EQ(code(mint(keys_of(expired))), "400 InvalidSecurityToken.Expired");
}

TEST_F(Chain, acr_fails_in_its_own_ways) {
    Keys const keys = keys_of(assume(usual(), node_keys()));
    write_faults("acr: [{mode: throttle, seconds: 3}]");
    Response const throttled = mint(keys);
    EXPECT_EQ(code(throttled), "429 Throttling.User");
    ASSERT_EQ(throttled.headers.size(), 1U);
    EXPECT_EQ(throttled.headers[0].first, "x-ratelimit-user-api");
    EXPECT_EQ(throttled.headers[0].second, "Limit:1,Remain:0,TimeLeft:3000,Reset:1234");
    write_faults("acr: [{mode: error, http: 200, code: INSTANCE_STOPPED, message: stopped}]");
    Response const failed = mint(keys);
    EXPECT_EQ(failed.status, 200);
    EXPECT_FALSE(value::parse(failed.body).at("IsSuccess").as_bool());
    EXPECT_EQ(value::parse(failed.body).at("Code").as_string(), "INSTANCE_STOPPED");
    write_faults("acr: [{mode: expired}]");
    EXPECT_EQ(login("repository:cainiao/a1:pull", "cr_temp_user:" + password_of(mint(keys))).status,
              401);
}

TEST_F(Chain, a_broken_faults_file_is_never_taken_for_the_cloud) {
    write_faults("sts: [{mode: nonsense}]");
    EXPECT_EQ(code(assume(usual(), {"k", "s", ""})), "500 SimulatorBroken");
}

TEST_F(Chain, the_log_tells_everything_but_secrets) {
    Keys const node = node_keys();
    Parameters parameters = usual();
    parameters.emplace_back("Policy", only_cainiao);
    Keys const session = keys_of(assume(parameters, node));
    std::string const minted = password_of(mint(session));
    Response const token = login("repository:cainiao/a1:pull", "cr_temp_user:" + minted);
    std::string const bearer = value::parse(token.body).at("token").as_string();
    std::string const text = log_text();
    for (std::string const& secret : {node.secret, node.token, session.secret, session.token,
                                      minted, split(minted, ':').at(0), bearer}) {
        EXPECT_EQ(text.find(secret), std::string::npos);
    }
    EXPECT_EQ(text.find("Signature="), std::string::npos);
    value const line = value::parse(split(text, '\n').at(1));
    EXPECT_EQ(line.at("simulator").as_string(), "sts");
    EXPECT_EQ(line.at("action").as_string(), "AssumeRole");
    EXPECT_EQ(line.at("externalId").as_string(), "demo");
    EXPECT_EQ(line.at("policy").as_string(), only_cainiao);
    EXPECT_EQ(line.at("code").as_string(), "OK");
    value const last = value::parse(split(text, '\n').at(3));
    EXPECT_EQ(last.at("granted").as_string(), "repository:cainiao/a1:pull");
    EXPECT_EQ(last.at("session").as_string(), "demo-cainiao-prod");
}

TEST_F(Chain, garbage_never_breaks_a_simulator) {
    std::string const zeros("\0\xff{}", 4);
    for (std::string const& method : {std::string("POST"), std::string("GET"), zeros}) {
        for (std::string const& text :
             {std::string(), zeros, std::string("%"), std::string("a=%00&&=")}) {
            Request const request{
                method, "/" + text, text, {{"authorization", text}, {"host", text}}, text};
            EXPECT_GE(ask(ecs, "ecs", request).status, 400);
            EXPECT_GE(ask(sts, "sts", request).status, 400);
            EXPECT_GE(ask(acr, "acr", request).status, 400);
            EXPECT_GE(ask(*auth, "auth", request).status, 400);
        }
    }
}

}  // namespace
}  // namespace sim
