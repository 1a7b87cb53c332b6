#include <nlohmann/json.hpp>
#include <stdexcept>

#include "e2e/suite/support/clouds.hpp"
#include "e2e/suite/support/environment.hpp"
#include "e2e/suite/support/reach_test.hpp"

namespace e2e {
namespace {

/// A token of the operator's ServiceAccount, from the API server.
std::string token_for(std::string const& audience) {
    CommandResult const result =
        kubectl({"-n", std::string(product_namespace), "create", "token",
                 "registry-tenancy-operator", "--audience", audience, "--duration", "10m"});
    if (!result.ok()) {
        throw std::runtime_error("create token: " + result.text());
    }
    return result.out.substr(0, result.out.find('\n'));
}

// The operator can't be made to present anything but its own token, except by whoever owns the node
// that it runs on, as this test does.
TEST_F(Reach, the_agent_of_eks_pod_identity_takes_no_token_but_the_right_one) {
    std::string const audience = "pods.eks.amazonaws.com";
    std::string const host = "888899990000.dkr.ecr.eu-central-1.amazonaws.com";
    ASSERT_TRUE(
        done(apply({{"apiVersion", "registrytenancy.dev/v1alpha1"},
                    {"kind", "Registry"},
                    {"metadata", {{"name", "ecr-888899990000"}}},
                    {"spec",
                     {{"hosts", {host}},
                      {"type", "AmazonECR"},
                      {"amazonECR",
                       {{"registryID", "888899990000"},
                        {"region", "eu-central-1"},
                        {"identity", {{"type", "OIDC"}, {"oidc", {{"podIdentity", true}}}}}}},
                      {"allowedRoles", {"arn:aws:iam::888899990000:role/ecr-*"}}}}})));
    CloudRequests const requests;
    std::string const good = token_for(audience);
    put_pod_identity_token(good.substr(0, good.size() - 8) + "AAAAAAAA");
    Tenancy tenancy;
    tenancy.name = name("tenancy");
    tenancy.namespaces = {make_namespace("ns")};
    tenancy.registry = "ecr-888899990000";
    tenancy.role = "arn:aws:iam::888899990000:role/ecr-payments";
    tenancy.allow = {{"namespace", "payments"}};
    make_tenancy(tenancy);

    auto const refusals = [&](std::string const& code) {
        return requests
            .matching([&](Json const& entry) {
                return text_at(entry, "/simulator") == "eksPodIdentity" &&
                       text_at(entry, "/code") == code;
            })
            .size();
    };
    auto const expect_refused = [&](std::string const& what, std::string const& code,
                                    std::size_t seen) {
        ASSERT_TRUE(done(kubectl({"annotate", "--overwrite", "registrytenancy", tenancy.name,
                                  "registrytenancy.dev/rotate=" + what})));
        EXPECT_TRUE(eventually(soon, [&] {
            return refusals(code) > seen ? "" : "the agent was not asked again";
        })) << what;
        EXPECT_TRUE(eventually(soon, [&] {
            std::string const ready = ready_text(tenancy.name);
            return ready.find('(' + code + ')') != std::string::npos ? "" : "Ready is " + ready;
        })) << what;
        EXPECT_FALSE(pull_secret(tenancy.namespaces.front())) << what;
    };
    expect_refused("forged", "InvalidTokenException", 0);
    put_pod_identity_token(token_for("sts.amazonaws.com"));
    expect_refused("foreign", "InvalidTokenException", refusals("InvalidTokenException"));
    {
        put_pod_identity_token(good);
        Fault const later("eksPodIdentity", {{"mode", "clock"}, {"offsetSeconds", 3600}});
        expect_refused("ended", "ExpiredTokenException", 0);
    }
    ASSERT_TRUE(done(kubectl({"annotate", "--overwrite", "registrytenancy", tenancy.name,
                              "registrytenancy.dev/rotate=good"})));
    EXPECT_TRUE(eventually(soon, [&] { return why_not_ready(tenancy.name); }));
    EXPECT_TRUE(pull_secret(tenancy.namespaces.front()));
}

}  // namespace
}  // namespace e2e
