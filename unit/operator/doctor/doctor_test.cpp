#include "operator/doctor/doctor.hpp"

#include <gtest/gtest.h>

#include "lib/base/digest.hpp"
#include "operator/doctor/recording_transport.hpp"
#include "unit/operator/tenancy/world.hpp"
#include "unit/support/scripted_transport.hpp"

namespace rt::op::test {
namespace {

std::string const ping = std::string("https://") + vpc_host + "/v2/";
std::string const realm = "https://dockerauth.cn-shanghai.aliyuncs.com/auth";

/// Asks STS and ACR one request each, and mints or fails as the test says.
class ThroughTransport final : public CredentialSource {
  public:
    ThroughTransport(ScriptedSource& inner, http::Transport& transport)
        : inner_(inner), transport_(transport) {}
    Result<RegistryCredential> mint(MintRequest const& request, std::stop_token stop) override {
        for (char const* url : {"http://100.100.100.200/latest/meta-data/", "https://sts.example/",
                                "https://cr.example/"}) {
            http::Request call;
            call.url = url;
            auto const response = transport_.send(call, stop);
            if (response && response->status != 200) {
                return fail({ErrorKind::Forbidden, "AssumeRole: NoPermission: no", "NoPermission"});
            }
        }
        return inner_.mint(request, stop);
    }

  private:
    ScriptedSource& inner_;
    http::Transport& transport_;
};

class OperatorDoctor : public testing::Test {
  protected:
    OperatorDoctor() {
        outside.api.put(kube::types::registries, shared_acr());
        outside.api.put(kube::types::registry_tenancies, tenancy("cainiao", {"ns"}, {"cainiao"}));
        outside.api.put(kube::types::namespaces, namespace_object("ns"));
        put_pod("ns", "/cainiao/a1:v1");
        put_pod("other", "/alipay/a1:v1");
    }
    void put_pod(std::string const& ns, std::string const& path) {
        outside.api.put(kube::types::pods,
                        {{"metadata", {{"name", "pod"}, {"namespace", ns}}},
                         {"spec", {{"containers", Json::array({{{"image", vpc_host + path}}})}}}});
    }
    void expect_mint(int sts_status = 200) {
        network.expect("GET", "http://100.100.100.200/latest/meta-data/").answer(200);
        network.expect("GET", "https://sts.example/").answer(sts_status);
        if (sts_status == 200) {
            network.expect("GET", "https://cr.example/").answer(200);
        }
    }
    void expect_ping() {
        network.expect("GET", ping)
            .answer(401, "",
                    {{"WWW-Authenticate", "Bearer realm=\"" + realm + "\",service=\"s\""}});
    }
    void expect_token(std::vector<std::string> const& granted) {
        Json access = Json::array();
        for (std::string const& name : granted) {
            access.push_back({{"type", "repository"}, {"name", name}, {"actions", {"pull"}}});
        }
        std::string claims = base64_encode(Json{{"access", access}}.dump());
        claims.erase(claims.find_last_not_of('=') + 1);
        network.expect("GET", realm)
            .any_query()
            .answer(200, Json{{"token", "e30." + claims + ".c2ln"}}.dump());
    }
    void expect_walk() {
        expect_ping();
        expect_token({"cainiao/a1"});
        expect_token({"cainiao/a1"});
        network.expect("HEAD", ping + "cainiao/a1/manifests/v1").answer(200);
    }
    Result<bool> examined(DoctorRequest const& request) {
        steps.clear();
        DoctorContext context{
            outside.api,
            {[](std::string const&) { return std::vector<std::string>{"10.0.0.1"}; },
             [](std::string const&, std::string const&) { return Result<void>(); },
             [](std::string const&) { return Result<void>(); }, network, outside.clock, proxy_of},
            outside.clock,
            settings,
            "demo",
            [this](http::Transport& transport) {
                return std::make_unique<ThroughTransport>(outside.source, transport);
            }};
        return examine(request, context,
                       [this](registry::Step const& step) { steps.push_back(step); }, {});
    }
    [[nodiscard]] std::string way() const {
        std::string text;
        for (registry::Step const& step : steps) {
            text += (text.empty() ? "" : ", ") + std::string(step.ok ? "" : "!") + step.name;
        }
        return text;
    }

