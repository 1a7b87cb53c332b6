#include "e2e/sim/test/alibaba_chain.hpp"

namespace sim {
namespace {

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
            EXPECT_GE(ask(auth, "auth", request).status, 400);
        }
    }
}

}  // namespace
}  // namespace sim
