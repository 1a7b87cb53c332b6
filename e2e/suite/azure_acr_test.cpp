#include <nlohmann/json.hpp>

#include "e2e/suite/support/clouds.hpp"
#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/tenancy_test.hpp"

namespace e2e {
namespace {

std::string const tenant = "11111111-aaaa-4bbb-8ccc-000000000001";
std::string const token_user = "00000000-0000-0000-0000-000000000000:";

/// The client IDs of e2e/sim/world.yaml.
std::string client(int number) {
    std::string const digits = std::to_string(number);
    return "a0000000-0000-4000-8000-" + std::string(12 - digits.size(), '0') + digits;
}
int const attached_to_the_node = 2;
int const of_the_operator = 3;
int const trusts_the_operator = 4;
int const with_a_secret = 5;
int const trusts_a_namespace = 7;
int const without_a_role = 11;
int const trusts_somebody_else = 12;
int const first_with_faults = 21;

/// One of the registries of e2e/sim/world.yaml, and who the operator is there. Tests share its
/// Registry, because a host belongs to one.
struct Place {
    std::string name;
    std::string host;
    Json identity;
    std::string cloud = "Public";
};

Place const with_managed_identity{"azure-imds", "demoimds.azurecr.io", {{"type", "InstanceRole"}}};
Place const with_oidc{"azure-oidc",
                      "demooidc.azurecr.io",
                      {{"type", "OIDC"}, {"oidc", {{"clientID", client(of_the_operator)}}}}};
Place const with_secret{"azure-secret",
                        "demosecret.azurecr.io",
                        {{"type", "AccessKey"}, {"accessKey", {{"secretName", "e2e-azure-key"}}}}};
Place const with_service_account{"azure-sa", "demosa.azurecr.io", {{"type", "ServiceAccount"}}};
Place const in_china{"azure-china", "demochina.azurecr.cn", with_oidc.identity, "China"};

std::vector<Json> requests_of(CloudRequests const& requests, std::string const& action, int role) {
    return requests.matching([&](Json const& entry) {
        return text_at(entry, "/action") == action && text_at(entry, "/role") == client(role);
    });
}

class AzureAcr : public TenancyTest {
  protected:
    void make_registry(Place const& place) {
        Json const manifest = {
            {"apiVersion", "registrytenancy.dev/v1alpha1"},
            {"kind", "Registry"},
            {"metadata", {{"name", place.name}}},
            {"spec",
             {{"hosts", {place.host}},
              {"type", "AzureACR"},
              {"azureACR",
               {{"tenantID", tenant}, {"cloud", place.cloud}, {"identity", place.identity}}},
              {"allowUnnarrowed", true}}}};
        // Of two tests that make it at the same time one is told that it is there.
        ASSERT_TRUE(eventually(soon, [&] {
            auto const made = apply(manifest);
            return made.ok() ? std::string() : made.text();
        }));
    }
    /// `role`: a client's number; 0: none is named.
    Json tenancy(Place const& place, int role, std::vector<std::string> const& ns,
                 Json allow) const {
        Json entry = {{"name", place.name}, {"allow", std::move(allow)}};
        if (role != 0) {
            entry["role"] = client(role);
        }
        return {{"apiVersion", "registrytenancy.dev/v1alpha1"},
                {"kind", "RegistryTenancy"},
                {"metadata", {{"name", name("tenancy")}}},
                {"spec", {{"namespaces", ns}, {"registries", Json::array({entry})}}}};
    }
    Json tenancy(Place const& place, int role,
                 Json allow = Json::array({{{"namespace", "payments"}}})) const {
        return tenancy(place, role, {name("ns")}, std::move(allow));
    }
    void make_ready(Json const& manifest) {
        remember_tenancy(name("tenancy"));
        ASSERT_TRUE(done(apply(manifest)));
        ASSERT_TRUE(eventually(soon, [&] { return why_not_ready(name("tenancy")); }));
    }
    /// payments/a1 starts with the minted Secret; ledger/a1 does not, even where nothing but the
    /// registry says no.
    void expect_pulls_what_is_allowed(Place const& place, std::string const& ns) {
        auto const secret = pull_secret(ns);
        ASSERT_TRUE(secret);
        EXPECT_EQ(secret->keys(), place.host + "/payments/");
        EXPECT_EQ(secret->login().substr(0, token_user.size()), token_user);
        ASSERT_TRUE(done(apply(pod_manifest(ns, "allowed", place.host + "/payments/a1:v0.1"))));
        EXPECT_TRUE(eventually(soon, [&] { return why_not_running(ns, "allowed"); }));
        EXPECT_TRUE(refused(apply(pod_manifest(ns, "foreign", place.host + "/ledger/a1:v0.1")),
                            {"RT-NotAllowed", "payments"}));
        expect_refused_by_the_registry(place, secret->login());
    }
    /// The credential, carried elsewhere under a key for the whole host: only the identity's own
    /// role assignment stands in the way now, since nothing narrows the credential.
    void expect_refused_by_the_registry(Place const& place, std::string const& login) {
        std::string const elsewhere = make_namespace("elsewhere");
        Json const config = {{"auths", {{place.host, {{"auth", base64_encoded(login)}}}}}};
        Json const secret = {{"apiVersion", "v1"},
                             {"kind", "Secret"},
                             {"metadata", {{"name", "carried"}, {"namespace", elsewhere}}},
                             {"type", "kubernetes.io/dockerconfigjson"},
                             {"stringData", {{".dockerconfigjson", config.dump()}}}};
        ASSERT_TRUE(done(apply(secret)));
        for (std::string const repository : {"payments", "ledger"}) {
            Json pod =
                pod_manifest(elsewhere, repository, place.host + "/" + repository + "/a1:v0.1");
            pod["spec"]["imagePullSecrets"] = Json::array({{{"name", "carried"}}});
            ASSERT_TRUE(done(apply(pod)));
        }
        EXPECT_TRUE(eventually(soon, [&] { return why_not_running(elsewhere, "payments"); }));
        EXPECT_TRUE(eventually(soon, [&] {
            std::string const message = waiting_message(elsewhere, "ledger");
            bool const refuses = message.find("401") != std::string::npos ||
                                 message.find("authorization failed") != std::string::npos;
            return refuses ? std::string() : "waits: " + message;
        }));
    }
};

TEST_F(AzureAcr, pulls_with_a_managed_identity_of_the_node) {
    CloudRequests const requests;
    make_registry(with_managed_identity);
    make_namespace("ns");
    make_ready(tenancy(with_managed_identity, attached_to_the_node));
    expect_pulls_what_is_allowed(with_managed_identity, name("ns"));
    EXPECT_FALSE(requests_of(requests, "ManagedIdentityToken", attached_to_the_node).empty());
}

TEST_F(AzureAcr, pulls_as_an_application_that_trusts_the_operator) {
    CloudRequests const requests;
    make_registry(with_oidc);
    make_namespace("ns");
    make_ready(tenancy(with_oidc, trusts_the_operator));
    expect_pulls_what_is_allowed(with_oidc, name("ns"));
    auto const asked = requests_of(requests, "Token", trusts_the_operator);
    ASSERT_FALSE(asked.empty());
    EXPECT_EQ(text_at(asked[0], "/caller"),
              "system:serviceaccount:registry-tenancy-system:registry-tenancy-operator");
}

TEST_F(AzureAcr, pulls_as_the_operators_own_application_where_no_role_is_named) {
    make_registry(with_oidc);
    std::string const ns = make_namespace("ns");
    make_ready(tenancy(with_oidc, 0));
    ASSERT_TRUE(done(apply(pod_manifest(ns, "allowed", with_oidc.host + "/payments/a1:v0.1"))));
    EXPECT_TRUE(eventually(soon, [&] { return why_not_running(ns, "allowed"); }));
}

TEST_F(AzureAcr, pulls_with_a_client_secret) {
    Json const key = {{"apiVersion", "v1"},
                      {"kind", "Secret"},
                      {"metadata", {{"name", "e2e-azure-key"}, {"namespace", product_namespace}}},
                      {"stringData",
                       {{"clientID", client(with_a_secret)},
                        {"clientSecret", "simulated-secret-of-azure-puller"}}}};
    ASSERT_TRUE(done(apply(key)));
    make_registry(with_secret);
    make_namespace("ns");
    make_ready(tenancy(with_secret, 0));
    expect_pulls_what_is_allowed(with_secret, name("ns"));
}

/// Its name is fixed, because the application trusts the ServiceAccount of this very namespace.
TEST_F(AzureAcr, pulls_with_the_token_of_the_namespaces_own_service_account) {
    CloudRequests const requests;
    make_registry(with_service_account);
    Json const ns = {
        {"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", "azure-e2e-ns"}}}};
    ASSERT_TRUE(done(apply(ns)));
    remember_namespace("azure-e2e-ns");
    make_ready(tenancy(with_service_account, trusts_a_namespace, {"azure-e2e-ns"},
                       Json::array({{{"namespace", "payments"}}})));
    expect_pulls_what_is_allowed(with_service_account, "azure-e2e-ns");
    auto const asked = requests_of(requests, "Token", trusts_a_namespace);
    ASSERT_FALSE(asked.empty());
    EXPECT_NE(text_at(asked[0], "/caller").find("azure-e2e-ns"), std::string::npos);
}