    Outside outside;
    tenancy::Settings settings;
    http::ProxyOf proxy_of;
    rt::test::ScriptedTransport network;
    std::vector<registry::Step> steps;
};

TEST_F(OperatorDoctor, MintsAsTheOperatorDoesAndWalksWithIt) {
    expect_mint();
    expect_walk();
    auto const well = examined({"cainiao", "ns"});
    ASSERT_TRUE(well) << well.error().message;
    EXPECT_TRUE(*well);
    EXPECT_EQ(
        way(),
        "identity, assume role, registry token, DNS, TCP, TLS, /v2/, challenge, token, scope, "
        "manifest");
    EXPECT_EQ(outside.api.writes(), 0);
    for (registry::Step const& step : steps) {
        EXPECT_EQ(step.saw.find("password"), std::string::npos) << step.saw;
    }
}

TEST_F(OperatorDoctor, TellsWhatGoesThroughTheOperatorsProxy) {
    proxy_of = [](std::string const& authority) {
        return authority == "cr.example" ? std::string() : "proxy.corp:3128";
    };
    expect_mint();
    expect_walk();
    auto const well = examined({"cainiao", "ns"});
    ASSERT_TRUE(well);
    EXPECT_TRUE(*well);
    EXPECT_EQ(way(),
              "identity, assume role, registry token, proxy, /v2/, challenge, token, scope, "
              "manifest");
    EXPECT_EQ(steps[0].saw, "100.100.100.200: HTTP 200") << "plain http asks no proxy";
    EXPECT_EQ(steps[1].saw, "sts.example through proxy proxy.corp:3128: HTTP 200");
    EXPECT_EQ(steps[2].saw, "cr.example: HTTP 200") << "NO_PROXY names it";

    expect_mint(403);
    expect_ping();
    ASSERT_TRUE(examined({"cainiao", "ns"}));
    EXPECT_NE(steps[1].saw.find("NoPermission"), std::string::npos);
    EXPECT_NE(steps[1].saw.find("(through proxy proxy.corp:3128)"), std::string::npos);
}

TEST_F(OperatorDoctor, NamesTheStepAtWhichMintingFails) {
    expect_mint(403);
    expect_ping();
    auto const well = examined({"cainiao", "ns"});
    ASSERT_TRUE(well);
    EXPECT_FALSE(*well);
    EXPECT_EQ(way(), "identity, !assume role, DNS, TCP, TLS, /v2/, challenge");
    EXPECT_NE(steps[1].cause.find("policy cainiao --document trust"), std::string::npos)
        << steps[1].cause;
}

TEST_F(OperatorDoctor, AsksHowWideTheRoleIs) {
    expect_mint();
    expect_walk();
    expect_mint();
    expect_ping();
    expect_token({"alipay/a1"});
    auto const well = examined({"cainiao", "ns", "", true});
    ASSERT_TRUE(well);
    EXPECT_FALSE(*well);
    EXPECT_NE(steps.back().saw.find("RoleTooBroad"), std::string::npos) << steps.back().saw;
    EXPECT_NE(steps.back().saw.find("alipay/a1"), std::string::npos) << steps.back().saw;
    EXPECT_EQ(outside.source.mints.back().allow, std::vector<std::string>{"*"});

    expect_mint();
    expect_walk();
    expect_mint();
    expect_ping();
    expect_token({});
    expect_token({});  // asked for nothing, it knows the login
    auto const narrow = examined({"cainiao", "ns", "", true});
    ASSERT_TRUE(narrow);
    EXPECT_TRUE(*narrow) << steps.back().saw;
}

TEST_F(OperatorDoctor, SaysWhatItCannotLookAt) {
    EXPECT_FALSE(examined({"cainiao", "free"}));
    EXPECT_FALSE(examined({"alipay", "ns"}));
    EXPECT_FALSE(examined({"cainiao", "ns", "docker.io/library/nginx"}));
    EXPECT_TRUE(read_doctor_request(R"({"tenancy":"a","namespace":"b","role":true})")->role);
    EXPECT_FALSE(read_doctor_request(R"({"tenancy":"a"})"));
    EXPECT_FALSE(read_doctor_request("garbage"));
    EXPECT_FALSE(read_doctor_request(""));
}

TEST(MintSteps, AreKnownByHostAndAction) {
    struct Case {
        std::string url;
        std::string body;
        std::string step;
    };
    for (auto const& [url, body, step] : std::vector<Case>{
             {"http://169.254.169.254/latest/api/token", "", "identity"},
             {"https://sts.eu-central-1.amazonaws.com/", "Action=AssumeRole&x", "assume role"},
             {"https://sts.eu-central-1.amazonaws.com/", "Action=AssumeRoleWithWebIdentity",
              "identity"},
             {"https://sts-vpc.cn-shanghai.aliyuncs.com/?Action=AssumeRole", "", "assume role"},
             {"https://cr.cn-shanghai.aliyuncs.com/", "", "registry token"},
             {"https://api.ecr.eu-central-1.amazonaws.com/", "{}", "registry token"},
         }) {
        http::Request request;
        request.url = url;
        request.body = body;
        EXPECT_EQ(mint_step_of(request), step) << url;
    }
}

}  // namespace
}  // namespace rt::op::test
