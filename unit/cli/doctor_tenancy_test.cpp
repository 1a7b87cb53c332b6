// kubectl tenancy doctor TENANCY
#include "cli/doctor_tenancy.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/doctor_pods.hpp"
#include "lib/base/digest.hpp"
#include "unit/cli/bench.hpp"

namespace rt::cli {
namespace {

using testing::Bench;
using testing::Ran;

constexpr char host[] = "shareacr-registry-vpc.cn-shanghai.cr.aliyuncs.com";
constexpr char realm[] = "https://dockerauth.cn-shanghai.aliyuncs.com/auth";
kube::ResourceType const deployments{"apps", "v1", "deployments", "Deployment", true};
kube::ResourceType const core_events{"", "v1", "events", "Event", true};

Json object(std::string const& kind, std::string const& name, Json spec) {
    return {{"apiVersion", "registrytenancy.dev/v1alpha1"},
            {"kind", kind},
            {"metadata", {{"name", name}}},
            {"spec", std::move(spec)}};
}

Json condition(std::string const& type, std::string const& status, std::string const& reason,
               std::string const& message) {
    return {{"type", type},
            {"status", status},
            {"reason", reason},
            {"message", message},
            {"lastTransitionTime", "2026-01-01T00:00:00Z"}};
}

Json operator_deployment() {
    return {
        {"metadata",
         {{"name", "registry-tenancy-operator"}, {"namespace", "registry-tenancy-system"}}},
        {"spec",
         {{"template",
           {{"metadata", {{"labels", {{"app.kubernetes.io/name", "registry-tenancy-operator"}}}}},
            {"spec",
             {{"serviceAccountName", "registry-tenancy-operator"},
              {"topologySpreadConstraints", Json::array({{{"maxSkew", 1}}})},
              {"containers",
               {{{"name", "operator"},
                 {"image", "registry.example.com/registry-tenancy@sha256:1"},
                 {"command", {"registry-tenancy-operator", "--config", "/etc/x"}},
                 {"readinessProbe", Json::object()}}}}}}}}}}};
}

class TenancyDoctorTest : public ::testing::Test {
  protected:
    TenancyDoctorTest() {
        bench.api.put(kube::types::registries,
                      object("Registry", "shared-acr",
                             {{"hosts", {host}},
                              {"type", "AlibabaACR"},
                              {"allowedRoles", {"acs:ram::*:role/*"}},
                              {"alibabaACR",
                               {{"instanceID", "cri-1"},
                                {"region", "cn-shanghai"},
                                {"identity", {{"type", "InstanceRole"}}}}}}));
        Json tenancy = object("RegistryTenancy", "cainiao",
                              {{"namespaces", {"prod"}},
                               {"registries",
                                {{{"name", "shared-acr"},
                                  {"role", "acs:ram::1146716667364888:role/acr-cainiao"},
                                  {"allow", {{{"namespace", "cainiao"}}}}}}}});
        tenancy["status"]["conditions"] = {condition("Ready", "True", "CredentialsReady", "fine")};
        bench.api.put(kube::types::registry_tenancies, tenancy);
        bench.api.put(kube::types::namespaces, {{"metadata", {{"name", "prod"}}}});
        bench.api.put(deployments, operator_deployment());
        put_secret(std::string(host) + "/cainiao/");
    }
    void put_secret(std::string const& key) {
        Json const config = {{"auths", {{key, {{"auth", base64_encode("user:secret-password")}}}}}};
        bench.api.put(kube::types::secrets,
                      {{"metadata", {{"name", "registry-tenancy"}, {"namespace", "prod"}}},
                       {"data", {{".dockerconfigjson", base64_encode(config.dump())}}}});
    }
    void expect_ping() {
        bench.network.expect("GET", std::string("https://") + host + "/v2/")
            .answer(401, "",
                    {{"WWW-Authenticate",
                      std::string("Bearer realm=\"") + realm + "\",service=\"s\""}});
    }
    void expect_token(std::string const& repository, int times = 1) {
        Json access = Json::array();
        if (!repository.empty()) {
            access.push_back({{"type", "repository"}, {"name", repository}, {"actions", {"pull"}}});
        }
        std::string claims = base64_encode(Json{{"access", access}}.dump());
        claims.erase(claims.find_last_not_of('=') + 1);
        bench.network.expect("GET", realm)
            .any_query()
            .times(times)
            .answer(200, Json{{"token", "e30." + claims + ".c2ln"}}.dump());
    }
    Ran doctor(std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), {"doctor", "cainiao"});
        return bench.run(arguments);
    }
    static void expect_parts(Ran const& ran, std::vector<std::string> const& parts) {
        for (std::string const& part : parts) {
            EXPECT_NE(ran.out.find(part), std::string::npos) << part << '\n' << ran.out << ran.err;
        }
        EXPECT_EQ(ran.out.find("secret-password"), std::string::npos);
    }

