#include <nlohmann/json.hpp>

#include "e2e/suite/support/carried_login.hpp"
#include "e2e/suite/support/clouds.hpp"
#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/failure_matrix.hpp"
#include "e2e/suite/support/google.hpp"
#include "e2e/suite/support/tenancy_test.hpp"

namespace e2e {
namespace {

class GoogleArtifactRegistry : public TenancyTest {
  protected:
    Json tenancy(std::string_view location, std::string const& account, Json allow) const {
        return google_tenancy_manifest(name("tenancy"), name("ns"), "gar-" + std::string(location),
                                       account, std::move(allow));
    }
    /// Registry, namespace and tenancy; waits until it is Ready. Returns the namespace.
    std::string make_ready(std::string_view location, std::string const& account) {
        EXPECT_TRUE(apply_google_registry(location));
        std::string const ns = make_namespace("ns");
        remember_tenancy(name("tenancy"));
        EXPECT_TRUE(done(apply(tenancy(location, account, google_payments()))));
        EXPECT_TRUE(eventually(soon, [&] { return why_not_ready(name("tenancy")); }));
        return ns;
    }
    /// payments starts; ledger does not: admission refuses it, and where nothing but the registry
    /// says no, the registry does.
    void expect_pulls_what_is_allowed(std::string_view location) {
        std::string const ns = name("ns");
        auto const secret = pull_secret(ns);
        ASSERT_TRUE(secret);
        EXPECT_EQ(secret->keys(), google_host(location) + "/acme-images/payments/");
        EXPECT_EQ(secret->login().substr(0, 23), "oauth2accesstoken:ya29.");
        ASSERT_TRUE(done(apply(pod_manifest(ns, "allowed", google_image(location, "payments")))));
        EXPECT_TRUE(eventually(soon, [&] { return why_not_running(ns, "allowed"); }));
        EXPECT_TRUE(refused(apply(pod_manifest(ns, "foreign", google_image(location, "ledger"))),
                            {"RT-NotAllowed", "payments"}));
        expect_refused_by_the_registry(location, secret->login());
    }
    /// The credential, carried elsewhere under a key for the whole host: only what the service
    /// account may stands in the way now.
    void expect_refused_by_the_registry(std::string_view location, std::string const& login) {
        std::string const elsewhere = make_namespace("elsewhere");
        ASSERT_TRUE(carry(login, google_host(location), elsewhere));
        for (std::string const repository : {"payments", "ledger"}) {
            ASSERT_TRUE(start_carried(elsewhere, repository, google_image(location, repository)));
        }
        EXPECT_TRUE(eventually(soon, [&] { return why_not_running(elsewhere, "payments"); }));
        EXPECT_TRUE(refused_by_registry(elsewhere, "ledger", {"403"}));
    }
    /// The tenancy never becomes Ready, an Event shows each text, the grant names no account, and
    /// there is no Secret.
    void expect_told(std::vector<std::string> const& texts) {
        std::string const ns = name("ns");
        EXPECT_TRUE(eventually(soon, [&] { return why_not_failing(name("tenancy")); }));
        for (std::string const& text : texts) {
            EXPECT_TRUE(eventually(soon, [&] { return why_not_told(name("tenancy"), text); }));
        }
        EXPECT_TRUE(eventually(soon, [&] {
            return problems_of(ns).empty() ? std::string("the grant shows no problem")
                                           : std::string();
        }));
        EXPECT_EQ(problems_of(ns).find("gserviceaccount"), std::string::npos) << problems_of(ns);
        EXPECT_FALSE(pull_secret(ns)) << "nothing wider took its place";
    }
};

/// Calls of `action` by somebody whose name holds `caller`.
std::vector<Json> calls(CloudRequests const& requests, std::string const& action,
                        std::string const& caller) {
    return requests.matching([&](Json const& entry) {
        return text_at(entry, "/action") == action &&
               text_at(entry, "/caller").find(caller) != std::string::npos &&
               text_at(entry, "/code") == "OK";
    });
}

TEST_F(GoogleArtifactRegistry, pulls_as_a_service_account_that_the_node_impersonates) {
    CloudRequests const requests;
    make_ready(google_instance_role_location, "pull-payments");
    expect_pulls_what_is_allowed(google_instance_role_location);
    auto const minted = calls(requests, "GenerateAccessToken", "node@acme-cluster");
    ASSERT_FALSE(minted.empty());
    EXPECT_EQ(text_at(minted[0], "/scope"),
              "https://www.googleapis.com/auth/cloud-platform.read-only");
}

TEST_F(GoogleArtifactRegistry, pulls_with_the_operators_own_service_account_token) {
    CloudRequests const requests;
    make_ready(google_oidc_location, "pull-payments");
    expect_pulls_what_is_allowed(google_oidc_location);
    EXPECT_FALSE(calls(requests, "GenerateAccessToken",
                       "subject/system:serviceaccount:registry-tenancy-system:registry-tenancy-"
                       "operator")
                     .empty());
}

TEST_F(GoogleArtifactRegistry, pulls_as_what_the_namespaces_own_service_account_impersonates) {
    CloudRequests const requests;
    std::string const ns = make_ready(google_service_account_location, "pull-payments");
    expect_pulls_what_is_allowed(google_service_account_location);
    EXPECT_EQ(calls(requests, "GenerateAccessToken", ns).size(), 1U);
}

TEST_F(GoogleArtifactRegistry, pulls_as_the_namespaces_own_service_account_without_a_role) {
    CloudRequests const requests;
    std::string const ns = make_ready(google_service_account_location, "");
    expect_pulls_what_is_allowed(google_service_account_location);
    auto const exchanged = calls(requests, "ExchangeToken", ns);
    ASSERT_EQ(exchanged.size(), 1U);
    EXPECT_EQ(text_at(exchanged[0], "/scope"),
              "https://www.googleapis.com/auth/cloud-platform.read-only")
        << "good for pulling, not for impersonating";
    EXPECT_TRUE(calls(requests, "GenerateAccessToken", ns).empty());
}

TEST_F(GoogleArtifactRegistry, says_which_account_may_not_be_impersonated_and_how_to_fix_it) {
    ASSERT_TRUE(apply_google_registry(google_instance_role_location));
    make_namespace("ns");
    remember_tenancy(name("tenancy"));
    ASSERT_TRUE(
        done(apply(tenancy(google_instance_role_location, "pull-nobody", google_payments()))));
    expect_told({"PERMISSION_DENIED", google_account("pull-nobody"),
                 "roles/iam.serviceAccountTokenCreator"});
}

struct Refusal {
    std::string provider;
    std::string code;
    std::string fix;
};

class GoogleFederation : public GoogleArtifactRegistry,
                         public testing::WithParamInterface<Refusal> {};

TEST_P(GoogleFederation, that_refuses_the_operators_token_says_why) {
    Refusal const& refusal = GetParam();
    make_registry(
        {{"type", "GoogleArtifactRegistry"},
         {"googleArtifactRegistry",
          {{"location", "europe-west3"}, {"identity", google_identity("OIDC", refusal.provider)}}},
         {"allowUnnarrowed", true}});
    std::string const ns = make_namespace("ns");
    remember_tenancy(name("tenancy"));
    ASSERT_TRUE(done(apply(google_tenancy_manifest(name("tenancy"), ns, name("registry"),
                                                   "pull-payments", google_payments()))));
    expect_told({refusal.code, refusal.fix});
}

INSTANTIATE_TEST_SUITE_P(
    Each, GoogleFederation,
    testing::Values(Refusal{"own-audience", "invalid_grant", "must allow the token's audience"},
                    Refusal{"elsewhere", "unauthorized_client", "attribute condition"},
                    Refusal{"nowhere", "invalid_target", "audience of the Registry"}),
    [](auto const& each) {
        std::string out = each.param.provider;
        std::erase(out, '-');
        return out;
    });

/// Google signs nothing of ours: a clock that is off shows at the tokens of this cluster alone.
std::vector<Trouble> troubles() {
    auto const iam = [](std::string const& name, Json const& rule, char const* reason,
                        std::string const& code, std::vector<std::string> const& words = {}) {
        return Trouble{"iam_" + name, fault_for_role("googleIam", rule), reason, code, words};
    };
    auto const sts = [](std::string const& name, Json const& rule, char const* reason,
                        std::string const& code, std::vector<std::string> const& words = {}) {
        return Trouble{"sts_" + name, fault_for_namespace("googleSts", rule), reason, code, words};
    };
    return {
        iam("denies",
            error_rule("PERMISSION_DENIED", 403,
                       "Permission 'iam.serviceAccounts.getAccessToken' denied"),
            denied, "PERMISSION_DENIED", {"roles/iam.serviceAccountTokenCreator"}),
        iam("throttles", {{"mode", "throttle"}}, unavailable, "RESOURCE_EXHAUSTED"),
        iam("is_broken", error_rule("UNAVAILABLE", 503, "later"), unavailable, "UNAVAILABLE"),
        iam("never_answers", {{"mode", "timeout"}}, unavailable, "DeadlineExceeded",
            {"iamcredentials.googleapis.com"}),
        iam("answers_garbage", {{"mode", "garbage"}}, unavailable, "Corrupt"),
        iam("answers_nothing", {{"mode", "empty"}}, unavailable, "Corrupt"),
        iam("hands_out_what_has_expired", {{"mode", "expired"}}, unavailable, "Expired",
            {"arrived already expired"}),
        sts("denies", error_rule("unauthorized_client", 400, "rejected by the attribute condition"),
            denied, "unauthorized_client", {"attribute condition accept"}),
        sts("throttles", {{"mode", "throttle"}}, unavailable, "RESOURCE_EXHAUSTED"),
        sts("is_broken", error_rule("INTERNAL", 500, "later"), unavailable, "INTERNAL"),
        sts("never_answers", {{"mode", "timeout"}}, unavailable, "DeadlineExceeded",
            {"sts.googleapis.com"}),
        sts("answers_garbage", {{"mode", "garbage"}}, unavailable, "Corrupt"),
        sts("hands_out_what_has_expired", {{"mode", "expired"}}, denied, "UNAUTHENTICATED"),
        sts("judges_our_clock_to_be_off", {{"mode", "clock"}, {"offsetSeconds", 7200}}, unavailable,
            "ClockSkew", {"stale to sign-in", "clocks", "check NTP"}),
        {"the_service_account_is_deleted",
         world_change("email: ", "@"),
         denied,
         "NOT_FOUND",
         {"must exist"}},
        {"the_service_account_trusts_us_no_more",
         world_change("email: ", "@", "bindings: *impersonated", "bindings: []"),
         denied,
         "PERMISSION_DENIED",
         {"roles/iam.workloadIdentityUser"}},
    };
}

/// With identity ServiceAccount every mint goes to both services, and each trouble meets one
/// namespace alone: by its own ServiceAccount, or by a service account of its own.
class GoogleFaults : public GoogleArtifactRegistry,
                     public testing::WithParamInterface<std::size_t> {
  protected:
    [[nodiscard]] Json allowing(std::string const& repository) const {
        Json allow = google_payments();
        allow.push_back({{"repository", "acme-images/" + repository}});
        return tenancy(google_service_account_location, account, allow);
    }

    std::string const account =
        "pull-suite-" + std::string(GetParam() < 9 ? "0" : "") + std::to_string(GetParam() + 1);
};

TEST_P(GoogleFaults, keep_the_secret_that_works) {
    std::string const ns = make_ready(google_service_account_location, account);
    expect_last_good_stays(troubles()[GetParam()],
                           {name("tenancy"),
                            {ns, account},
                            {allowing("base/jdk"), allowing("base/jre")},
                            google_image(google_service_account_location, "payments"),
                            "gserviceaccount"});
}

INSTANTIATE_TEST_SUITE_P(Each, GoogleFaults, testing::Range(std::size_t{0}, troubles().size()),
                         [](auto const& each) { return troubles()[each.param].name; });

}  // namespace
}  // namespace e2e