TEST_F(AzureAcr, pulls_in_azure_china) {
    make_registry(in_china);
    std::string const ns = make_namespace("ns");
    make_ready(tenancy(in_china, trusts_the_operator));
    ASSERT_TRUE(done(apply(pod_manifest(ns, "allowed", in_china.host + "/payments/a1:v0.1"))));
    EXPECT_TRUE(eventually(soon, [&] { return why_not_running(ns, "allowed"); }));
}

/// Empty when an Event about the tenancy shows the text.
std::string why_not_told(std::string const& tenancy, std::string const& text) {
    std::string all;
    for (Json const& event : list("events")) {
        if (text_at(event, "/involvedObject/name") == tenancy) {
            all += text_at(event, "/message") + "\n";
        }
    }
    return all.find(text) != std::string::npos ? "" : "no Event shows " + text + ", only:\n" + all;
}

struct Refusal {
    std::string name;
    int role;
    std::string code;
    std::string fix;
};

class AzureAcrRefusals : public AzureAcr, public testing::WithParamInterface<Refusal> {};

TEST_P(AzureAcrRefusals, are_told_with_the_fix) {
    Refusal const& refusal = GetParam();
    make_registry(with_oidc);
    std::string const ns = make_namespace("ns");
    remember_tenancy(name("tenancy"));
    ASSERT_TRUE(done(apply(tenancy(with_oidc, refusal.role))));
    EXPECT_TRUE(eventually(soon, [&] { return why_not_failing(name("tenancy")); }));
    EXPECT_TRUE(eventually(soon, [&] { return why_not_told(name("tenancy"), refusal.code); }));
    EXPECT_TRUE(eventually(soon, [&] { return why_not_told(name("tenancy"), refusal.fix); }));
    EXPECT_TRUE(eventually(soon, [&] {
        return problems_of(ns).empty() ? std::string("the grant shows no problem") : std::string();
    }));
    EXPECT_EQ(problems_of(ns).find(client(refusal.role)), std::string::npos) << problems_of(ns);
    EXPECT_FALSE(pull_secret(ns)) << "nothing wider took its place";
}

