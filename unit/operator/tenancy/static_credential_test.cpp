// A fixed credential, from its Secret in our namespace to the pull Secrets, through the whole
// operator: watchers, queues and workers on their own threads, over a fake API server.
#include <gtest/gtest.h>

#include <thread>

#include "lib/base/digest.hpp"
#include "lib/base/metrics.hpp"
#include "operator/cloud/static/source.hpp"
#include "operator/tenancy_operator.hpp"
#include "unit/operator/tenancy/objects.hpp"
#include "unit/support/eventually.hpp"
#include "unit/support/fake_api_server.hpp"
#include "unit/support/scripted_transport.hpp"

namespace rt::op::test {
namespace {

using kube::types::secrets;
using rt::test::eventually;

class StaticCredential : public testing::Test {
  protected:
    StaticCredential() {
        api_.put(kube::types::registries,
                 {{"metadata", {{"name", "fixed"}}},
                  {"spec",
                   {{"hosts", {"registry.example.com", "mirror.example.com"}},
                    {"type", "DockerConfigSecret"},
                    {"dockerConfigSecret", {{"secretName", "login"}}},
                    {"allowUnnarrowed", true}}}});
        Json object = tenancy("team", {"prod", "test"}, {});
        object["spec"]["registries"] = Json::array(
            {{{"name", "fixed"},
              {"allow", Json::array({{{"namespace", "team"}}, {{"repository", "base/jdk"}}})}}});
        api_.put(kube::types::registry_tenancies, object);
        api_.put(kube::types::namespaces, namespace_object("prod"));
        api_.put(kube::types::namespaces, namespace_object("test"));
    }
    /// As `kubectl create secret docker-registry` stores it: for the whole host.
    void store(std::string const& login) {
        Json const config = {
            {"auths", {{"registry.example.com", {{"auth", base64_encode(login)}}}}}};
        api_.put(secrets,
                 {{"metadata", {{"name", "login"}, {"namespace", settings_.product_namespace}}},
                  {"type", "kubernetes.io/dockerconfigjson"},
                  {"data", {{".dockerconfigjson", base64_encode(config.dump())}}}});
    }
    /// The docker configuration of the pull Secret in `ns`; null where there is none.
    Json config_of(std::string const& ns) const {
        auto const secret = api_.find(secrets, {ns, "registry-tenancy"});
        return secret ? *parse_json(*base64_decode(
                            secret->at("data").at(".dockerconfigjson").get<std::string>()))
                      : Json();
    }
    /// Every allowed path under every host, and nothing for a whole host.
    static Json expected(std::string const& login) {
        Json auths = Json::object();
        for (std::string const host : {"registry.example.com", "mirror.example.com"}) {
            auths[host + "/team/"]["auth"] = base64_encode(login);
            auths[host + "/base/jdk"]["auth"] = base64_encode(login);
        }
        return {{"auths", auths}};
    }

    rt::test::FakeApiServer api_{system_clock()};
    rt::test::ScriptedTransport no_cloud_;
    Metrics metrics_;
    tenancy::Settings settings_;
    std::unique_ptr<CredentialSource> source_ = static_secret::make_source(
        {no_cloud_, api_, system_clock(), system_random(), settings_.product_namespace});
};

// It never ends, so no refresh would ever bring a new one: only the watch does.
TEST_F(StaticCredential, IsKeyedByPathAndFollowsItsSourceWhereverItIs) {
    store("puller:first");
    std::jthread const running([this](std::stop_token const& stop) {
        TenancyOperator(TenancyOperator::Context{api_, *source_, system_clock(), system_random(),
                                                 metrics_, settings_, "demo", no_cloud_})
            .run(stop);
    });
    for (std::string const login : {"puller:first", "puller:second", "another:third"}) {
        store(login);
        for (std::string const ns : {"prod", "test"}) {
            EXPECT_TRUE(eventually([&] { return config_of(ns) == expected(login); }))
                << ns << ": " << config_of(ns).dump();
        }
    }
    // A source that is gone takes nothing away.
    api_.erase(secrets, {settings_.product_namespace, "login"});
    api_.put(kube::types::namespaces, namespace_object("prod", {{"team", "changed"}}));
    rt::test::give_way();
    EXPECT_EQ(config_of("prod"), expected("another:third"));
}

}  // namespace
}  // namespace rt::op::test
