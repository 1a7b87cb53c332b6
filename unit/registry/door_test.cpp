#include "lib/registry/door.hpp"

#include <gtest/gtest.h>

#include "unit/registry/registries.hpp"
#include "unit/support/scripted_transport.hpp"

namespace rt::registry {
namespace {

using namespace testing;
using Names = std::set<std::string>;

std::string const ping = std::string("https://") + acr_host + "/v2/";
std::string const challenge = std::string("Bearer realm=\"") + acr_realm +
                              R"(",service="registry.aliyuncs.com:cn-shanghai:china:cri-1")";

class DoorTest : public ::testing::Test {
  protected:
    Result<Door> knocked() { return knock(network, acr(), acr_host, {}); }
    Result<Names> asked(Door const& door, Login const* who, std::string const& host = acr_host) {
        return may_pull(network, host, door, questions, who, {});
    }
    static std::string code_of(auto const& result) { return result ? "none" : result.error().code; }

    test::ScriptedTransport network;
    std::vector<Question> questions{{"cainiao/a1", "v1"}, {"base/jdk", "17"}};
    Login const login{"cr_temp_user", "secret"};
    std::string const basic = "Basic " + base64_encode("cr_temp_user:secret");
    Door const bearer{Door::Kind::Bearer, acr_realm,
                      "registry.aliyuncs.com:cn-shanghai:china:cri-1"};
    std::string const scopes =
        std::string(acr_realm) +
        "?service=registry.aliyuncs.com%3Acn-shanghai%3Achina%3Acri-1"
        "&scope=repository%3Acainiao%2Fa1%3Apull&scope=repository%3Abase%2Fjdk%3Apull";
    /// As `docker login` asks: for nothing.
    std::string const login_alone = std::string(acr_realm) +
                                    "?service=registry.aliyuncs.com%3Acn-shanghai%3Achina%3Acri-1"
                                    "&account=cr_temp_user";
};

TEST_F(DoorTest, IsWhatTheChallengeSays) {
    network.expect("GET", ping).answer(401, "{}", {{"Www-Authenticate", challenge}});
    EXPECT_EQ(knocked().value(), bearer);
    network.expect("GET", ping).answer(401, "", {{"WWW-Authenticate", "Basic realm=\"x\""}});
    EXPECT_EQ(knocked()->kind, Door::Kind::Basic);
    network.expect("GET", ping).answer(200);
    EXPECT_EQ(knocked()->kind, Door::Kind::Open);
}

TEST_F(DoorTest, IsNotTrustedWhereItNamesAForeignRealm) {
    network.expect("GET", ping)
        .answer(401, "", {{"WWW-Authenticate", "Bearer realm=\"https://evil.example/auth\""}});
    auto const door = knocked();
    EXPECT_EQ(code_of(door), "RealmNotPinned");
    EXPECT_NE(door.error().message.find("https://evil.example/auth"), std::string::npos);
}

TEST_F(DoorTest, SaysWhatKeepsOneFromIt) {
    struct Case {
        Error error;
        std::string code;
    };
    for (Case const& one :
         {Case{{ErrorKind::Unavailable, "no such name", "DNSFailed"}, "DNSFailed"},
          Case{{ErrorKind::Unavailable, "certificate", "TLSUntrusted"}, "TLSUntrusted"},
          Case{{ErrorKind::Unavailable, "refused"}, "RegistryUnreachable"},
          Case{{ErrorKind::DeadlineExceeded, "slow"}, "RegistryUnreachable"}}) {
        network.expect("GET", ping).fail(one.error);
        EXPECT_EQ(code_of(knocked()), one.code);
    }
    for (auto const& [status, code] : std::map<int, std::string>{{503, "RegistryUnreachable"},
                                                                 {429, "RegistryUnreachable"},
                                                                 {404, "Unknown"},
                                                                 {302, "Unknown"},
                                                                 {401, "Unknown"}}) {
        network.expect("GET", ping).answer(status);
        EXPECT_EQ(code_of(knocked()), code) << status;
    }
}

TEST_F(DoorTest, TokensTellWhatIsGranted) {
    network.expect("GET", scopes + "&account=cr_temp_user")
        .with_header("Authorization", basic)
        .answer(200, token_for({"cainiao/a1", "base/jdk"}));
    EXPECT_EQ(asked(bearer, &login).value(), (Names{"cainiao/a1", "base/jdk"}));
    // Without the login nothing of it goes out.
    network.expect("GET", scopes)
        .then_do([](http::Request const& request) {
            EXPECT_FALSE(request.headers.has("Authorization"));
        })
        .answer(200, token_for({}));
    EXPECT_EQ(asked(bearer, nullptr).value(), Names{});
}

TEST_F(DoorTest, RefusalsAtTheTokenEndpointDiffer) {
    std::string const with_login = scopes + "&account=cr_temp_user";
    network.expect("GET", with_login).answer(401, "{}");
    EXPECT_EQ(code_of(asked(bearer, &login)), "TokenRejected");
    network.expect("GET", with_login).answer(403, "{}");
    network.expect("GET", login_alone).answer(200, token_for({}));
    EXPECT_EQ(asked(bearer, &login).value(), Names{}) << "it knows the login, and grants nothing";
    network.expect("GET", with_login).answer(500, "{}");
    EXPECT_EQ(code_of(asked(bearer, &login)), "RegistryUnreachable");
    network.expect("GET", with_login).answer(200, "garbage");
    EXPECT_EQ(code_of(asked(bearer, &login)), "Unknown");
    network.expect("GET", with_login).answer(200, R"({"token":""})");
    EXPECT_EQ(code_of(asked(bearer, &login)), "Unknown");
    for (int const status : {400, 401, 403}) {
        network.expect("GET", scopes).answer(status, "{}");
        EXPECT_EQ(asked(bearer, nullptr).value(), Names{}) << status;
    }
}

TEST_F(DoorTest, ALoginThatIsTakenForNobodysIsToldFromOneThatMayNot) {
    // Harbor, of a robot that was deleted: what is public, and no word of the login.
    for (Names const& granted : {Names{}, Names{"base/jdk"}}) {
        auto const expect_partly_granted = [&] {
            network.expect("GET", scopes + "&account=cr_temp_user")
                .answer(200, token_for({granted.begin(), granted.end()}));
        };
        expect_partly_granted();
        network.expect("GET", login_alone).with_header("Authorization", basic).answer(401, "{}");
        EXPECT_EQ(code_of(asked(bearer, &login)), "TokenRejected");
        // Whatever else comes back, the first answer counts.
        for (int const status : {200, 400, 403, 404, 500}) {
            expect_partly_granted();
            network.expect("GET", login_alone).answer(status, token_for({}));
            EXPECT_EQ(asked(bearer, &login).value(), granted) << status;
        }
    }
}

TEST_F(DoorTest, OpaqueTokensAreTriedOnManifests) {
    network.expect("GET", scopes + "&account=cr_temp_user")
        .answer(200, R"({"access_token":"opaque"})");
    network.expect("HEAD", ping + "cainiao/a1/manifests/v1")
        .with_header("Authorization", "Bearer opaque")
        .answer(404);
    network.expect("HEAD", ping + "base/jdk/manifests/17")
        .with_header("Authorization", "Bearer opaque")
        .answer(403);
    network.expect("GET", login_alone).answer(200, R"({"access_token":"opaque"})");
    EXPECT_EQ(asked(bearer, &login).value(), Names{"cainiao/a1"});
}

TEST_F(DoorTest, PasswordsAreTriedOnManifests) {
    std::string const host = std::string("https://") + ecr_host + "/v2/";
    Door const door{Door::Kind::Basic};
    network.expect("GET", host).with_header("Authorization", basic).answer(200);
    network.expect("HEAD", host + "cainiao/a1/manifests/v1")
        .with_header("Authorization", basic)
        .answer(200);
    network.expect("HEAD", host + "base/jdk/manifests/17").answer(403);
    EXPECT_EQ(asked(door, &login, ecr_host).value(), Names{"cainiao/a1"});
    for (int const status : {400, 401, 403}) {
        network.expect("GET", host).answer(status);
        EXPECT_EQ(code_of(asked(door, &login, ecr_host)), "TokenRejected") << status;
    }
    network.expect("HEAD", host + "cainiao/a1/manifests/v1").answer(401);
    network.expect("HEAD", host + "base/jdk/manifests/17").answer(401);
    EXPECT_EQ(asked(door, nullptr, ecr_host).value(), Names{});
    network.expect("HEAD", host + "cainiao/a1/manifests/v1").answer(503);
    EXPECT_EQ(code_of(asked(door, nullptr, ecr_host)), "RegistryUnreachable");
}

TEST(Tokens, TellTheirPullsOrThatTheyDoNotTell) {
    Json const access = {{{"type", "repository"}, {"name", "a/b"}, {"actions", {"push", "pull"}}},
                         {{"type", "repository"}, {"name", "a/c"}, {"actions", {"push"}}},
                         {{"type", "repository"}, {"name", "a/d"}, {"actions", {"*"}}},
                         {{"type", "registry"}, {"name", "catalog"}, {"actions", {"pull"}}},
                         "garbage",
                         {{"type", "repository"}, {"name", 7}, {"actions", 7}}};
    EXPECT_EQ(pulls_granted_by(token_with({{"access", access}})), (Names{"a/b", "a/d"}));
    EXPECT_EQ(pulls_granted_by(token_with({{"access", nullptr}})), Names{});
    EXPECT_EQ(pulls_granted_by(token_with({{"access", Json::array()}})), Names{});
    EXPECT_EQ(pulls_granted_by(token_with({{"sub", "x"}})), std::nullopt);
    EXPECT_EQ(pulls_granted_by(token_with("text")), std::nullopt);
    EXPECT_EQ(pulls_granted_by("opaque"), std::nullopt);
    EXPECT_EQ(pulls_granted_by("a.b.c"), std::nullopt);
    EXPECT_EQ(pulls_granted_by(""), std::nullopt);
}

}  // namespace
}  // namespace rt::registry
