#include <atomic>
#include <nlohmann/json.hpp>
#include <thread>

#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/tenancy_test.hpp"

namespace e2e {
namespace {

/// Asks again and again, on a thread of its own, whether a Pod may be created where no tenancy
/// governs; whoever installs or removes us must never notice.
class Bystander {
  public:
    explicit Bystander(std::string ns)
        : ns_(std::move(ns)), thread_([this](auto stop) {
              while (!stop.stop_requested()) {
                  auto const result = try_apply(pod_manifest(ns_, "bystander", "nginx"));
                  ++asked_;
                  if (!result.ok()) {
                      ++refused_;
                      last_ = result.err;
                  }
              }
          }) {}

    /// Ends it; how often it was refused.
    int refusals() {
        thread_.request_stop();
        thread_.join();
        return refused_;
    }
    [[nodiscard]] int asked() const { return asked_; }
    [[nodiscard]] std::string const& last() const { return last_; }

  private:
    std::string ns_;
    std::atomic<int> asked_ = 0;
    std::atomic<int> refused_ = 0;
    std::string last_;
    std::jthread thread_;
};

/// Runs last: it takes the product away, and puts it back.
class InstallAndUninstall : public TenancyTest {};

TEST_F(InstallAndUninstall, block_nobody_and_leave_nothing_that_blocks) {
    std::string const ns = make_governed_namespace();
    ASSERT_TRUE(done(apply(deployment_manifest(ns, "a1", std::string(allowed_image)))));
    ASSERT_TRUE(done(kubectl({"-n", ns, "rollout", "status", "deployment/a1", "--timeout=60s"}, "",
                             std::chrono::seconds(90))));
    Bystander while_leaving(make_namespace("bystander"));
    ASSERT_TRUE(done(kubectl(
        {"delete", "--ignore-not-found", "--timeout=100s", "-k", repository() + "/config/default"},
        "", std::chrono::seconds(120))));
    EXPECT_TRUE(eventually(std::chrono::seconds(30), [] {
        std::string left;
        for (std::string const kind :
             {"mutatingwebhookconfigurations", "validatingwebhookconfigurations",
              "validatingadmissionpolicies", "customresourcedefinitions", "clusterroles"}) {
            left += kubectl({"get", kind, "-o", "name"}).out;
        }
        return left.find("registry-tenancy") == std::string::npos &&
                       left.find("registrytenancy.dev") == std::string::npos
                   ? ""
                   : "something of ours is left: " + left;
    }));
    EXPECT_EQ(while_leaving.refusals(), 0) << while_leaving.last();
    EXPECT_GT(while_leaving.asked(), 2);
    EXPECT_TRUE(done(try_apply(pod_manifest(ns, "free", std::string(foreign_image)))));
    auto const deployment = get("deployment", "a1", ns);
    ASSERT_TRUE(deployment);
    EXPECT_EQ(text_at(*deployment, "/status/readyReplicas"), "1") << "running Pods stay";

    // A Secret of our name that somebody made while we were not there.
    std::string const taken = make_namespace("taken");
    ASSERT_TRUE(done(kubectl({"-n", taken, "create", "secret", "generic",
                              std::string(pull_secret_name), "--from-literal=mine=1"})));

    Bystander while_coming(name("bystander"));
    ASSERT_TRUE(done(run({repository() + "/hack/deploy"}, "", std::chrono::seconds(150))));
    EXPECT_EQ(while_coming.refusals(), 0) << while_coming.last();
    ASSERT_TRUE(
        done(kubectl({"apply", "-f", repository() + "/config/samples/reference/registry.yaml"})));
    Tenancy again;
    again.name = name("tenancy");
    again.namespaces = {ns};
    make_ready_tenancy(again);
    EXPECT_TRUE(
        refused(try_apply(pod_manifest(ns, "p", std::string(foreign_image))), {"[RT-NotAllowed]"}));

    Tenancy conflict;
    conflict.name = name("conflict");
    conflict.namespaces = {taken};
    make_tenancy(conflict);
    EXPECT_TRUE(eventually(soon, [&] {
        std::string const problems = problems_of(taken);
        return problems.find("NameConflict") != std::string::npos ? "" : "problems: " + problems;
    }));
    auto const theirs = get("secret", std::string(pull_secret_name), taken);
    ASSERT_TRUE(theirs);
    EXPECT_EQ(text_at(*theirs, "/data/mine"), base64_encoded("1")) << "never overwritten";
}

}  // namespace
}  // namespace e2e
