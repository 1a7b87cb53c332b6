// The operator as a whole: watchers, queues and workers on their own threads, over a fake API
// server.
#include <gtest/gtest.h>

#include <mutex>
#include <thread>

#include "lib/base/metrics.hpp"
#include "lib/kube/core/condition.hpp"
#include "operator/leader_client.hpp"
#include "operator/tenancy_operator.hpp"
#include "unit/operator/tenancy/objects.hpp"
#include "unit/support/eventually.hpp"
#include "unit/support/fake_api_server.hpp"

namespace rt::op::test {
namespace {

using namespace std::chrono_literals;
using kube::types::namespaces;
using kube::types::registries;
using kube::types::registry_tenancies;
using kube::types::secrets;
using rt::test::eventually;

/// Mints for any number of threads at once.
class Mint final : public CredentialSource {
  public:
    Result<RegistryCredential> mint(MintRequest const& request, std::stop_token) override {
        std::lock_guard const lock(mutex);
        order.push_back(request.ns);
        RegistryCredential credential;
        credential.username = "cr_temp_user";
        credential.password = SecretString("password-" + std::to_string(++count));
        credential.issued_at = system_clock().wall_now();
        credential.expires_at = credential.issued_at + 1h;
        if (old) {  // n1 ends a minute before n0, and so on
            credential.issued_at -= 50min;
            *credential.expires_at -= 50min + std::chrono::minutes(request.ns.back() - '0');
        }
        return credential;
    }
    std::atomic<int> count{0};
    std::atomic<bool> old = false;
    std::mutex mutex;
    std::vector<std::string> order;  ///< namespaces
};

/// No registry answers, which keeps nobody from anything.
class Nowhere final : public http::Transport {
  public:
    Result<http::Response> send(http::Request const&, std::stop_token) override {
        return fail({ErrorKind::Unavailable, "no network"});
    }
    Result<http::Response> stream(http::Request const&, OnChunk const&, std::chrono::milliseconds,
                                  std::stop_token) override {
        return fail({ErrorKind::Unavailable, "no network"});
    }
};

class WholeOperator : public testing::Test {
  protected:
    WholeOperator() {
        settings.cluster_name = "demo";
        settings.op.workers = 4;
        api.put(registries, shared_acr());
        api.put(registry_tenancies,
                tenancy("cainiao", {"n0", "n1", "n2", "n3", "n4"}, {"cainiao"}));
        for (int i = 0; i < 5; ++i) {
            api.put(namespaces, namespace_object("n" + std::to_string(i)));
        }
    }

    std::jthread start() {
        return std::jthread([this](std::stop_token stop) {
            TenancyOperator::Context context{api,
                                             source,
                                             system_clock(),
                                             system_random(),
                                             metrics,
                                             settings,
                                             "demo",
                                             nowhere,
                                             [this] {
                                                 ++asked;
                                                 return leading.load();
                                             }};
            TenancyOperator running(context);
            running.run(stop);
        });
    }

    std::string ready() {
        auto const object = api.find(registry_tenancies, {"", "cainiao"});
        auto const conditions = kube::conditions_of(*object);
        auto const* condition = kube::find_condition(conditions, "Ready");
        return condition == nullptr ? "" : condition->status;
    }

