#include <fstream>
#include <future>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/tenancy_cli.hpp"
#include "e2e/suite/support/tenancy_test.hpp"

namespace e2e {
namespace {

constexpr std::chrono::seconds deploy_at_most{150};

/// Small enough to be reached from one machine; what happens at a limit is the same everywhere.
constexpr char const* small_limits = R"(webhook:
  clientCAFile: /var/run/secrets/kubernetes.io/serviceaccount/ca.crt
  clientSubjects: [kube-apiserver-webhook-client]
  limits:
    suspendedMax: 8
    connectionsPerPeerMax: 40
    bodyBytesMax: 2097152
    bodyBytesInFlightMax: 4194304
)";

/// An address inside the cluster that neither the API server nor a Pod has (a simulated cloud's):
/// limits per peer count for it alone.
constexpr char const* greedy_address = "10.200.1.2";

/// Runs alone: it installs the product with other settings, and at the end with the usual ones. It
/// speaks to one webhook Pod as an API server does, with its client certificate, from inside the
/// cluster's network.
class LoadAndDeadline : public TenancyTest {
  protected:
    void SetUp() override {
        ns_ = make_governed_namespace();
        ScratchFile const settings(name("limits.yaml"), small_limits);
        ASSERT_TRUE(done(run({"env", "SETTINGS=" + settings.path(), repository() + "/hack/deploy"},
                             "", deploy_at_most)));
        for (Json const& pod : list("pods", std::string(product_namespace),
                                    "app.kubernetes.io/name=registry-tenancy-webhook")) {
            if (text_at(pod, "/metadata/deletionTimestamp").empty()) {
                ip_ = text_at(pod, "/status/podIP");
            }
        }
        ASSERT_NE(ip_, "");
    }
    void TearDown() override {
        EXPECT_TRUE(done(run({repository() + "/hack/deploy"}, "", deploy_at_most)));
        TenancyTest::TearDown();
    }

    /// A review of a Pod, with so much besides that it has about `bytes` bytes.
    [[nodiscard]] static std::string review(std::string const& ns, std::string_view image,
                                            std::size_t bytes = 0) {
        Json pod = pod_manifest(ns, "loaded", std::string(image));
        pod["spec"]["imagePullSecrets"] = Json::array({{{"name", std::string(pull_secret_name)}}});
        pod["metadata"]["annotations"] = {{"filling", std::string(bytes, 'x')}};
        Json const pods = {{"group", ""}, {"version", "v1"}, {"resource", "pods"}};
        return Json{{"apiVersion", "admission.k8s.io/v1"},
                    {"kind", "AdmissionReview"},
                    {"request",
                     {{"uid", "load-and-deadline"},
                      {"kind", {{"group", ""}, {"version", "v1"}, {"kind", "Pod"}}},
                      {"resource", pods},
                      {"requestKind", {{"group", ""}, {"version", "v1"}, {"kind", "Pod"}}},
                      {"requestResource", pods},
                      {"name", "loaded"},
                      {"namespace", ns},
                      {"operation", "CREATE"},
                      {"userInfo", {{"username", "admin"}}},
                      {"object", pod},
                      {"oldObject", nullptr},
                      {"dryRun", true}}}}
            .dump();
    }

    /// curl with the API server's certificate; `query` may hold a range like [1-60], each of which
    /// is a request.
    [[nodiscard]] std::vector<std::string> post(std::string const& file, std::string const& query,
                                                std::vector<std::string> const& options) const {
        std::string const pair = cluster_directory() + "/pki/apiserver-webhook-client";
        std::vector<std::string> command = {repository() + "/e2e/cluster/inside",
                                            "curl",
                                            "-sk",
                                            "-m",
                                            "30",
                                            "--cert",
                                            pair + ".crt",
                                            "--key",
                                            pair + ".key",
                                            "-H",
                                            "Content-Type: application/json",
                                            "-H",
                                            "Expect:",
                                            "--data-binary",
                                            "@" + file};
        command.insert(command.end(), options.begin(), options.end());
        command.push_back("https://" + ip_ + ":8443/validate?" + query);
        return command;
    }

    /// How often each line of "STATUS RETRY-AFTER" was printed.
    static std::map<std::string, int> counted(std::string const& output) {
        std::map<std::string, int> lines;
        std::istringstream in(output);
        for (std::string line; std::getline(in, line);) {
            ++lines[line];
        }
        return lines;
    }
    static std::string shown(std::map<std::string, int> const& lines) {
        std::string text;
        for (auto const& [line, count] : lines) {
            text += '"' + line + "\": " + std::to_string(count) + "; ";
        }
        return text;
    }

    /// Many at once from the greedy address; prints "STATUS RETRY-AFTER" for each.
    [[nodiscard]] std::vector<std::string> flood(std::string const& file, std::string const& query,
                                                 std::string const& at_once,
                                                 std::vector<std::string> options = {}) const {
        options.insert(options.end(), {"--interface", greedy_address, "--parallel",
                                       "--parallel-immediate", "--parallel-max", at_once, "-o",
                                       "/dev/null", "-w", "%{http_code} %header{retry-after}\n"});
        return post(file, query, options);
    }

