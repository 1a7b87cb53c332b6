#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "e2e/suite/support/clouds.hpp"
#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/failure_matrix.hpp"
#include "e2e/suite/support/google.hpp"
#include "e2e/suite/support/harbor.hpp"
#include "e2e/suite/support/tenancy_test.hpp"

namespace e2e {
namespace {

Json registry_of(std::string const& name, std::string const& host, Json spec) {
    spec["hosts"] = Json::array({host});
    return {{"apiVersion", "registrytenancy.dev/v1alpha1"},
            {"kind", "Registry"},
            {"metadata", {{"name", name}}},
            {"spec", spec}};
}

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
    ASSERT_TRUE(
        done(apply(registry_of("ecr-111122223333", host,
                               {{"type", "AmazonECR"},
                                {"amazonECR",
                                 {{"registryID", "111122223333"},
                                  {"region", "eu-central-1"},
                                  {"sessionTags", true},
                                  {"identity", {{"type", "InstanceRole"}}}}},
                                {"allowedRoles", {"arn:aws:iam::111122223333:role/ecr-*"}}}))));
    std::string const ns =
        govern_with({{"name", "ecr-111122223333"},
                     {"role", "arn:aws:iam::111122223333:role/ecr-payments"},
                     {"externalID", "{cluster}"},
                     {"allow", {{{"namespace", "payments"}}, {{"namespace", "base"}}}}});
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

/// A tenancy over a registry of another type, and what the operator is to find out about it once an
/// image is in use.
struct Elsewhere {
    std::string cloud;
    std::function<testing::AssertionResult()> make_registry;
    Json entry;  ///< of the tenancy
    std::string image;
    std::string reason{};
    std::string words{};
    /// What goes wrong at the registry after the mint.
    std::function<void(std::string const& ns)> meanwhile = [](auto const&) {};
    /// Or what its simulator does wrong: its name, and the rule.
    std::pair<std::string, Json> fault{};
};

std::string const azure_puller = "a0000000-0000-4000-8000-000000000004";
std::string const azure_refused = "a0000000-0000-4000-8000-000000000053";
std::string const google_refused = "pull-suite-18";

Elsewhere google(std::string const& account, std::string const& repository) {
    return {"google",
            [] { return apply_google_registry(google_oidc_location); },
            {{"name", "gar-" + std::string(google_oidc_location)},
             {"role", google_account(account)},
             {"allow", Json::array({{{"namespace", "acme-images/" + repository}}})}},
            google_image(google_oidc_location, repository)};
}

/// `place`: oidc or public, a registry of e2e/sim/world.yaml.
Elsewhere azure(std::string const& place, std::string const& client,
                std::string const& repository) {
    std::string const host = "demo" + place + ".azurecr.io";
    Json const spec = {
        {"type", "AzureACR"},
        {"azureACR",
         {{"tenantID", "11111111-aaaa-4bbb-8ccc-000000000001"},
          {"cloud", "Public"},
          {"identity",
           {{"type", "OIDC"}, {"oidc", {{"clientID", "a0000000-0000-4000-8000-000000000003"}}}}}}},
        {"allowUnnarrowed", true}};
    return {"azure",
            [=] { return done(apply(registry_of("azure-" + place, host, spec))); },
            {{"name", "azure-" + place},
             {"role", client},
             {"allow", Json::array({{{"namespace", repository}}})}},
            host + "/" + repository + "/a1:v0.1"};
}

Elsewhere harbor(std::string const& project) {
    return {"harbor",
            apply_harbor_registry,
            {{"name", "e2e-harbor"}, {"allow", Json::array({{{"namespace", project}}})}},
            harbor_host + "/" + project + "/a1:v0.1"};
}

Elsewhere told(Elsewhere one, std::string const& reason, std::string const& words) {
    one.reason = reason;
    one.words = words;
    return one;
}

Elsewhere refused_by(std::string const& simulator, std::string const& action,
                     std::string const& role, Elsewhere one) {
    one.fault = {simulator, error_rule("UNAUTHORIZED", 401, "authentication failed")};
    one.fault.second["action"] = action;
    one.fault.second["role"] = role;
    return told(std::move(one), "TokenRejected", "was not revoked");
}

Elsewhere after(Elsewhere one, std::function<void(std::string const& ns)> meanwhile) {
    one.meanwhile = std::move(meanwhile);
    return one;
}

/// The one robot of the namespace, as an administrator changes it.
void change_robot(std::string const& ns, std::string const& method) {
    Json robots = harbor_robots("." + ns + ".");
    ASSERT_EQ(robots.size(), 1U) << robots;
    Json& robot = robots[0];
    robot["permissions"][0]["namespace"] = "base";
    ASSERT_TRUE(done(harbor_api(method, "/robots/" + robot["id"].dump(), robot.dump())));
}

std::vector<Elsewhere> everything_elsewhere() {
    std::string const location(google_oidc_location);
    std::string const public_words = "without a credential: make it private";
    return {
        told(google("pull-ledger", "payments"), "RoleTooNarrow",
             "role " + google_account("pull-ledger") +
                 " may not pull from registry namespace \"acme-images/payments\" of " +
                 google_host(location) +
                 ": add action artifactregistry.repositories.downloadArtifacts on resource "
                 "projects/acme-images/locations/" +
                 location + "/repositories/payments (role roles/artifactregistry.reader)"),
        told(azure("oidc", azure_puller, "ledger"), "RoleTooNarrow",
             "role " + azure_puller +
                 " may not pull from registry namespace \"ledger\" of demooidc.azurecr.io: add "
                 "action Microsoft.ContainerRegistry/registries/pull/read on resource registry "
                 "demooidc.azurecr.io (role AcrPull"),
        told(after(harbor("cainiao"), [](auto const& ns) { change_robot(ns, "PUT"); }),
             "RoleTooNarrow",
             "the credential of Registry e2e-harbor may not pull from registry namespace "
             "\"cainiao\" of harbor.example.com: add action repository:pull on resource project "
             "cainiao"),
        refused_by("googleRegistry", "RegistryToken", google_refused,
                   google(google_refused, "payments")),
        refused_by("azureRegistry", "Token", azure_refused,
                   azure("oidc", azure_refused, "payments")),
        told(after(harbor("cainiao"), [](auto const& ns) { change_robot(ns, "DELETE"); }),
             "TokenRejected", "was not revoked"),
        // By an IAM binding of the repository, a setting of the whole registry, one of the project.
        told(google("pull-payments", "open"), "RegistryNamespacePublic", public_words),
        told(azure("public", azure_puller, "ledger"), "RegistryNamespacePublic", public_words),
        told(harbor("pub"), "RegistryNamespacePublic", public_words),
    };
}

class PullVerifiedElsewhere : public PullVerified, public testing::WithParamInterface<Elsewhere> {};

TEST_P(PullVerifiedElsewhere, tells) {
    Elsewhere const& one = GetParam();
    ASSERT_TRUE(one.make_registry());
    std::optional<Fault> fault;
    if (!one.fault.first.empty()) {
        fault.emplace(one.fault.first, one.fault.second);
    }
    std::string const ns = govern_with(one.entry);
    one.meanwhile(ns);
    ASSERT_TRUE(done(apply(pod_manifest(ns, "own", one.image))));
    EXPECT_TRUE(eventually(soon, [&] { return why_not("False " + one.reason + ":"); }));
    EXPECT_NE(verified().find(one.words), std::string::npos) << verified();
    EXPECT_TRUE(eventually(soon, [&] { return why_no_problem(ns, one.reason); }));
    EXPECT_EQ(why_not_ready(name("tenancy")), "") << "it never gates Ready";
}

INSTANTIATE_TEST_SUITE_P(OfCloud, PullVerifiedElsewhere, testing::ValuesIn(everything_elsewhere()),
                         [](auto const& each) { return each.param.cloud + each.param.reason; });

}  // namespace
}  // namespace e2e