INSTANTIATE_TEST_SUITE_P(Each, AzureAcrRefusals,
                         testing::Values(Refusal{"an_application_that_trusts_somebody_else",
                                                 trusts_somebody_else, "AADSTS700213",
                                                 "add a federated credential"},
                                         Refusal{"an_application_that_does_not_exist", 99,
                                                 "AADSTS700016", "correct the client ID"},
                                         Refusal{"an_identity_without_a_role_on_the_registry",
                                                 without_a_role, "UNAUTHORIZED", "AcrPull"}),
                         [](auto const& each) { return each.param.name; });

struct Trouble {
    std::string name;
    std::string simulator;
    Json rule;
    std::string code;  ///< what an admin should read about it; empty: none is given
};

Json error_rule(std::string const& code, int http, std::string const& message) {
    return {{"mode", "error"}, {"code", code}, {"http", http}, {"message", message}};
}

std::vector<Trouble> troubles() {
    return {
        // The first four meet the node's identities.
        {"metadata_lost_the_identity", "azureMetadata",
         error_rule("invalid_request", 400, "Identity not found"), "scale set"},
        {"metadata_throttles", "azureMetadata", {{"mode", "throttle"}}, "too_many_requests"},
        {"metadata_answers_garbage", "azureMetadata", {{"mode", "garbage"}}, ""},
        {"metadata_never_answers", "azureMetadata", {{"mode", "timeout"}}, "metadata service"},
        {"entra_does_not_trust", "azureAd",
         error_rule("AADSTS70021", 401, "No matching federated identity record found"),
         "AADSTS70021"},
        {"entra_throttles", "azureAd", {{"mode", "throttle"}}, "AADSTS90055"},
        {"entra_is_broken", "azureAd", error_rule("AADSTS90033", 503, "later"), "AADSTS90033"},
        {"entra_answers_garbage", "azureAd", {{"mode", "garbage"}}, ""},
        {"entra_never_answers", "azureAd", {{"mode", "timeout"}}, "Entra ID"},
        {"entra_hands_out_what_has_expired", "azureAd", {{"mode", "expired"}}, "expired"},
        {"registry_denies", "azureRegistry",
         error_rule("UNAUTHORIZED", 401, "authentication required"), "UNAUTHORIZED"},
        {"registry_lets_nobody_in", "azureRegistry",
         error_rule("DENIED", 403, "client with IP '10.0.0.1' is not allowed access"),
         "network rules"},
        {"registry_throttles", "azureRegistry", {{"mode", "throttle"}}, "TOOMANYREQUESTS"},
        {"registry_is_broken", "azureRegistry", error_rule("UNKNOWN", 500, "later"), "UNKNOWN"},
        {"registry_answers_garbage", "azureRegistry", {{"mode", "garbage"}}, ""},
        {"registry_hands_out_what_has_expired", "azureRegistry", {{"mode", "expired"}}, "expired"},
    };
}

