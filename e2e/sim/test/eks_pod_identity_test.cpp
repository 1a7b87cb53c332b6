#include "e2e/sim/eks_pod_identity.hpp"

#include <cpprest/json.h>

#include "e2e/sim/common/session.hpp"
#include "e2e/sim/test/simulator_test.hpp"

namespace sim {
namespace {

using web::json::value;

std::string const operators_subject =
    "system:serviceaccount:registry-tenancy-system:registry-tenancy-operator";

class EksAgent : public SimulatorTest {
  protected:
    Response ask(std::string const& authorization, std::string const& method = "GET",
                 std::string const& path = "/v1/credentials") {
        return SimulatorTest::ask(agent, "eksPodIdentity",
                                  {method, path, "", {{"authorization", authorization}}, ""});
    }

    EksPodIdentity agent{public_key_file};
};

TEST_F(EksAgent, TradesTheTokenOfAnAssociatedServiceAccountForTaggedKeys) {
    Response const response = ask(cluster_token(operators_subject, "pods.eks.amazonaws.com"));
    ASSERT_EQ(response.status, 200) << response.body;
    value const body = value::parse(response.body);
    EXPECT_EQ(body.at("AccountId").as_string(), "444455556666");
    EXPECT_EQ(body.at("Expiration").as_string(), "2026-01-02T03:05:05.123456789Z");
    auto const session =
        unseal_session(Sealer(world.current()->sealing_key), body.at("Token").as_string());
    ASSERT_TRUE(session);
    EXPECT_EQ(session->role_arn, "arn:aws:iam::444455556666:role/registry-tenancy-pod");
    EXPECT_EQ(session->access_key_id, body.at("AccessKeyId").as_string());
    EXPECT_EQ(session->transitive_tags.size(), 6U);
}

TEST_F(EksAgent, RefusesEverythingElse) {
    std::string const good = cluster_token(operators_subject, "pods.eks.amazonaws.com");
    struct Case {
        std::string what, authorization, says;
        int status;
    };
    for (Case const& c : std::vector<Case>{
             {"no token", "", "cannot be empty", 400},
             {"a scheme before the token", "Bearer " + good, "InvalidTokenException", 400},
             {"a token for another service", cluster_token(operators_subject, "sts.amazonaws.com"),
              "InvalidTokenException", 400},
             {"a forged token", good.substr(0, good.size() - 4) + "AAAA", "InvalidTokenException",
              400},
             {"a token that has ended",
              cluster_token(operators_subject, "pods.eks.amazonaws.com", -1),
              "ExpiredTokenException", 400},
             {"nobody's",
              cluster_token("system:serviceaccount:team:default", "pods.eks.amazonaws.com"),
              "ResourceNotFoundException", 404},
         }) {
        Response const response = ask(c.authorization);
        EXPECT_EQ(response.status, c.status) << c.what;
        EXPECT_NE(response.body.find(c.says), std::string::npos) << c.what << response.body;
        EXPECT_EQ(response.body.find("SecretAccessKey"), std::string::npos) << c.what;
    }
    EXPECT_EQ(ask(good, "POST").status, 404);
    EXPECT_EQ(ask(good, "GET", "/").status, 404);
}

}  // namespace
}  // namespace sim
