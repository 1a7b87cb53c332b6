#include "lib/registry/chain.hpp"

#include <gtest/gtest.h>

#include "lib/base/time.hpp"
#include "unit/registry/registries.hpp"
#include "unit/support/fake_clock.hpp"
#include "unit/support/scripted_transport.hpp"

namespace rt::registry {
namespace {

using namespace testing;
using Names = std::vector<std::string>;

std::string const ping = std::string("https://") + acr_host + "/v2/";
std::string const challenge = std::string("Bearer realm=\"") + acr_realm + "\",service=\"s\"";

class ChainTest : public ::testing::Test {
  protected:
    ChainTest() {
        target.image = Asked{in_namespace("cainiao"), {"cainiao/a1", "v1"}};
        target.login = &login;
    }
    bool walked() {
        steps.clear();
        return walk(target, {resolve, connect, handshake, transport, clock, proxy_of},
                    [this](Step const& step) { steps.push_back(step); }, {});
    }
    /// "DNS TCP !TLS": what was walked, with what failed.
    std::string way() {
        std::string text;
        for (Step const& step : steps) {
            text += (text.empty() ? "" : " ") + std::string(step.ok ? "" : "!") + step.name;
        }
        return text;
    }
    void expect_ping() {
        transport.expect("GET", ping).answer(401, "", {{"WWW-Authenticate", challenge}});
    }
    void expect_token(Names const& granted) {
        transport.expect("GET", acr_realm).any_query().answer(200, token_for(granted));
    }

