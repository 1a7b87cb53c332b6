#include <nlohmann/json.hpp>

#include "e2e/suite/support/carried_login.hpp"
#include "e2e/suite/support/clouds.hpp"
#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/failure_matrix.hpp"
#include "e2e/suite/support/tenancy_test.hpp"

namespace e2e {
namespace {

std::string const instance_role_account = "111122223333";
std::string const oidc_account = "222233334444";
std::string const access_key_account = "333344445555";
std::string const pod_identity_account = "888899990000";

std::string host_of(std::string const& account) {
    return account + ".dkr.ecr.eu-central-1.amazonaws.com";
}

std::string arn_of(std::string const& account, std::string const& role) {
    return "arn:aws:iam::" + account + ":role/" + role;
}

/// The Registry of one account. Tests share it, like shared-acr: a host belongs to one Registry.
Json registry_manifest(std::string const& account, Json const& identity) {
    return {{"apiVersion", "registrytenancy.dev/v1alpha1"},
            {"kind", "Registry"},
            {"metadata", {{"name", "ecr-" + account}}},
            {"spec",
             {{"hosts", {host_of(account)}},
              {"type", "AmazonECR"},
              {"amazonECR",
               {{"registryID", account},
                {"region", "eu-central-1"},
                {"sessionTags", true},
                {"identity", identity}}},
              {"allowedRoles", {arn_of(account, "ecr-*")}}}}};
}

class AmazonEcr : public TenancyTest {
  protected:
    void make_registry(std::string const& account, Json const& identity) {
        ASSERT_TRUE(done(apply(registry_manifest(account, identity))));
    }
    Json tenancy(std::string const& account, std::string const& role, Json allow) const {
        return {{"apiVersion", "registrytenancy.dev/v1alpha1"},
                {"kind", "RegistryTenancy"},
                {"metadata", {{"name", name("tenancy")}}},
                {"spec",
                 {{"namespaces", {name("ns")}},
                  {"registries",
                   {{{"name", "ecr-" + account},
                     {"role", arn_of(account, role)},
                     {"externalID", "{cluster}"},
                     {"allow", std::move(allow)}}}}}}};
    }
    /// Applies it and waits until it is Ready.
    void make_ready(Json const& manifest) {
        remember_tenancy(name("tenancy"));
        ASSERT_TRUE(done(apply(manifest)));
        ASSERT_TRUE(eventually(soon, [&] { return why_not_ready(name("tenancy")); }));
    }
    /// payments/a1 starts; ledger/a1, which the role may pull and the session may not, does not,
    /// even in a namespace where nothing but the registry says no.
    void expect_pulls_what_is_allowed(std::string const& account) {
        std::string const ns = name("ns");
        auto const secret = pull_secret(ns);
        ASSERT_TRUE(secret);
        EXPECT_EQ(secret->keys(), host_of(account) + "/payments/");
        EXPECT_EQ(secret->login().substr(0, 4), "AWS:");
        ASSERT_TRUE(
            done(apply(pod_manifest(ns, "allowed", host_of(account) + "/payments/a1:v0.1"))));
        EXPECT_TRUE(eventually(soon, [&] { return why_not_running(ns, "allowed"); }));
        EXPECT_TRUE(
            refused(apply(pod_manifest(ns, "foreign", host_of(account) + "/ledger/a1:v0.1")),
                    {"RT-NotAllowed", "payments"}));
        expect_refused_by_the_registry(account, secret->login());
    }
    /// The credential, carried elsewhere under a key for the whole host: only the session stands in
    /// the way now.
    void expect_refused_by_the_registry(std::string const& account, std::string const& login) {
        std::string const elsewhere = make_namespace("elsewhere");
        ASSERT_TRUE(carry(login, host_of(account), elsewhere));
        for (std::string const repository : {"payments", "ledger"}) {
            ASSERT_TRUE(start_carried(elsewhere, repository,
                                      host_of(account) + "/" + repository + "/a1:v0.1"));
        }
        EXPECT_TRUE(eventually(soon, [&] { return why_not_running(elsewhere, "payments"); }));
        EXPECT_TRUE(refused_by_registry(elsewhere, "ledger", {"403"}));
    }
};

Json const payments = Json::array({{{"namespace", "payments"}}});

TEST_F(AmazonEcr, pulls_with_the_instance_role_narrowed_to_the_tenancy) {
    CloudRequests const requests;
    make_registry(instance_role_account, {{"type", "InstanceRole"}});
    std::string const ns = make_namespace("ns");
    make_ready(tenancy(instance_role_account, "ecr-payments", payments));
    expect_pulls_what_is_allowed(instance_role_account);

    auto const assumed = requests.matching([&](Json const& entry) {
        return text_at(entry, "/action") == "AssumeRole" &&
               text_at(entry, "/session").find(ns) != std::string::npos;
    });
    ASSERT_EQ(assumed.size(), 1U);
    EXPECT_EQ(text_at(assumed[0], "/session"), "demo." + ns);
    EXPECT_EQ(text_at(assumed[0], "/externalId"), "demo");
    EXPECT_EQ(text_at(assumed[0], "/scope"), "kubernetes-cluster=demo kubernetes-namespace=" + ns);
    EXPECT_EQ(text_at(assumed[0], "/caller"),
              "arn:aws:sts::444455556666:assumed-role/eks-node/i-0simulated0000001");
    EXPECT_NE(text_at(assumed[0], "/policy")
                  .find("arn:aws:ecr:eu-central-1:111122223333:repository/payments/*"),
              std::string::npos);
}

TEST_F(AmazonEcr, pulls_with_the_operators_own_service_account_token) {
    CloudRequests const requests;
    make_registry(oidc_account,
                  {{"type", "OIDC"},
                   {"oidc", {{"role", "arn:aws:iam::444455556666:role/registry-tenancy"}}}});
    std::string const ns = make_namespace("ns");
    make_ready(tenancy(oidc_account, "ecr-payments", payments));
    expect_pulls_what_is_allowed(oidc_account);
    auto const assumed = requests.matching([&](Json const& entry) {
        return text_at(entry, "/action") == "AssumeRole" &&
               text_at(entry, "/session") == "demo." + ns;
    });
    ASSERT_EQ(assumed.size(), 1U);
    EXPECT_EQ(text_at(assumed[0], "/caller"),
              "arn:aws:sts::444455556666:assumed-role/registry-tenancy/"
              "demo.registry-tenancy-system");
}

TEST_F(AmazonEcr, pulls_with_an_access_key) {
    Json const key = {{"apiVersion", "v1"},
                      {"kind", "Secret"},
                      {"metadata", {{"name", "e2e-aws-key"}, {"namespace", product_namespace}}},
                      {"stringData",
                       {{"accessKeyID", "AKIASIMULATED0000001"},
                        {"accessKeySecret", "simulated-aws-secret-of-registry-tenancy"}}}};
    ASSERT_TRUE(done(apply(key)));
    make_registry(access_key_account,
                  {{"type", "AccessKey"}, {"accessKey", {{"secretName", "e2e-aws-key"}}}});
    make_namespace("ns");
    make_ready(tenancy(access_key_account, "ecr-payments", payments));
    expect_pulls_what_is_allowed(access_key_account);
}

Json pod_identity_registry() {
    Json manifest = registry_manifest(pod_identity_account,
                                      {{"type", "OIDC"}, {"oidc", {{"podIdentity", true}}}});
    manifest["spec"]["amazonECR"].erase("sessionTags");
    return manifest;
}

TEST_F(AmazonEcr, pulls_with_eks_pod_identity_and_keeps_what_works_while_its_agent_does_not) {
    CloudRequests const requests;
    ASSERT_TRUE(done(apply(pod_identity_registry())));
    std::string const ns = make_namespace("ns");
    make_ready(tenancy(pod_identity_account, "ecr-payments", payments));
    expect_pulls_what_is_allowed(pod_identity_account);
    auto const assumed = requests.matching([&](Json const& entry) {
        return text_at(entry, "/action") == "AssumeRole" &&
               text_at(entry, "/session") == "demo." + ns;
    });
    ASSERT_EQ(assumed.size(), 1U);
    EXPECT_EQ(text_at(assumed[0], "/caller"),
              "arn:aws:sts::444455556666:assumed-role/registry-tenancy-pod/eks-demo-simulated-pod");

    auto const before = pull_secret(ns);
    ASSERT_TRUE(before);
    int rotation = 0;
    auto const rotate = [&] {
        EXPECT_TRUE(done(kubectl({"annotate", "--overwrite", "registrytenancy", name("tenancy"),
                                  "registrytenancy.dev/rotate=" + std::to_string(++rotation)})));
    };
    // Keys that are at hand are used while they live: a minute, in these clouds.
    for (auto const& [rule, text] : std::vector<std::pair<Json, std::string>>{
             {error_rule("InvalidTokenException", 400, "not valid"), "InvalidTokenException"},
             {Json({{"mode", "timeout"}}), "no complete answer within 5000 ms"},
         }) {
        Fault const wrong("eksPodIdentity", rule);
        bool told = false;
        for (int round = 0; round < 30 && !told; ++round) {
            rotate();
            told = eventually(std::chrono::seconds(5),
                              [&, said = text] { return why_not_told(name("tenancy"), said); });
        }
        EXPECT_TRUE(told) << text;
        EXPECT_TRUE(eventually(soon, [&] { return why_not_failing(name("tenancy")); }));
        EXPECT_TRUE(pull_secret(ns)) << "the Secret was lost";
    }
    ASSERT_TRUE(done(
        apply(pod_manifest(ns, "during", host_of(pod_identity_account) + "/payments/a1:v0.1"))));
    EXPECT_TRUE(eventually(soon, [&] { return why_not_running(ns, "during"); }));
    rotate();
    EXPECT_TRUE(eventually(soon, [&] { return why_not_ready(name("tenancy")); }));
    auto const after = pull_secret(ns);
    ASSERT_TRUE(after);
    EXPECT_EQ(after->uid, before->uid);
    EXPECT_NE(after->login(), before->login());
}

// EKS' tags go on to the tenancy's session, so its role must let them.
TEST_F(AmazonEcr, says_that_a_role_does_not_take_the_tags_of_eks_pod_identity) {
    ASSERT_TRUE(done(apply(pod_identity_registry())));
    std::string const ns = make_namespace("ns");
    remember_tenancy(name("tenancy"));
    ASSERT_TRUE(done(apply(tenancy(pod_identity_account, "ecr-without-tags", payments))));
    EXPECT_TRUE(eventually(soon, [&] { return why_not_failing(name("tenancy")); }));
    EXPECT_FALSE(pull_secret(ns)) << "nothing wider took its place";
}

TEST_F(AmazonEcr, says_that_a_role_does_not_trust_this_cluster) {
    make_registry(instance_role_account, {{"type", "InstanceRole"}});
    std::string const ns = make_namespace("ns");
    remember_tenancy(name("tenancy"));
    ASSERT_TRUE(done(apply(tenancy(instance_role_account, "ecr-other-external-id", payments))));
    EXPECT_TRUE(eventually(soon, [&] { return why_not_failing(name("tenancy")); }));
    EXPECT_TRUE(eventually(soon, [&] {
        return problems_of(ns).empty() ? std::string("the grant shows no problem") : std::string();
    }));
    EXPECT_EQ(problems_of(ns).find("arn:aws"), std::string::npos) << problems_of(ns);
    EXPECT_FALSE(pull_secret(ns)) << "nothing wider took its place";
}

/// A signature that is judged too old heals by itself where the answer says what time it is
/// (ClockSkew); here a gateway writes its Date.
std::vector<Trouble> troubles() {
    auto const sts = [](std::string const& name, Json const& rule, char const* reason,
                        std::string const& code, std::vector<std::string> const& words = {}) {
        return Trouble{"sts_" + name, fault_for_role("awsSts", rule), reason, code, words};
    };
    auto const ecr = [](std::string const& name, Json const& rule, char const* reason,
                        std::string const& code, std::vector<std::string> const& words = {}) {
        return Trouble{"ecr_" + name, fault_for_role("ecr", rule), reason, code, words};
    };
    std::string const role = "role/";
    return {
        sts("denies", error_rule("AccessDenied", 403, "not authorized"), denied, "AccessDenied",
            {"--document trust"}),
        sts("throttles", {{"mode", "throttle"}}, unavailable, "Throttling", {"call quota"}),
        sts("is_broken", error_rule("InternalFailure", 500, "later"), unavailable,
            "InternalFailure"),
        sts("packs_no_more",
            error_rule("PackedPolicyTooLarge", 400, "Packed size consumes 105% of the space"),
            denied, "PackedPolicyTooLarge", {"bytes: allow fewer paths"}),
        sts("never_answers", {{"mode", "timeout"}}, unavailable, "DeadlineExceeded",
            {"no complete answer", "NAT"}),
        sts("answers_garbage", {{"mode", "garbage"}}, unavailable, "Corrupt", {"no XML of STS"}),
        sts("hands_out_what_has_expired", {{"mode", "expired"}}, denied, "ExpiredTokenException"),
        sts("judges_our_clock_to_be_off",
            {{"mode", "clock"}, {"offsetSeconds", 3600}, {"dateHeader", false}}, unavailable,
            "ClockSkew", {"Signature expired", "clocks", "check NTP"}),
        ecr("denies", error_rule("AccessDeniedException", 400, "not authorized"), denied,
            "AccessDeniedException", {"ecr:GetAuthorizationToken"}),
        ecr("throttles", {{"mode", "throttle"}}, unavailable, "ThrottlingException"),
        ecr("is_broken", error_rule("ServerException", 500, "later"), unavailable,
            "ServerException"),
        ecr("answers_garbage", {{"mode", "garbage"}}, unavailable, "Corrupt"),
        ecr("hands_out_what_has_expired", {{"mode", "expired"}}, unavailable, "Expired",
            {"arrived already expired"}),
        // AWS doesn't tell whether there is such a role. The registry reads its policy at every
        // pull.
        {"the_role_is_deleted",
         world_change(role, "\""),
         denied,
         "AccessDenied",
         {"there is no such role (AWS doesn't tell)"},
         false},
        {"the_role_trusts_us_no_more",
         world_change(role, "\"", "iam-trust-node-of-demo", "iam-trust-node-of-another-cluster"),
         denied,
         "AccessDenied",
         {"trust policy"}},
    };
}

/// Each trouble has a role of its own, so that it meets nobody else.
class AmazonEcrFaults : public AmazonEcr, public testing::WithParamInterface<std::size_t> {
  protected:
    [[nodiscard]] Json allowing(std::string const& repository) const {
        return tenancy(instance_role_account, role,
                       Json::array({{{"namespace", "payments"}}, {{"repository", repository}}}));
    }

    std::string const role =
        "ecr-suite-" + std::string(GetParam() < 9 ? "0" : "") + std::to_string(GetParam() + 1);
};

TEST_P(AmazonEcrFaults, keep_the_secret_that_works) {
    make_registry(instance_role_account, {{"type", "InstanceRole"}});
    std::string const ns = make_namespace("ns");
    make_ready(tenancy(instance_role_account, role, payments));
    expect_last_good_stays(troubles()[GetParam()],
                           {name("tenancy"),
                            {ns, role},
                            {allowing("base/jdk"), allowing("base/jre")},
                            host_of(instance_role_account) + "/payments/a1:v0.1",
                            "arn:aws"});
}

INSTANTIATE_TEST_SUITE_P(Each, AmazonEcrFaults, testing::Range(std::size_t{0}, troubles().size()),
                         [](auto const& each) { return troubles()[each.param].name; });

}  // namespace
}  // namespace e2e