/// Each trouble has a client of its own, so that it meets nobody else.
class AzureAcrFaults : public AzureAcr, public testing::WithParamInterface<std::size_t> {
  protected:
    Trouble const trouble = troubles()[GetParam()];
    Place const& place = trouble.simulator == "azureMetadata" ? with_managed_identity : with_oidc;
    int const role = first_with_faults + static_cast<int>(GetParam());

    Json allowing(std::string const& repository) const {
        return tenancy(place, role,
                       Json::array({{{"namespace", "payments"}}, {{"repository", repository}}}));
    }
};

TEST_P(AzureAcrFaults, keep_the_secret_that_works) {
    make_registry(place);
    std::string const ns = make_namespace("ns");
    make_ready(tenancy(place, role));
    auto const before = pull_secret(ns);
    ASSERT_TRUE(before);
    {
        Json rule = trouble.rule;
        rule["role"] = client(role);
        Fault const fault(trouble.simulator, rule);
        ASSERT_TRUE(done(apply(allowing("base/jdk"))));  // needs a new credential
        ASSERT_TRUE(eventually(std::chrono::seconds(75), [&] {
            return problems_of(ns).empty() ? std::string("the grant shows no problem")
                                           : std::string();
        }));
        EXPECT_EQ(problems_of(ns).find(client(role)), std::string::npos) << problems_of(ns);
        EXPECT_TRUE(eventually(soon, [&] { return why_not_failing(name("tenancy")); }));
        if (!trouble.code.empty()) {
            EXPECT_TRUE(
                eventually(soon, [&] { return why_not_told(name("tenancy"), trouble.code); }));
        }
        auto const during = pull_secret(ns);
        ASSERT_TRUE(during) << "the Secret was lost";
        EXPECT_EQ(during->uid, before->uid);
        EXPECT_EQ(during->login(), before->login()) << "the working credential was lost";
        ASSERT_TRUE(done(apply(pod_manifest(ns, "during", place.host + "/payments/a1:v0.1"))));
        EXPECT_TRUE(eventually(soon, [&] { return why_not_running(ns, "during"); }));
    }
    // Asked for something else, so that the end of a long back-off need not be awaited.
    ASSERT_TRUE(done(apply(allowing("base/jre"))));
    EXPECT_TRUE(
        eventually(std::chrono::seconds(75), [&] { return why_not_ready(name("tenancy")); }));
    EXPECT_TRUE(eventually(soon, [&] { return problems_of(ns); }));
    auto const after = pull_secret(ns);
    ASSERT_TRUE(after);
    EXPECT_EQ(after->uid, before->uid);
    EXPECT_NE(after->login(), before->login());
}

INSTANTIATE_TEST_SUITE_P(Each, AzureAcrFaults, testing::Range(std::size_t{0}, troubles().size()),
                         [](auto const& each) { return troubles()[each.param].name; });

}  // namespace
}  // namespace e2e
