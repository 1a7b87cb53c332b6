#include <nlohmann/json.hpp>
#include <regex>

#include "e2e/suite/support/clouds.hpp"
#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/google.hpp"
#include "e2e/suite/support/tenancy_test.hpp"

namespace e2e {
namespace {

/// Shapes that every secret of this run has, so that none needs to be known by value: passwords and
/// their base64 forms, security tokens, bearer tokens, signatures, private keys, static keys.
struct Shape {
    std::string name;
    std::regex pattern;
};

std::vector<Shape> const& shapes() {
    static std::vector<Shape> const all = {
        {"registry password", std::regex("eyJpbnN0YW5jZUlkIjoi")},
        {"auth of a docker config", std::regex("Y3JfdGVtcF91c2Vy")},
        {"user and password", std::regex("cr_temp_user:[A-Za-z0-9+/]")},
        {"security token", std::regex("CAIS[A-Za-z0-9+/=]{40}")},
        {"bearer token", std::regex("eyJ(hbGci|0eXAi)Oi")},
        {"Google access token", std::regex("ya29\\.[a-z]")},
        {"auth of a docker config for Google", std::regex("b2F1dGgyYWNjZXNzdG9rZW46")},
        {"login with an Azure token", std::regex("00000000-0000-0000-0000-000000000000:ey")},
        {"auth of a docker config for Azure",
         std::regex("MDAwMDAwMDAtMDAwMC0wMDAwLTAwMDAtMDAwMDAwMDAwMDAwOm")},
        {"signature", std::regex("SignedHeaders=")},
        {"private key", std::regex("BEGIN [A-Z ]*PRIVATE KEY")},
        {"access key secret", std::regex("simulated-(secret|password)-of")},
        {"robot's secret", std::regex("RobotSecret0[A-Za-z0-9]{8}")},
        {"auth of a robot", std::regex("cm9ib3QkcnQu[A-Za-z0-9+/]{20}")},
    };
    return all;
}

/// Fails, without repeating it, where the text holds something of a secret's shape.
void expect_clean(std::string const& where, std::string const& text) {
    for (Shape const& shape : shapes()) {
        std::smatch match;
        EXPECT_FALSE(std::regex_search(text, match, shape.pattern))
            << where << " holds what looks like a " << shape.name << ", at byte "
            << match.position(0) << " of " << text.size();
    }
}

bool has_shape(std::string const& name, std::string const& text) {
    for (Shape const& shape : shapes()) {
        if (shape.name == name) {
            return std::regex_search(text, shape.pattern);
        }
    }
    return false;
}

class Canary : public TenancyTest {};

TEST_F(Canary, would_sing) {
    std::string const ns = make_governed_namespace();
    auto const secret = pull_secret(ns);
    ASSERT_TRUE(secret);
    std::string const password = secret->login().substr(13);
    EXPECT_TRUE(std::regex_search(password, shapes()[0].pattern));
    EXPECT_TRUE(std::regex_search(base64_encoded(secret->login()), shapes()[1].pattern));
    EXPECT_TRUE(std::regex_search(secret->login(), shapes()[2].pattern));
}

TEST_F(Canary, would_sing_of_google) {
    ASSERT_TRUE(apply_google_registry(google_oidc_location));
    std::string const ns = make_namespace("ns");
    remember_tenancy(name("tenancy"));
    ASSERT_TRUE(done(apply(google_tenancy_manifest(name("tenancy"), ns,
                                                   "gar-" + std::string(google_oidc_location),
                                                   "pull-payments", google_payments()))));
    ASSERT_TRUE(eventually(soon, [&] { return why_not_ready(name("tenancy")); }));
    auto const secret = pull_secret(ns);
    ASSERT_TRUE(secret);
    std::string const login = secret->login();
    EXPECT_TRUE(has_shape("Google access token", login));
    EXPECT_TRUE(has_shape("auth of a docker config for Google", base64_encoded(login)));
}

/// A Registry of the tests of AzureACR, applied again in case they did not run.
TEST_F(Canary, would_sing_about_azure) {
    Json const registry = {
        {"apiVersion", "registrytenancy.dev/v1alpha1"},
        {"kind", "Registry"},
        {"metadata", {{"name", "azure-oidc"}}},
        {"spec",
         {{"hosts", {"demooidc.azurecr.io"}},
          {"type", "AzureACR"},
          {"azureACR",
           {{"tenantID", "11111111-aaaa-4bbb-8ccc-000000000001"},
            {"cloud", "Public"},
            {"identity",
             {{"type", "OIDC"},
              {"oidc", {{"clientID", "a0000000-0000-4000-8000-000000000003"}}}}}}},
          {"allowUnnarrowed", true}}}};
    ASSERT_TRUE(done(apply(registry)));
    std::string const ns = make_namespace("ns");
    remember_tenancy(name("tenancy"));
    Json const entry = {{"name", "azure-oidc"},
                        {"allow", Json::array({{{"namespace", "payments"}}})}};
    ASSERT_TRUE(
        done(apply({{"apiVersion", "registrytenancy.dev/v1alpha1"},
                    {"kind", "RegistryTenancy"},
                    {"metadata", {{"name", name("tenancy")}}},
                    {"spec", {{"namespaces", {ns}}, {"registries", Json::array({entry})}}}})));
    ASSERT_TRUE(eventually(soon, [&] { return why_not_ready(name("tenancy")); }));
    auto const secret = pull_secret(ns);
    ASSERT_TRUE(secret);
    std::string const login = secret->login();
    EXPECT_TRUE(has_shape("login with an Azure token", login));
    EXPECT_TRUE(has_shape("auth of a docker config for Azure", base64_encoded(login)));
}

TEST_F(Canary, finds_no_secret_in_logs) {
    std::string const product(product_namespace);
    auto const pods = list("pods", product);
    ASSERT_GE(pods.size(), 3U);
    std::size_t total = 0;
    for (Json const& pod : pods) {
        std::string const pod_name = text_at(pod, "/metadata/name");
        auto const logs = kubectl({"-n", product, "logs", pod_name, "--all-containers"});
        ASSERT_TRUE(done(logs));
        expect_clean("the log of " + pod_name, logs.out);
        total += logs.out.size();
        auto const earlier = kubectl({"-n", product, "logs", pod_name, "--previous"});
        expect_clean("the earlier log of " + pod_name, earlier.out);
    }
    EXPECT_GT(total, 0U) << "nothing was logged at all: this proves nothing";
    expect_clean("the simulators' request log", cloud_request_log());
}

TEST_F(Canary, finds_no_secret_in_objects_that_are_no_secrets) {
    for (std::string const kind :
         {"events", "events.events.k8s.io", "registries", "registrytenancies", "registrygrants",
          "configmaps", "pods", "deployments", "leases", "mutatingwebhookconfigurations",
          "validatingwebhookconfigurations"}) {
        auto const all = kubectl({"get", kind, "-A", "-o", "json", "--show-managed-fields"});
        ASSERT_TRUE(done(all)) << kind;
        expect_clean(kind, all.out);
    }
}

TEST_F(Canary, finds_no_secret_in_secret_metadata) {
    for (Json const& secret : list("secrets")) {
        if (text_at(secret, "/metadata/name") != pull_secret_name) {
            continue;
        }
        expect_clean("metadata of the Secret in " + text_at(secret, "/metadata/namespace"),
                     secret["metadata"].dump());
    }
}

TEST_F(Canary, finds_no_secret_in_metrics) {
    std::string const product(product_namespace);
    std::size_t answered = 0;
    for (Json const& pod : list("pods", product)) {
        std::string const pod_name = text_at(pod, "/metadata/name");
        auto const metrics = kubectl(
            {"get", "--raw",
             "/api/v1/namespaces/" + product + "/pods/" + pod_name + ":8080/proxy/metrics"});
        if (metrics.ok() && metrics.out.find("# TYPE") != std::string::npos) {
            ++answered;
        }
        expect_clean("metrics of " + pod_name, metrics.out + metrics.err);
    }
    EXPECT_GE(answered, 3U) << "webhook, operator and publisher have metrics";
}

}  // namespace
}  // namespace e2e
