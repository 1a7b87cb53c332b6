#include <algorithm>
#include <nlohmann/json.hpp>
#include <thread>

#include "e2e/suite/support/clouds.hpp"
#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/processes.hpp"
#include "e2e/suite/support/tenancy_test.hpp"

namespace e2e {
namespace {

constexpr std::string_view operators = "registry-tenancy-operator";
constexpr std::string_view webhooks = "registry-tenancy-webhook";
constexpr std::chrono::seconds restarted{120};

/// Runs alone: SIGKILL to the product's programs, at moments that nobody chose well.
class HardKill : public TenancyTest {
  protected:
    void SetUp() override {
        // New Pods: containers that were killed before would wait for their back-off.
        for (std::string_view const program : {operators, webhooks}) {
            ASSERT_TRUE(done(kubectl({"-n", std::string(product_namespace), "rollout", "restart",
                                      "deployment/" + std::string(program)})));
        }
        for (std::string_view const program : {operators, webhooks}) {
            ASSERT_TRUE(done(kubectl({"-n", std::string(product_namespace), "rollout", "status",
                                      "deployment/" + std::string(program), "--timeout=100s"},
                                     "", restarted)));
        }
    }
    static void kill_all(std::string_view program) {
        for (std::string const& container : containers_of(std::string(program))) {
            EXPECT_TRUE(done(kill_container(container)));
        }
    }
    Tenancy tenancy_of(std::string const& ns, std::string const& role) {
        Tenancy tenancy;
        tenancy.name = ns;
        tenancy.namespaces = {ns};
        tenancy.role = role;
        return tenancy;
    }
};

TEST_F(HardKill, of_the_operators_loses_no_credential_and_mints_no_fresh_one_again) {
    std::string const fresh = make_governed_namespace("acr-suite-27");
    auto const before = pull_secret(fresh);
    ASSERT_TRUE(before);
    CloudRequests const requests;
    // Each newcomer is killed at another stage of its first mint.
    std::vector<std::string> newcomers;
    constexpr int kills = 3;
    for (int round = 0; round < kills; ++round) {
        std::string const ns = make_namespace("newcomer" + std::to_string(round));
        newcomers.push_back(ns);
        make_tenancy(tenancy_of(ns, "acr-suite-28"));
        if (round > 0) {
            EXPECT_TRUE(throughout(std::chrono::seconds(round), [] { return ""; }));
        }
        kill_all(operators);
    }
    for (std::string const& ns : newcomers) {
        EXPECT_TRUE(eventually(restarted, [&] { return why_not_ready(ns); }));
        EXPECT_EQ(why_not_keys(ns, keys_of("cainiao/")), "");
    }
    EXPECT_LE(requests.of_role("AssumeRole", "acr-suite-28").size(), newcomers.size() + kills)
        << "a kill may cost the one mint that was under way";

    EXPECT_EQ(requests.of_role("AssumeRole", "acr-suite-27").size(), 0U);
    auto const after = pull_secret(fresh);
    ASSERT_TRUE(after);
    EXPECT_EQ(after->resource_version, before->resource_version) << "nothing was to be written";
    for (std::string const& ns : newcomers) {
        ASSERT_TRUE(done(apply(pod_manifest(ns, "a1", std::string(allowed_image)))));
        EXPECT_TRUE(eventually(soon, [&] { return why_not_running(ns, "a1"); }));
    }
}

/// Asks on a thread of its own, all the time, whether a good and a bad Pod may be created.
class Visitor {
  public:
    explicit Visitor(std::string ns)
        : ns_(std::move(ns)), thread_([this](auto const& stop) {
              while (!stop.stop_requested()) {
                  ask();
              }
          }) {}

    struct Answers {
        int admitted = 0;  ///< good ones
        int refused = 0;   ///< good ones
        int wrong_admissions = 0;
        std::string last;
    };
    Answers end() {
        thread_.request_stop();
        thread_.join();
        return answers_;
    }

  private:
    void ask() {
        auto const good = try_apply(pod_manifest(ns_, "good", std::string(allowed_image)));
        if (good.ok()) {
            ++answers_.admitted;
        } else {
            ++answers_.refused;
            answers_.last = good.err;
        }
        auto const bad = try_apply(pod_manifest(ns_, "bad", std::string(foreign_image)));
        if (bad.ok()) {
            ++answers_.wrong_admissions;
        }
    }

    std::string ns_;
    Answers answers_;
    std::jthread thread_;
};

TEST_F(HardKill, of_webhooks_admits_nothing_wrongly_and_heals) {
    std::string const ns = make_governed_namespace();
    Visitor visitor(ns);
    ASSERT_TRUE(done(apply(deployment_manifest(ns, "before", std::string(allowed_image)))));
    // One at a time, as nodes lose them; each is back before the next goes.
    for (int round = 0; round < 3; ++round) {
        auto const containers = containers_of(std::string(webhooks));
        ASSERT_EQ(containers.size(), 3U);
        std::string const& victim = containers[static_cast<std::size_t>(round)];
        ASSERT_TRUE(done(kill_container(victim)));
        kubectl({"-n", ns, "delete", "pods", "--all", "--wait=false"});
        ASSERT_TRUE(eventually(restarted, [&]() -> std::string {
            auto const now = containers_of(std::string(webhooks));
            return now.size() == 3 && std::ranges::count(now, victim) == 0
                       ? why_not_available(std::string(webhooks))
                       : "the killed container has not been started again";
        }));
    }
    auto const answers = visitor.end();
    EXPECT_EQ(answers.wrong_admissions, 0);
    // What was under way in the killed process is refused by the API server (failurePolicy Fail);
    // the others answer the next attempt.
    EXPECT_GT(answers.admitted, answers.refused) << answers.last;
    EXPECT_TRUE(done(try_apply(pod_manifest(ns, "after", std::string(allowed_image)))));
    EXPECT_TRUE(done(kubectl({"-n", ns, "rollout", "status", "deployment/before", "--timeout=60s"},
                             "", std::chrono::seconds(90))));
}

}  // namespace
}  // namespace e2e
