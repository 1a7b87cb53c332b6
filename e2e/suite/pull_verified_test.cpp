#include <nlohmann/json.hpp>

#include "e2e/suite/support/clouds.hpp"
#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/google.hpp"
#include "e2e/suite/support/tenancy_test.hpp"

namespace e2e {
namespace {

/// After a mint the operator asks the registry whether the credential can pull, and whether one can
/// without it.
class PullVerified : public TenancyTest {
  protected:
    std::string make_ready_over(std::string const& role, std::string const& path = "cainiao") {
        std::string const ns = make_namespace("ns");
        Tenancy tenancy;
        tenancy.name = name("tenancy");
        tenancy.namespaces = {ns};
        tenancy.role = role;
        tenancy.allow = {{"namespace", path}};
        make_ready_tenancy(tenancy);
        return ns;
    }
    /// "False RoleTooNarrow: ...", as the tenancy says.
    [[nodiscard]] std::string verified() const {
        auto const object = get("registrytenancy", name("tenancy"));
        if (object && object->contains("status")) {
            for (Json const& entry : (*object)["status"]["conditions"]) {
                if (text_at(entry, "/type") == "PullVerified") {
                    return text_at(entry, "/status") + " " + text_at(entry, "/reason") + ": " +
                           text_at(entry, "/message");
                }
            }
        }
        return "no such condition";
    }
    [[nodiscard]] std::string why_not(std::string const& wanted) const {
        std::string const found = verified();
        return found.rfind(wanted, 0) == 0 ? "" : "PullVerified is " + found;
    }
    /// Empty where the tenancy has an Event of that reason.
    [[nodiscard]] std::string why_no_event(std::string const& reason) const {
        for (Json const& event : list("events")) {
            if (text_at(event, "/involvedObject/name") == name("tenancy") &&
                text_at(event, "/reason") == reason) {
                return "";
            }
        }
        return "no Event " + reason;
    }
    [[nodiscard]] static std::string why_no_problem(std::string const& ns,
                                                    std::string const& reason) {
        std::string const found = problems_of(ns);
        return found.find(reason) != std::string::npos ? "" : "problems are: " + found;
    }
};

TEST_F(PullVerified, is_true_once_an_image_is_in_use) {
    CloudRequests const requests;
    std::string const ns = make_ready_over("acr-suite-29");
    EXPECT_TRUE(eventually(soon, [&] { return why_not("Unknown NothingToAsk"); }));
    ASSERT_TRUE(done(apply(pod_manifest(ns, "own", std::string(allowed_image)))));
    EXPECT_TRUE(eventually(soon, [&] { return why_not("True Verified"); }));
    EXPECT_EQ(problems_of(ns), "");
    // With the credential of this namespace and without any.
    auto const asked = requests.of_role("Token", "acr-suite-29");
    EXPECT_FALSE(asked.empty());
    EXPECT_FALSE(requests
                     .matching([](Json const& entry) {
                         return text_at(entry, "/action") == "Token" &&
                                text_at(entry, "/caller").empty() &&
                                text_at(entry, "/scope") == "repository:cainiao/a1:pull" &&
                                text_at(entry, "/granted").empty();
                     })
                     .empty());
}

TEST_F(PullVerified, says_what_a_role_lacks) {
    std::string const ns = make_ready_over("acr-alipay-only");
    ASSERT_TRUE(done(apply(pod_manifest(ns, "own", std::string(allowed_image)))));
    EXPECT_TRUE(eventually(soon, [&] { return why_not("False RoleTooNarrow"); }));
    EXPECT_NE(verified().find("role acs:ram::1146716667364888:role/acr-alipay-only may not pull "
                              "from registry namespace \"cainiao\" of " +
                              std::string(vpc_host) +
                              ": add action cr:PullRepository on resource "
                              "acs:cr:cn-shanghai:1146716667364888:repository/"
                              "cri-shanghai-shared01/cainiao/*"),
              std::string::npos)
        << verified();
    EXPECT_TRUE(eventually(soon, [&] { return why_no_problem(ns, "RoleTooNarrow"); }));
    EXPECT_EQ(problems_of(ns).find("acs:"), std::string::npos) << problems_of(ns);
    EXPECT_TRUE(eventually(soon, [&] { return why_no_event("RoleTooNarrow"); }));
    EXPECT_EQ(why_not_ready(name("tenancy")), "") << "it never gates Ready";
    EXPECT_EQ(why_not_keys(ns, keys_of("cainiao/")), "") << "it never touches the Secret";
}

TEST_F(PullVerified, says_that_anyone_may_pull) {
    std::string const ns = make_ready_over("acr-suite-30", "pub");
    ASSERT_TRUE(done(apply(pod_manifest(ns, "own", std::string(vpc_host) + "/pub/a1:v0.1"))));
    EXPECT_TRUE(eventually(soon, [&] { return why_not("False RegistryNamespacePublic"); }));
    EXPECT_NE(verified().find("registry namespace \"pub\""), std::string::npos) << verified();
}

TEST_F(PullVerified, tells_a_refused_credential_from_a_registry_that_is_down) {
    std::string const ns = make_ready_over("acr-suite-31");
    auto const before = pull_secret(ns);
    ASSERT_TRUE(before);
    {
        Fault const fault("auth", {{"mode", "expired"}, {"role", "acr-suite-31"}});
        ASSERT_TRUE(done(apply(pod_manifest(ns, "own", std::string(allowed_image)))));
        EXPECT_TRUE(eventually(soon, [&] { return why_not("False TokenRejected"); }));
        EXPECT_TRUE(eventually(soon, [&] { return why_no_problem(ns, "TokenRejected"); }));
    }
    EXPECT_TRUE(eventually(std::chrono::seconds(120), [&] { return why_not("True Verified"); }));
    EXPECT_EQ(problems_of(ns), "");
    EXPECT_TRUE(eventually(soon, [&] { return why_no_event("PullVerified"); }));
    auto const after = pull_secret(ns);
    ASSERT_TRUE(after);
    EXPECT_EQ(after->login(), before->login()) << "no verdict costs a credential";
}

TEST_F(PullVerified, tells_of_a_token_server_that_is_down_when_it_stays_so) {
    std::string const ns = make_ready_over("acr-suite-32");
    Fault const fault("auth", {{"mode", "error"},
                               {"http", 503},
                               {"code", "UNAVAILABLE"},
                               {"message", "later"},
                               {"role", "acr-suite-32"}});
    ASSERT_TRUE(done(apply(pod_manifest(ns, "own", std::string(allowed_image)))));
    EXPECT_TRUE(eventually(soon, [&] { return why_not("False RegistryUnreachable"); }));
    EXPECT_TRUE(eventually(soon, [&] { return why_no_problem(ns, "RegistryUnreachable"); }));
    EXPECT_EQ(why_not_ready(name("tenancy")), "");
}

TEST_F(PullVerified, asks_ecr_for_manifests) {
    std::string const host = "111122223333.dkr.ecr.eu-central-1.amazonaws.com";
    ASSERT_TRUE(done(apply({{"apiVersion", "registrytenancy.dev/v1alpha1"},
                            {"kind", "Registry"},
                            {"metadata", {{"name", "ecr-111122223333"}}},
                            {"spec",
                             {{"hosts", {host}},
                              {"type", "AmazonECR"},
                              {"amazonECR",
                               {{"registryID", "111122223333"},
                                {"region", "eu-central-1"},
                                {"sessionTags", true},
                                {"identity", {{"type", "InstanceRole"}}}}},
                              {"allowedRoles", {"arn:aws:iam::111122223333:role/ecr-*"}}}}})));
    std::string const ns = make_namespace("ns");
    remember_tenancy(name("tenancy"));
    ASSERT_TRUE(
        done(apply({{"apiVersion", "registrytenancy.dev/v1alpha1"},
                    {"kind", "RegistryTenancy"},
                    {"metadata", {{"name", name("tenancy")}}},
                    {"spec",
                     {{"namespaces", {ns}},
                      {"registries",
                       {{{"name", "ecr-111122223333"},
                         {"role", "arn:aws:iam::111122223333:role/ecr-payments"},
                         {"externalID", "{cluster}"},
                         {"allow", {{{"namespace", "payments"}}, {{"namespace", "base"}}}}}}}}}})));
    ASSERT_TRUE(done(apply(pod_manifest(ns, "own", host + "/payments/a1:v0.1"))));
    EXPECT_TRUE(eventually(soon, [&] { return why_not("True Verified"); }));
    // What the tenancy allows and the role doesn't.
    ASSERT_TRUE(done(apply(pod_manifest(ns, "base", host + "/base/jdk:17"))));
    EXPECT_TRUE(eventually(soon, [&] { return why_not("False RoleTooNarrow"); }));
    EXPECT_NE(verified().find("add actions ecr:BatchCheckLayerAvailability, ecr:BatchGetImage, "
                              "ecr:GetDownloadUrlForLayer on resource "
                              "arn:aws:ecr:eu-central-1:111122223333:repository/base/*"),
              std::string::npos)
        << verified();
}

/// Registries of the other types, each with a tenancy that allows what its role may not pull.
struct Narrow {
    std::string name;
    Json registry;
    Json entry;  ///< of the tenancy
    std::string image;
    std::string words;
};

Json registry_of(std::string const& name, std::string const& host, Json spec) {
    spec["hosts"] = Json::array({host});
    return {{"apiVersion", "registrytenancy.dev/v1alpha1"},
            {"kind", "Registry"},
            {"metadata", {{"name", name}}},
            {"spec", spec}};
}

Narrow of_google() {
    std::string const location(google_oidc_location);
    return {"google",
            {},
            {{"name", "gar-" + location},
             {"role", google_account("pull-ledger")},
             {"allow", google_payments()}},
            google_image(location, "payments"),
            "role " + google_account("pull-ledger") +
                " may not pull from registry namespace \"acme-images/payments\" of " +
                google_host(location) +
                ": add action artifactregistry.repositories.downloadArtifacts on resource "
                "projects/acme-images/locations/" +
                location + "/repositories/payments (role roles/artifactregistry.reader)"};
}

Narrow of_azure() {
    std::string const host = "demooidc.azurecr.io";
    std::string const client = "a0000000-0000-4000-8000-000000000004";
    Json const spec = {
        {"type", "AzureACR"},
        {"azureACR",
         {{"tenantID", "11111111-aaaa-4bbb-8ccc-000000000001"},
          {"cloud", "Public"},
          {"identity",
           {{"type", "OIDC"}, {"oidc", {{"clientID", "a0000000-0000-4000-8000-000000000003"}}}}}}},
        {"allowUnnarrowed", true}};
    return {"azure",
            registry_of("azure-oidc", host, spec),
            {{"name", "azure-oidc"},
             {"role", client},
             {"allow", Json::array({{{"namespace", "payments"}}, {{"namespace", "ledger"}}})}},
            host + "/ledger/a1:v0.1",
            "role " + client + " may not pull from registry namespace \"ledger\" of " + host +
                ": add action Microsoft.ContainerRegistry/registries/pull/read on resource "
                "registry " +
                host + " (role AcrPull"};
}

class PullVerifiedElsewhere : public PullVerified, public testing::WithParamInterface<bool> {
  protected:
    void make(Narrow const& narrow) {
        if (narrow.registry.is_null()) {
            ASSERT_TRUE(apply_google_registry(google_oidc_location));
        } else {
            ASSERT_TRUE(done(apply(narrow.registry)));
        }
        std::string const ns = make_namespace("ns");
        remember_tenancy(name("tenancy"));
        ASSERT_TRUE(done(apply(
            {{"apiVersion", "registrytenancy.dev/v1alpha1"},
             {"kind", "RegistryTenancy"},
             {"metadata", {{"name", name("tenancy")}}},
             {"spec", {{"namespaces", {ns}}, {"registries", Json::array({narrow.entry})}}}})));
        ASSERT_TRUE(eventually(soon, [&] { return why_not_ready(name("tenancy")); }));
        ASSERT_TRUE(done(apply(pod_manifest(ns, "own", narrow.image))));
    }
};

TEST_P(PullVerifiedElsewhere, says_what_a_role_lacks) {
    Narrow const narrow = GetParam() ? of_google() : of_azure();
    make(narrow);
    EXPECT_TRUE(eventually(soon, [&] { return why_not("False RoleTooNarrow"); }));
    EXPECT_NE(verified().find(narrow.words), std::string::npos) << verified();
    EXPECT_TRUE(eventually(soon, [&] { return why_no_problem(name("ns"), "RoleTooNarrow"); }));
    EXPECT_EQ(why_not_ready(name("tenancy")), "") << "it never gates Ready";
}

TEST_P(PullVerifiedElsewhere, tells_a_refused_credential) {
    Narrow narrow = GetParam() ? of_google() : of_azure();
    if (GetParam()) {
        narrow.entry["role"] = google_account("pull-suite-18");
    } else {
        narrow.entry["role"] = "a0000000-0000-4000-8000-000000000053";
        narrow.image = "demooidc.azurecr.io/payments/a1:v0.1";
    }
    Fault const fault(
        GetParam() ? "googleRegistry" : "azureRegistry",
        {{"mode", "error"},
         {"action", GetParam() ? "RegistryToken" : "Token"},
         {"http", 401},
         {"code", "UNAUTHORIZED"},
         {"message", "authentication failed"},
         {"role", GetParam() ? "pull-suite-18" : "a0000000-0000-4000-8000-000000000053"}});
    make(narrow);
    EXPECT_TRUE(eventually(soon, [&] { return why_not("False TokenRejected"); }));
    EXPECT_NE(verified().find("was not revoked"), std::string::npos) << verified();
    EXPECT_TRUE(eventually(soon, [&] { return why_no_problem(name("ns"), "TokenRejected"); }));
}

INSTANTIATE_TEST_SUITE_P(Cloud, PullVerifiedElsewhere, testing::Bool(),
                         [](auto const& each) { return each.param ? "google" : "azure"; });

/// Everybody may pull from a public project of Harbor.
TEST_F(PullVerified, says_that_anyone_may_pull_from_a_project_of_harbor) {
    std::string const host = "harbor.example.com";
    ASSERT_TRUE(
        done(apply({{"apiVersion", "v1"},
                    {"kind", "Secret"},
                    {"metadata", {{"name", "e2e-harbor-robot"}, {"namespace", product_namespace}}},
                    {"stringData",
                     {{"username", "robot$registry-tenancy"},
                      {"password", "simulated-secret-of-registry-tenancys-robot"}}}})));
    Json const identity = {{"type", "AccessKey"},
                           {"accessKey", {{"secretName", "e2e-harbor-robot"}}}};
    ASSERT_TRUE(done(apply(registry_of(
        "e2e-harbor", host,
        {{"type", "Harbor"}, {"harbor", {{"url", "https://" + host}, {"identity", identity}}}}))));
    std::string const ns = make_namespace("ns");
    remember_tenancy(name("tenancy"));
    Json const entry = {{"name", "e2e-harbor"}, {"allow", Json::array({{{"namespace", "pub"}}})}};
    ASSERT_TRUE(
        done(apply({{"apiVersion", "registrytenancy.dev/v1alpha1"},
                    {"kind", "RegistryTenancy"},
                    {"metadata", {{"name", name("tenancy")}}},
                    {"spec", {{"namespaces", {ns}}, {"registries", Json::array({entry})}}}})));
    ASSERT_TRUE(done(apply(pod_manifest(ns, "own", host + "/pub/a1:v0.1"))));
    EXPECT_TRUE(eventually(soon, [&] { return why_not("False RegistryNamespacePublic"); }));
    EXPECT_NE(verified().find("registry namespace \"pub\""), std::string::npos) << verified();
}

}  // namespace
}  // namespace e2e