    Bench bench;
    std::string const image = std::string(host) + "/cainiao/a1:v1";
};

TEST_F(TenancyDoctorTest, WalksTheWholeWayWithThePullSecretsCredential) {
    expect_ping();
    expect_token("cainiao/a1", 2);
    bench.network.expect("HEAD", std::string("https://") + host + "/v2/cainiao/a1/manifests/v1")
        .answer(200);
    auto const ran = doctor({"--image", image});
    EXPECT_EQ(ran.code, ExitOk) << ran.out << ran.err;
    expect_parts(
        ran, {"RegistryTenancy cainiao, namespace prod", "ok      Ready",
              "with the pull Secret's credential", "ok      DNS", "10.0.0.1", "ok      manifest"});
}

TEST_F(TenancyDoctorTest, NamesTheFirstStepThatFailsWithCauseAndFix) {
    expect_ping();
    expect_token("", 2);  // asked for nothing, it knows the login
    auto const ran = doctor({"--image", image});
    EXPECT_EQ(ran.code, ExitFailed);
    expect_parts(ran, {"FAILED  scope", "likely: role acs:ram::1146716667364888:role/acr-cainiao",
                       "add action cr:PullRepository"});

    bench.resolve = [](std::string const&) -> Result<std::vector<std::string>> {
        return fail({ErrorKind::Unavailable, "no such name", "DNSFailed"});
    };
    auto const nowhere = doctor({"--image", image});
    EXPECT_EQ(nowhere.code, ExitFailed);
    expect_parts(nowhere, {"FAILED  DNS", "private zone"});
}

TEST_F(TenancyDoctorTest, TellsWhatTheOperatorMet) {
    Json tenancy = *bench.api.find(kube::types::registry_tenancies, {"", "cainiao"});
    tenancy["status"]["conditions"] = {
        condition("Ready", "False", "CredentialDenied", "1 namespace of 1 without"),
        condition("PullVerified", "False", "RoleTooNarrow", "role R may not pull")};
    Json const grant = {
        {"problems", {{{"reason", "CredentialDenied"}, {"message", "The credential is refused"}}}}};
    auto const event = [](std::string const& time, std::string const& message) {
        // As the API server gives what was written as events.k8s.io/v1.
        return Json{{"reason", "MintFailed"},
                    {"message", message},
                    {"lastTimestamp", nullptr},
                    {"eventTime", time}};
    };
    auto const steps = operator_steps(
        tenancy,
        {event("2026-01-01T00:00:02.000000Z",
               "namespace prod, registry shared-acr: AssumeRole: NoPermission: no"),
         event("2026-01-01T00:00:01.000000Z", "namespace prod, registry shared-acr: an older one"),
         event("2026-01-01T00:00:03.000000Z",
               "namespace other, registry shared-acr: InvalidTimeStamp")},
        grant, "prod");
    ASSERT_EQ(steps.size(), 4U);
    EXPECT_FALSE(steps[0].ok);
    EXPECT_EQ(steps[2].name, "mint");
    EXPECT_NE(steps[2].cause.find("kubectl tenancy policy cainiao --document trust"),
              std::string::npos)
        << steps[2].cause;
    EXPECT_NE(steps[3].saw.find("The credential is refused"), std::string::npos);
    EXPECT_FALSE(
        operator_steps(object("RegistryTenancy", "x", {}), {}, Json::object(), "prod")[0].ok);
}

