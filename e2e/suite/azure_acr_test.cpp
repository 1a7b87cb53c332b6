#include <nlohmann/json.hpp>

#include "e2e/suite/support/carried_login.hpp"
#include "e2e/suite/support/clouds.hpp"
#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/failure_matrix.hpp"
#include "e2e/suite/support/tenancy_test.hpp"

namespace e2e {
namespace {

std::string const public_tenant = "11111111-aaaa-4bbb-8ccc-000000000001";
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
int const of_china = 51;
int const of_the_government = 52;

/// One of the registries of e2e/sim/world.yaml, and who the operator is there. Tests share its
/// Registry, because a host belongs to one.
struct Place {
    std::string name;
    std::string host;
    Json identity;
    std::string cloud = "Public";
    std::string tenant = public_tenant;
};

Place const with_managed_identity{"azure-imds", "demoimds.azurecr.io", {{"type", "InstanceRole"}}};
Place const with_oidc{"azure-oidc",
                      "demooidc.azurecr.io",
                      {{"type", "OIDC"}, {"oidc", {{"clientID", client(of_the_operator)}}}}};
Place const with_secret{"azure-secret",
                        "demosecret.azurecr.io",
                        {{"type", "AccessKey"}, {"accessKey", {{"secretName", "e2e-azure-key"}}}}};
Place const with_service_account{"azure-sa", "demosa.azurecr.io", {{"type", "ServiceAccount"}}};
Place const in_china{"azure-china", "demochina.azurecr.cn", with_oidc.identity, "China",
                     "33333333-aaaa-4bbb-8ccc-000000000003"};
Place const of_the_us_government{"azure-government", "demogov.azurecr.us", with_oidc.identity,
                                 "USGovernment", "44444444-aaaa-4bbb-8ccc-000000000004"};

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
               {{"tenantID", place.tenant}, {"cloud", place.cloud}, {"identity", place.identity}}},
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
        ASSERT_TRUE(carry(login, place.host, elsewhere));
        for (std::string const repository : {"payments", "ledger"}) {
            ASSERT_TRUE(
                start_carried(elsewhere, repository, place.host + "/" + repository + "/a1:v0.1"));
        }
        EXPECT_TRUE(eventually(soon, [&] { return why_not_running(elsewhere, "payments"); }));
        EXPECT_TRUE(refused_by_registry(elsewhere, "ledger", {"401", "authorization failed"}));
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

/// Login host, tenant and domain of the registry are the national cloud's own.
class NationalAzure : public AzureAcr, public testing::WithParamInterface<bool> {};

TEST_P(NationalAzure, pulls) {
    Place const& place = GetParam() ? in_china : of_the_us_government;
    CloudRequests const requests;
    make_registry(place);
    std::string const ns = make_namespace("ns");
    int const role = GetParam() ? of_china : of_the_government;
    make_ready(tenancy(place, role));
    ASSERT_TRUE(done(apply(pod_manifest(ns, "allowed", place.host + "/payments/a1:v0.1"))));
    EXPECT_TRUE(eventually(soon, [&] { return why_not_running(ns, "allowed"); }));
    EXPECT_FALSE(requests_of(requests, "Token", role).empty());
}

INSTANTIATE_TEST_SUITE_P(Cloud, NationalAzure, testing::Bool(),
                         [](auto const& each) { return each.param ? "china" : "us_government"; });

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

bool meets_managed_identities(Trouble const& trouble) {
    return trouble.name.starts_with("metadata_");
}

Trouble at(std::string const& simulator, std::string const& name, Json const& rule,
           char const* reason, std::string const& code,
           std::vector<std::string> const& words = {}) {
    return {name, fault_for_role(simulator, rule), reason, code, words};
}

/// Azure signs nothing of ours: a clock that is off shows at the tokens of this cluster, so a
/// managed identity has no such failure.
std::vector<Trouble> troubles() {
    std::string const metadata = "azureMetadata";
    std::string const entra = "azureAd";
    // Where the credential is made; nodes go to the same registry's token endpoint with it.
    auto const registry = [](std::string const& name, Json rule, char const* reason,
                             std::string const& code, std::vector<std::string> const& words = {}) {
        rule["action"] = "Exchange";
        return at("azureRegistry", "registry_" + name, rule, reason, code, words);
    };
    return {
        // The first four meet the node's identities.
        at(metadata, "metadata_lost_the_identity",
           error_rule("invalid_request", 400, "Identity not found"), denied, "invalid_request",
           {"scale set"}),
        at(metadata, "metadata_throttles", {{"mode", "throttle"}}, unavailable,
           "too_many_requests"),
        at(metadata, "metadata_answers_garbage", {{"mode", "garbage"}}, unavailable, "Corrupt"),
        at(metadata, "metadata_never_answers", {{"mode", "timeout"}}, unavailable,
           "DeadlineExceeded", {"metadata service"}),
        at(entra, "entra_does_not_trust",
           error_rule("AADSTS70021", 401, "No matching federated identity record found"), denied,
           "AADSTS70021", {"add a federated credential"}),
        at(entra, "entra_throttles", {{"mode", "throttle"}}, unavailable, "AADSTS90055"),
        at(entra, "entra_is_broken", error_rule("AADSTS90033", 503, "later"), unavailable,
           "AADSTS90033"),
        at(entra, "entra_answers_garbage", {{"mode", "garbage"}}, unavailable, "Corrupt"),
        at(entra, "entra_never_answers", {{"mode", "timeout"}}, unavailable, "DeadlineExceeded",
           {"Entra ID"}),
        at(entra, "entra_hands_out_what_has_expired", {{"mode", "expired"}}, unavailable, "Expired",
           {"arrived already expired"}),
        at(entra, "entra_judges_our_clock_to_be_off", {{"mode", "clock"}, {"offsetSeconds", 7200}},
           unavailable, "ClockSkew", {"AADSTS700024", "clocks", "check NTP"}),
        registry("denies", error_rule("UNAUTHORIZED", 401, "authentication required"), denied,
                 "UNAUTHORIZED", {"AcrPull"}),
        registry("lets_nobody_in",
                 error_rule("DENIED", 403, "client with IP '10.0.0.1' is not allowed access"),
                 denied, "DENIED", {"network rules"}),
        registry("throttles", {{"mode", "throttle"}}, unavailable, "TOOMANYREQUESTS"),
        registry("is_broken", error_rule("UNKNOWN", 500, "later"), unavailable, "UNKNOWN"),
        registry("answers_garbage", {{"mode", "garbage"}}, unavailable, "Corrupt"),
        registry("hands_out_what_has_expired", {{"mode", "expired"}}, unavailable, "Expired",
                 {"arrived already expired"}),
        // With it go its role assignments, which the registry looks at in every pull.
        {"the_application_is_deleted",
         world_change("- {clientID: ", ","),
         denied,
         "AADSTS700016",
         {"correct the client ID"},
         false},
        {"the_application_trusts_us_no_more",
         world_change("- {clientID: ", ", tenant", "federated: *operator", "federated: []"),
         denied,
         "AADSTS70025",
         {"add a federated credential"}},
        {"the_role_assignment_is_removed",
         world_change("    - {clientID: ", ", repositories"),
         denied,
         "UNAUTHORIZED",
         {"give the identity the role AcrPull"},
         false},
    };
}

/// Each trouble has a client of its own, so that it meets nobody else.
class AzureAcrFaults : public AzureAcr, public testing::WithParamInterface<std::size_t> {
  protected:
    Trouble const trouble = troubles()[GetParam()];
    Place const& place = meets_managed_identities(trouble) ? with_managed_identity : with_oidc;
    int const role = first_with_faults + static_cast<int>(GetParam());

    [[nodiscard]] Json allowing(std::string const& repository) const {
        return tenancy(place, role,
                       Json::array({{{"namespace", "payments"}}, {{"repository", repository}}}));
    }
};

TEST_P(AzureAcrFaults, keep_the_secret_that_works) {
    make_registry(place);
    std::string const ns = make_namespace("ns");
    make_ready(tenancy(place, role));
    expect_last_good_stays(trouble, {name("tenancy"),
                                     {ns, client(role)},
                                     {allowing("base/jdk"), allowing("base/jre")},
                                     place.host + "/payments/a1:v0.1",
                                     client(role)});
}

INSTANTIATE_TEST_SUITE_P(Each, AzureAcrFaults, testing::Range(std::size_t{0}, troubles().size()),
                         [](auto const& each) { return troubles()[each.param].name; });

}  // namespace
}  // namespace e2e