    rt::test::FakeApiServer api{system_clock()};
    Mint source;
    Nowhere nowhere;
    Metrics metrics;
    tenancy::Settings settings;
    std::atomic<bool> leading = true;
    std::atomic<int> asked = 0;  ///< whether it leads
};

TEST_F(WholeOperator, MakesNamespacesTrueAndKeepsThem) {
    {
        std::jthread const running = start();
        ASSERT_TRUE(eventually([&] { return ready() == "True"; }));
        EXPECT_EQ(source.count, 5);
        api.erase(secrets, {"n1", "registry-tenancy"});
        ASSERT_TRUE(
            eventually([&] { return api.find(secrets, {"n1", "registry-tenancy"}).has_value(); }));
        api.put(namespaces, namespace_object("n5"));
        Json changed_tenancy =
            tenancy("cainiao", {"n0", "n1", "n2", "n3", "n4", "n5"}, {"cainiao"});
        changed_tenancy["status"] = api.find(registry_tenancies, {"", "cainiao"})->at("status");
        api.put(registry_tenancies, changed_tenancy);
        ASSERT_TRUE(eventually([&] {
            return api.find(secrets, {"n5", "registry-tenancy"}).has_value() && ready() == "True";
        }));
        EXPECT_EQ(source.count, 7);
    }
    api.clear_calls();
    {
        std::jthread const again = start();
        ASSERT_TRUE(api.wait_for_watches(registry_tenancies, 1));
        api.put(namespaces, namespace_object("n6"));
        Json object = *api.find(registry_tenancies, {"", "cainiao"});
        object["spec"]["namespaces"].push_back("n6");
        api.put(registry_tenancies, object);
        ASSERT_TRUE(
            eventually([&] { return api.find(secrets, {"n6", "registry-tenancy"}).has_value(); }));
    }
    EXPECT_EQ(source.count, 8);
    EXPECT_EQ(api.count(rt::test::Verb::Apply, secrets), 1);
}

TEST_F(WholeOperator, EndsWhileItWorks) {
    std::jthread running = start();
    ASSERT_TRUE(eventually([&] { return source.count >= 1; }));
    running.request_stop();
    running.join();
    int const mints = source.count;
    api.put(namespaces, namespace_object("n5"));
    EXPECT_EQ(source.count, mints);
}

TEST_F(WholeOperator, ANewLeaderBeginsWithWhatEndsFirst) {
    source.old = true;
    {
        std::jthread const running = start();
        ASSERT_TRUE(eventually([&] {
            int there = 0;
            for (int i = 0; i < 5; ++i) {
                there += api.find(secrets, {"n" + std::to_string(i), "registry-tenancy"}) ? 1 : 0;
            }
            return there == 5;
        }));
    }
    source.old = false;
    source.order.clear();
    source.count = 0;
    settings.op.workers = 1;
    api.put(namespaces, namespace_object("n9"));  // has none yet
    Json object = *api.find(registry_tenancies, {"", "cainiao"});
    object["spec"]["namespaces"].push_back("n9");
    api.put(registry_tenancies, object);
    std::jthread const running = start();
    ASSERT_TRUE(eventually([&] { return source.count == 6; }));
    std::lock_guard const lock(source.mutex);
    EXPECT_EQ(source.order, (std::vector<std::string>{"n9", "n4", "n3", "n2", "n1", "n0"}));
}

TEST_F(WholeOperator, MintsNothingThatItMayNotWrite) {
    leading = false;
    std::jthread const running = start();
    ASSERT_TRUE(eventually([&] { return asked >= 5; }));
    EXPECT_EQ(source.count, 0);
    leading = true;
    ASSERT_TRUE(eventually([&] { return ready() == "True"; }));
    EXPECT_EQ(source.count, 5);
}

TEST_F(WholeOperator, ClusterNameComesFromTheSettingsOrKubeSystem) {
    EXPECT_EQ(find_cluster_name(settings, api, {}).value(), "demo");
    settings.cluster_name.clear();
    EXPECT_EQ(find_cluster_name(settings, api, {}).error().kind, ErrorKind::NotFound);
    Json const stored = api.put(namespaces, namespace_object("kube-system"));
    EXPECT_EQ(find_cluster_name(settings, api, {}).value(),
              stored.at("metadata").at("uid").get<std::string>());
}

TEST(LeaderClientTest, WritesOnlyWhileLeading) {
    rt::test::FakeApiServer api{system_clock()};
    bool leading = false;
    LeaderClient client(api, [&] { return leading; });
    Json const object = namespace_object("n");
    kube::ApplyOptions options;
    options.field_manager = "test";
    auto const refused = [](auto const& result) {
        return !result && result.error().kind == ErrorKind::Cancelled;
    };
    EXPECT_TRUE(refused(client.apply(namespaces, object, options, {})));
    EXPECT_TRUE(refused(client.create(namespaces, "", object, {})));
    EXPECT_TRUE(refused(client.update(namespaces, object, "", {})));
    EXPECT_TRUE(refused(client.merge_patch(namespaces, {"", "n"}, object, "", {})));
    EXPECT_TRUE(refused(client.remove(namespaces, {"", "n"}, {}, {})));
    EXPECT_TRUE(refused(client.create_subresource(namespaces, {"", "n"}, "token", object, {})));
    EXPECT_EQ(api.writes(), 0);
    EXPECT_TRUE(client.list_page(namespaces, {}, "", {}));
    leading = true;
    EXPECT_TRUE(client.apply(namespaces, object, options, {}));
    EXPECT_TRUE(client.get(namespaces, {"", "n"}, {}));
    EXPECT_EQ(api.writes(), 1);
}

}  // namespace
}  // namespace rt::op::test