TEST_F(TenancyDoctorTest, SaysWhatItWouldHaveToBeTold) {
    struct Case {
        std::vector<std::string> arguments;
        std::string error;
    };
    for (auto const& [arguments, error] : std::vector<Case>{
             {{"doctor"}, "name a RegistryTenancy, or give --install"},
             {{"doctor", "x", "--install"}, "leave the tenancy out"},
             {{"doctor", "--install", "--image", "a/b"}, "belong to a tenancy"},
             {{"doctor", "cainiao", "--role"}, "add --from-cluster"},
             {{"doctor", "cainiao", "--image", "No:No:No"}, "no image reference"},
             {{"doctor", "nobody"}, "there is no RegistryTenancy nobody"},
             {{"doctor", "cainiao", "-n", "other"}, "doesn't govern namespace other"},
             {{"doctor", "cainiao", "--image", "nginx"}, "no credential for that image's host"},
         }) {
        auto const ran = bench.run(arguments);
        EXPECT_EQ(ran.code, ExitUsage) << error;
        EXPECT_NE(ran.err.find(error), std::string::npos) << ran.err;
    }
}

TEST_F(TenancyDoctorTest, WithoutAnImageInUseEndsAtTheChallenge) {
    expect_ping();
    auto const ran = doctor({});
    EXPECT_EQ(ran.code, ExitOk) << ran.out << ran.err;
    EXPECT_NE(ran.err.find("name one with --image"), std::string::npos) << ran.err;
    expect_parts(ran, {"as anybody", "ok      challenge"});
}

TEST_F(TenancyDoctorTest, ThePodOnANodeHasItsNetworkAndNoRights) {
    tenancy::CredentialSpec spec;
    auto parsed =
        tenancy::Registry::parse(*bench.api.find(kube::types::registries, {"", "shared-acr"}));
    spec.registry = std::make_shared<tenancy::Registry const>(std::move(parsed).value());
    registry::ChainTarget target{spec, host};
    target.image = registry::Asked{{tenancy::AllowEntry::Kind::Namespace, "cainiao", ""},
                                   {"cainiao/a1", "v1"}};
    registry::Login const login{"user", "secret-password"};
    target.login = &login;
    http::CaBundles trusted;
    trusted.add("company.crt", "PEM");
    trusted.add("harbor.example.com.ca", "HARBOR");
    Json const request = walk_request(target, trusted);
    Json const pod = node_pod(operator_deployment(), "doctor-1", "kube-system", "node-1", request);
    EXPECT_EQ(pod.dump().find("secret-password"), std::string::npos);
    EXPECT_EQ(pod.dump().find("allowedRoles"), std::string::npos);
    Json const& run = pod["spec"];
    EXPECT_EQ(run["nodeName"], "node-1");
    EXPECT_EQ(run["hostNetwork"], true);
    EXPECT_EQ(run["dnsPolicy"], "Default");
    EXPECT_EQ(run["automountServiceAccountToken"], false);
    EXPECT_FALSE(run.contains("serviceAccountName"));
    EXPECT_EQ(run["containers"][0]["image"], "registry.example.com/registry-tenancy@sha256:1");
    EXPECT_TRUE(node_pod(Json::object(), "x", "y", "z", request).is_null());

    // What the Pod's program does with it.
    expect_ping();
    expect_token("");
    std::string const text = run["containers"][0]["env"][0]["value"];
    ::setenv("REGISTRY_TENANCY_WALK", text.c_str(), 1);  // NOLINT(concurrency-mt-unsafe)
    auto const ran = bench.run({"__walk"});
    ::unsetenv("REGISTRY_TENANCY_WALK");  // NOLINT(concurrency-mt-unsafe)
    EXPECT_EQ(bench.trusted_seen, trusted);
    EXPECT_NE(ran.out.find(R"("step":"scope")"), std::string::npos) << ran.out << ran.err;
    EXPECT_EQ(bench.run({"__walk"}).code, ExitUsage);
}

TEST_F(TenancyDoctorTest, ThePodOfTheOperatorIsItsOwnWithAnotherCommand) {
    Json const pod =
        operator_pod(operator_deployment(), "doctor-1", {{"tenancy", "cainiao"}, {"role", true}});
    Json const& run = pod["spec"]["containers"][0];
    EXPECT_EQ(run["command"], (Json{"registry-tenancy-operator", "doctor", "--config", "/etc/x"}));
    EXPECT_FALSE(run.contains("readinessProbe"));
    EXPECT_EQ(pod["spec"]["serviceAccountName"], "registry-tenancy-operator");
    EXPECT_EQ(pod["spec"]["restartPolicy"], "Never");
    EXPECT_FALSE(pod["spec"].contains("topologySpreadConstraints"));
    EXPECT_EQ(pod["metadata"]["namespace"], "registry-tenancy-system");
    EXPECT_EQ(pod["metadata"]["labels"]["app.kubernetes.io/name"], "registry-tenancy-operator");
}