    test::FakeClock clock;
    test::ScriptedTransport transport;
    std::function<Result<Names>(std::string const&)> resolve = [](std::string const&) {
        return Names{"10.0.0.1"};
    };
    std::function<Result<void>(std::string const&, std::string const&)> connect =
        [](std::string const&, std::string const&) { return Result<void>(); };
    std::function<Result<void>(std::string const&)> handshake = [](std::string const&) {
        return Result<void>();
    };
    http::ProxyOf proxy_of;
    tenancy::CredentialSpec const spec =
        credential(acr(), "acs:ram::1146716667364888:role/acr-cainiao");
    Login const login{"cr_temp_user", "secret-password"};
    ChainTarget target{spec, acr_host};
    std::vector<Step> steps;
};

TEST_F(ChainTest, ReachesTheManifest) {
    expect_ping();
    expect_token({"cainiao/a1"});
    expect_token({"cainiao/a1"});
    transport.expect("HEAD", ping + "cainiao/a1/manifests/v1")
        .answer(200, "", {{"Docker-Content-Digest", "sha256:abc"}});
    EXPECT_TRUE(walked());
    EXPECT_EQ(way(), "DNS TCP TLS /v2/ challenge token scope manifest");
    for (Step const& step : steps) {
        EXPECT_EQ(step.saw.find("secret-password"), std::string::npos);
        EXPECT_EQ(step.cause, "") << step.name;
        EXPECT_EQ(read_step(to_json(step)), step);
    }
    EXPECT_NE(steps.back().saw.find("sha256:abc"), std::string::npos);
}

TEST_F(ChainTest, EndsAtTheFirstStepThatFailsAndSaysWhy) {
    resolve = [](std::string const&) -> Result<Names> {
        return fail({ErrorKind::Unavailable, "no such name", "DNSFailed"});
    };
    EXPECT_FALSE(walked());
    EXPECT_EQ(way(), "!DNS");
    EXPECT_NE(steps.back().cause.find("access list"), std::string::npos);

    resolve = [](std::string const&) { return Names{"47.1.2.3", "47.1.2.4"}; };
    connect = [](std::string const&, std::string const&) -> Result<void> {
        return fail({ErrorKind::DeadlineExceeded, "timed out"});
    };
    EXPECT_FALSE(walked());
    EXPECT_EQ(way(), "DNS !TCP");
    EXPECT_NE(steps.back().cause.find("public addresses"), std::string::npos);

    connect = [](std::string const& address, std::string const& port) -> Result<void> {
        EXPECT_EQ(port, "443");
        return address == "47.1.2.4" ? Result<void>() : fail({ErrorKind::Unavailable, "refused"});
    };
    handshake = [](std::string const&) -> Result<void> {
        return fail({ErrorKind::Unavailable, "certificate", "TLSUntrusted"});
    };
    EXPECT_FALSE(walked());
    EXPECT_EQ(way(), "DNS TCP !TLS") << "any address will do";
    EXPECT_NE(steps.back().cause.find("registry-tenancy-ca-bundle"), std::string::npos);
}

TEST_F(ChainTest, GoesThroughAProxyWhereOneStandsBetween) {
    proxy_of = [](std::string const& authority) {
        EXPECT_EQ(authority, acr_host);
        return std::string("proxy.corp:3128");
    };
    Names looked_up;
    resolve = [&](std::string const& name) {
        looked_up.push_back(name);
        return Names{"10.9.9.9"};
    };
    handshake = [](std::string const&) -> Result<void> {
        ADD_FAILURE() << "there is nothing to shake hands with";
        return {};
    };
    target.image.reset();
    expect_ping();
    EXPECT_TRUE(walked());
    EXPECT_EQ(way(), "proxy /v2/ challenge");
    EXPECT_EQ(looked_up, Names{"proxy.corp"}) << "the registry's name is the proxy's business";
    EXPECT_NE(steps.front().saw.find("10.9.9.9 port 3128"), std::string::npos);
    EXPECT_NE(steps.front().saw.find("nodes pull as their container runtime is told"),
              std::string::npos);

    transport.expect("GET", ping).fail({ErrorKind::Unavailable, "HTTP 403 from the proxy"});
    EXPECT_FALSE(walked());
    EXPECT_EQ(way(), "proxy !/v2/");
    EXPECT_NE(steps.back().cause.find("NO_PROXY"), std::string::npos);

    transport.expect("GET", ping).fail({ErrorKind::Unavailable, "certificate", "TLSUntrusted"});
    EXPECT_FALSE(walked());
    EXPECT_EQ(way(), "proxy !TLS");

    connect = [](std::string const&, std::string const&) -> Result<void> {
        return fail({ErrorKind::DeadlineExceeded, "timed out"});
    };
    EXPECT_FALSE(walked());
    EXPECT_EQ(way(), "!proxy");
    EXPECT_NE(steps.back().cause.find("HTTPS_PROXY"), std::string::npos);

    // What NO_PROXY names is walked to as ever.
    proxy_of = [](std::string const&) { return std::string(); };
    EXPECT_FALSE(walked());
    EXPECT_EQ(way(), "DNS !TCP");
}

TEST_F(ChainTest, SaysWhatTheRegistryRefuses) {
    transport.expect("GET", ping).answer(403);
    EXPECT_FALSE(walked());
    EXPECT_EQ(way(), "DNS TCP TLS !/v2/");
    EXPECT_NE(steps.back().cause.find("access list"), std::string::npos);

    transport.expect("GET", ping)
        .answer(401, "", {{"WWW-Authenticate", "Bearer realm=\"https://evil.example/\""}});
    EXPECT_FALSE(walked());
    EXPECT_EQ(way(), "DNS TCP TLS /v2/ !challenge");

    expect_ping();
    transport.expect("GET", acr_realm).any_query().answer(401, "{}");
    EXPECT_FALSE(walked());
    EXPECT_EQ(way(), "DNS TCP TLS /v2/ challenge !token");

    expect_ping();
    expect_token({});
    expect_token({});  // asked for nothing, it knows the login
    EXPECT_FALSE(walked());
    EXPECT_EQ(way(), "DNS TCP TLS /v2/ challenge token !scope");
    EXPECT_NE(steps.back().cause.find("add action cr:PullRepository on resource acs:cr:"),
              std::string::npos);

    expect_ping();
    expect_token({"cainiao/a1"});
    expect_token({"cainiao/a1"});
    transport.expect("HEAD", ping + "cainiao/a1/manifests/v1").answer(404);
    EXPECT_FALSE(walked());
    EXPECT_EQ(way(), "DNS TCP TLS /v2/ challenge token scope !manifest");
    EXPECT_NE(steps.back().cause.find("no such image"), std::string::npos);
}

TEST_F(ChainTest, NoticesAClockThatIsOff) {
    auto const date = format_http_date(clock.wall_now() + std::chrono::minutes(10));
    transport.expect("GET", ping)
        .answer(401, "", {{"WWW-Authenticate", challenge}, {"Date", date}});
    transport.expect("GET", acr_realm).any_query().answer(401, "{}");
    EXPECT_FALSE(walked());
    EXPECT_NE(steps[3].cause.find("clock is off"), std::string::npos) << steps[3].cause;
    EXPECT_NE(steps.back().cause.find("check NTP"), std::string::npos) << steps.back().cause;
}

TEST_F(ChainTest, WithoutALoginAsksAsAnybodyAndWithoutAnImageEndsEarly) {
    target.login = nullptr;
    expect_ping();
    expect_token({});
    EXPECT_FALSE(walked());
    EXPECT_EQ(way(), "DNS TCP TLS /v2/ challenge token scope") << "which is no failure";
    target.image.reset();
    expect_ping();
    EXPECT_TRUE(walked());
    EXPECT_EQ(way(), "DNS TCP TLS /v2/ challenge");
}

TEST(Steps, AreShownInLines) {
    using std::chrono::milliseconds;
    EXPECT_EQ(rendered({"DNS", true, milliseconds(3), "10.0.0.1", ""}),
              "  ok      DNS                3 ms  10.0.0.1\n");
    EXPECT_EQ(rendered({"registry token", false, milliseconds(1234), "no\x1b[31m", "because"}),
              "  FAILED  registry token  1234 ms  no\\x1B[31m\n          likely: because\n");
    EXPECT_EQ(read_step(Json{{"message", "a line of a log"}}), std::nullopt);
    EXPECT_EQ(read_step(Json("text")), std::nullopt);
}

}  // namespace
}  // namespace rt::registry