    /// While somebody floods the webhook, others are served: by way of the API server, and by the
    /// same Pod at once.
    void expect_normal_reviews_while(std::future<CommandResult> const& flood) {
        ScratchFile const good(name("good.json"), review(ns_, allowed_image));
        int rounds = 0;
        while (flood.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
            ++rounds;
            EXPECT_TRUE(done(try_apply(pod_manifest(ns_, "good", std::string(allowed_image)))));
            EXPECT_TRUE(refused(try_apply(pod_manifest(ns_, "bad", std::string(foreign_image))),
                                {"[RT-NotAllowed]"}));
            auto const direct = run(post(good.path(), "timeout=3s", {"-w", "\n%{http_code}"}));
            EXPECT_TRUE(direct.out.ends_with("\n200") &&
                        direct.out.find(R"("allowed":true)") != std::string::npos)
                << direct.text();
        }
        EXPECT_GT(rounds, 0) << "the flood ended before anybody else came";
    }

    void answers_within_the_timeout_of_the_query_for_a_namespace_that_never_appears();
    void sheds_suspended_decisions_over_the_cap_with_retry_after();
    void gives_one_peer_only_its_share_of_connections();
    void sheds_bodies_over_the_budget_with_retry_after_and_recovers();

    std::string ns_;
    std::string ip_;
};

void LoadAndDeadline::answers_within_the_timeout_of_the_query_for_a_namespace_that_never_appears() {
    ScratchFile const file(name("review.json"), review(name("never-there"), allowed_image));
    auto const answer = [&](std::string const& timeout) {
        return run(post(file.path(), "timeout=" + timeout, {"-w", "\n%{http_code} %{time_total}"}));
    };
    auto const seconds = [](CommandResult const& result) {
        std::size_t const space = result.out.rfind(' ');
        return space == std::string::npos ? 99.0 : std::stod(result.out.substr(space + 1));
    };
    // A loaded machine may be late once.
    EXPECT_TRUE(eventually(soon, [&]() -> std::string {
        auto const result = answer("1s");
        bool const in_time = seconds(result) < 1.0;
        return in_time && result.out.find("RT-PolicyUnavailable") != std::string::npos &&
                       result.out.find(R"("allowed":false)") != std::string::npos &&
                       result.out.find("\n200 ") != std::string::npos
                   ? ""
                   : result.text();
    }));
    auto const patient = answer("10s");
    EXPECT_NE(patient.out.find("RT-PolicyUnavailable"), std::string::npos) << patient.text();
    EXPECT_GE(seconds(patient), 1.5) << "it waits for the namespace as long as it may";
    EXPECT_LT(seconds(patient), 10.0);
}

void LoadAndDeadline::sheds_suspended_decisions_over_the_cap_with_retry_after() {
    ScratchFile const file(name("review.json"), review(name("never-there"), allowed_image));
    auto attack = std::async(std::launch::async, [&] {
        return run(flood(file.path(), "timeout=10s&n=[1-400]", "30"), "", std::chrono::seconds(90));
    });
    expect_normal_reviews_while(attack);
    auto const lines = counted(attack.get().out);
    SCOPED_TRACE(shown(lines));
    EXPECT_GT(lines.contains("429 1") ? lines.at("429 1") : 0, 100)
        << "sent away, with Retry-After";
    EXPECT_GT(lines.contains("200 ") ? lines.at("200 ") : 0, 7) << "waited, and were answered";
    EXPECT_FALSE(lines.contains("429 ")) << "always with Retry-After";
    EXPECT_EQ(lines.size(), 2U);
}

void LoadAndDeadline::gives_one_peer_only_its_share_of_connections() {
    ScratchFile const file(name("review.json"), review(ns_, allowed_image));
    // 90 connections that send their two kilobytes over some seconds.
    auto attack = std::async(std::launch::async, [&] {
        return run(flood(file.path(), "timeout=10s&n=[1-90]", "90", {"--limit-rate", "400"}), "",
                   std::chrono::seconds(90));
    });
    expect_normal_reviews_while(attack);
    auto const lines = counted(attack.get().out);
    SCOPED_TRACE(shown(lines));
    EXPECT_GT(lines.contains("200 ") ? lines.at("200 ") : 0, 0);
    EXPECT_LE(lines.contains("200 ") ? lines.at("200 ") : 0, 40);
    EXPECT_GE(lines.contains("000 ") ? lines.at("000 ") : 0, 50) << "refused, nothing is held";
}

void LoadAndDeadline::sheds_bodies_over_the_budget_with_retry_after_and_recovers() {
    ScratchFile const file(name("review.json"), review(ns_, allowed_image, 1'900'000));
    auto const result =
        run(flood(file.path(), "timeout=10s&n=[1-6]", "6", {"--limit-rate", "900k"}), "",
            std::chrono::seconds(90));
    auto const lines = counted(result.out);
    SCOPED_TRACE(shown(lines));
    EXPECT_GT(lines.contains("503 1") ? lines.at("503 1") : 0, 0);
    EXPECT_FALSE(lines.contains("503 "));
    EXPECT_TRUE(done(try_apply(pod_manifest(ns_, "good", std::string(allowed_image)))));
    EXPECT_TRUE(refused(try_apply(pod_manifest(ns_, "bad", std::string(foreign_image))),
                        {"[RT-NotAllowed]"}));
}

// One test, because its settings cost two rollouts.
TEST_F(LoadAndDeadline, keep_the_webhook_answering) {
    answers_within_the_timeout_of_the_query_for_a_namespace_that_never_appears();
    sheds_suspended_decisions_over_the_cap_with_retry_after();
    gives_one_peer_only_its_share_of_connections();
    sheds_bodies_over_the_budget_with_retry_after_and_recovers();
}

}  // namespace
}  // namespace e2e