/// An API server whose Pods have logs.
class ApiServerWithLogs final : public kube::Client {
  public:
    explicit ApiServerWithLogs(test::FakeApiServer& inner) : inner_(inner) {}
    Result<Json> get(kube::ResourceType const& type, kube::ObjectKey const& key,
                     std::stop_token stop) override {
        return inner_.get(type, key, std::move(stop));
    }
    Result<Json> create(kube::ResourceType const& type, std::string const& ns, Json const& object,
                        std::stop_token stop) override {
        return inner_.create(type, ns, object, std::move(stop));
    }
    Result<void> remove(kube::ResourceType const& type, kube::ObjectKey const& key,
                        kube::Preconditions const& guards, std::stop_token stop) override {
        return inner_.remove(type, key, guards, std::move(stop));
    }
    Result<std::string> raw_get(std::string const& path, std::stop_token) override {
        EXPECT_EQ(path, "/api/v1/namespaces/kube-system/pods/doctor-1/log");
        return log;
    }
    // What a doctor has no business with.
    Result<kube::ListPage> list_page(kube::ResourceType const&, kube::ListOptions const&,
                                     std::string const&, std::stop_token) override {
        return fail(internal_error("list"));
    }
    Result<Json> update(kube::ResourceType const&, Json const&, std::string const&,
                        std::stop_token) override {
        return fail(internal_error("update"));
    }
    Result<Json> apply(kube::ResourceType const&, Json const&, kube::ApplyOptions const&,
                       std::stop_token) override {
        return fail(internal_error("apply"));
    }
    Result<Json> merge_patch(kube::ResourceType const&, kube::ObjectKey const&, Json const&,
                             std::string const&, std::stop_token) override {
        return fail(internal_error("patch"));
    }
    Result<void> watch(kube::ResourceType const&, kube::WatchOptions const&,
                       std::function<bool(kube::WatchEvent const&)> const&,
                       std::stop_token) override {
        return fail(internal_error("watch"));
    }
    Result<Json> create_subresource(kube::ResourceType const&, kube::ObjectKey const&,
                                    std::string const&, Json const&, std::stop_token) override {
        return fail(internal_error("create"));
    }
    std::string log;

  private:
    test::FakeApiServer& inner_;
};

TEST_F(TenancyDoctorTest, PodsAreFollowedAndRemoved) {
    ApiServerWithLogs api(bench.api);
    kube::ObjectKey const key{"kube-system", "doctor-1"};
    Json const pod = {{"apiVersion", "v1"},
                      {"kind", "Pod"},
                      {"metadata", {{"name", key.name}, {"namespace", key.ns}}},
                      {"status", {{"phase", "Succeeded"}}}};
    api.log =
        ("{\"message\":\"a log line\"}\n"
         "{\"step\":\"DNS\",\"ok\":true,\"ms\":1,\"saw\":\"10.0.0.1\"}\n"
         "{\"step\":\"TCP\",\"ok\":false,\"ms\":1,\"saw\":\"no\"}\n");
    std::vector<std::string> told;
    auto const tell = [&](registry::Step const& step) { told.push_back(step.name); };
    auto const result = run_pod(api, bench.clock, pod, tell, {});
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_FALSE(*result) << "a step failed";
    EXPECT_EQ(told, (std::vector<std::string>{"DNS", "TCP"}));
    EXPECT_FALSE(bench.api.find(kube::types::pods, key)) << "it was left behind";

    api.log = ("exec: no such program\n");
    auto const broken = run_pod(api, bench.clock, pod, tell, {});
    ASSERT_FALSE(broken);
    EXPECT_NE(broken.error().message.find("exec: no such program"), std::string::npos);
    EXPECT_FALSE(bench.api.find(kube::types::pods, key));

    std::stop_source stop;
    stop.request_stop();
    Json waiting = pod;
    waiting["status"]["phase"] = "Pending";
    EXPECT_FALSE(run_pod(api, bench.clock, waiting, tell, stop.get_token()));
    EXPECT_FALSE(bench.api.find(kube::types::pods, key)) << "an interrupted one was left behind";
}

}  // namespace
}  // namespace rt::cli
