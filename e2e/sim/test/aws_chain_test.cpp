#include <cpprest/json.h>

#include "e2e/sim/aws_ecr.hpp"
#include "e2e/sim/aws_sts.hpp"
#include "e2e/sim/common/sigv4.hpp"
#include "e2e/sim/ec2_metadata.hpp"
#include "e2e/sim/ecr_registry.hpp"
#include "e2e/sim/test/simulator_test.hpp"

namespace sim {
namespace {

using web::json::value;
using Headers = std::map<std::string, std::string>;

struct Keys {
    std::string id, secret, token;
};

Keys const user{"AKIASIMULATED0000001", "simulated-aws-secret-of-registry-tenancy", ""};
std::string const role = "arn:aws:iam::111122223333:role/ecr-payments";
std::string const narrow =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ecr:GetAuthorizationToken",)"
    R"("Resource":"*"},{"Effect":"Allow","Action":["ecr:BatchCheckLayerAvailability",)"
    R"("ecr:BatchGetImage","ecr:GetDownloadUrlForLayer"],"Resource":)"
    R"(["arn:aws:ecr:eu-central-1:111122223333:repository/payments/*"]}]})";

/// The text of an element, wherever it stands.
std::string element(Response const& response, std::string const& name) {
    std::size_t const at = response.body.find("<" + name + ">");
    if (at == std::string::npos) {
        return {};
    }
    std::size_t const begin = at + name.size() + 2;
    return response.body.substr(begin, response.body.find('<', begin) - begin);
}

class AwsChain : public SimulatorTest {
  protected:
    AwsChain() {
        store("payments/a1");
        store("ledger/a1");
    }
    Request signed_post(std::string const& host, std::string const& service, Headers headers,
                        std::string const& body, Keys const& keys) const {
        std::string date = format_time(now);
        std::erase_if(date, [](char c) { return c == '-' || c == ':'; });
        headers["host"] = host;
        headers["x-amz-date"] = date;
        if (!keys.token.empty()) {
            headers["x-amz-security-token"] = keys.token;
        }
        std::string names;
        for (auto const& [name, ignored] : headers) {
            names += (names.empty() ? "" : ";") + name;
        }
        std::string const canonical =
            sigv4_canonical_request("POST", "/", {}, headers, sha256_hex(body));
        std::string const signature =
            sigv4_signature(keys.secret, date, "eu-central-1", service, canonical);
        Request request{"POST", "/", "", headers, body};
        request.headers["authorization"] =
            "AWS4-HMAC-SHA256 Credential=" + keys.id + "/" + date.substr(0, 8) + "/eu-central-1/" +
            service + "/aws4_request, SignedHeaders=" + names + ", Signature=" + signature;
        return request;
    }

    Request sts_request(Keys const& keys, Parameters const& parameters) const {
        std::string body = "Action=AssumeRole&Version=2011-06-15";
        for (auto const& [key, text] : parameters) {
            body += "&" + key + "=" + percent_encode(text);
        }
        return signed_post("sts.eu-central-1.amazonaws.com", "sts",
                           {{"content-type", "application/x-www-form-urlencoded; charset=utf-8"}},
                           body, keys);
    }
    Response assume_role(Keys const& keys, Parameters parameters) {
        parameters.emplace_back("RoleSessionName", "demo.payments-prod");
        return ask(sts, "awsSts", sts_request(keys, parameters));
    }
    Keys session(std::string const& policy = narrow) {
        Response const response =
            assume_role(user, {{"RoleArn", role}, {"ExternalId", "demo"}, {"Policy", policy}});
        EXPECT_EQ(response.status, 200) << response.body;
        return {element(response, "AccessKeyId"), element(response, "SecretAccessKey"),
                element(response, "SessionToken")};
    }

    Response metadata(std::string const& method, std::string const& path, Headers headers) {
        return ask(ec2, "ec2", {method, path, "", std::move(headers), ""});
    }
    Keys node_keys() {
        std::string const token =
            metadata("PUT", "/latest/api/token", {{"x-aws-ec2-metadata-token-ttl-seconds", "60"}})
                .body;
        value const body =
            value::parse(metadata("GET", "/latest/meta-data/iam/security-credentials/eks-node",
                                  {{"x-aws-ec2-metadata-token", token}})
                             .body);
        return {body.at("AccessKeyId").as_string(), body.at("SecretAccessKey").as_string(),
                body.at("Token").as_string()};
    }

    Request ecr_request(Keys const& keys) const {
        return signed_post(
            "api.ecr.eu-central-1.amazonaws.com", "ecr",
            {{"content-type", "application/x-amz-json-1.1"},
             {"x-amz-target", "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken"}},
            "{}", keys);
    }
    /// user:password in base64, as it goes into a Basic header.
    std::string login(Keys const& keys) {
        Response const response = ask(ecr, "ecr", ecr_request(keys));
        EXPECT_EQ(response.status, 200) << response.body;
        return value::parse(response.body)
            .at("authorizationData")
            .at(0)
            .at("authorizationToken")
            .as_string();
    }
    Response pull(std::string const& repository, std::string const& basic,
                  std::string const& account = "111122223333") {
        Headers headers{{"host", account + ".dkr.ecr.eu-central-1.amazonaws.com"}};
        if (!basic.empty()) {
            headers["authorization"] = "Basic " + basic;
        }
        return ask(registry, "ecrRegistry",
                   {"GET", "/v2/" + repository + "/manifests/v0.1", "", headers, ""});
    }

    Ec2Metadata ec2;
    AwsSts sts{""};
    AwsEcr ecr;
    EcrRegistry registry{folder};
};

TEST_F(AwsChain, FromTheNodeToAManifestAndNoFurther) {
    Response const assumed =
        assume_role(node_keys(), {{"RoleArn", role}, {"ExternalId", "demo"}, {"Policy", narrow}});
    ASSERT_EQ(assumed.status, 200) << assumed.body;
    EXPECT_EQ(element(assumed, "Arn"),
              "arn:aws:sts::111122223333:assumed-role/ecr-payments/demo.payments-prod");
    Keys const keys{element(assumed, "AccessKeyId"), element(assumed, "SecretAccessKey"),
                    element(assumed, "SessionToken")};
    std::string const basic = login(keys);
    EXPECT_EQ(pull("payments/a1", basic).status, 200);
    EXPECT_EQ(pull("payments/nowhere", basic).status, 404);
    Response const refused = pull("ledger/a1", basic);
    EXPECT_EQ(refused.status, 403);
    EXPECT_NE(refused.body.find("DENIED"), std::string::npos) << refused.body;
    EXPECT_EQ(pull("payments/a1", basic, "222233334444").status, 403) << "another account's";
}

TEST_F(AwsChain, TheRoleAloneIsWiderThanItsSession) {
    EXPECT_EQ(pull("ledger/a1", login(session(""))).status, 200);
    EXPECT_EQ(pull("ledger/a1", login(session())).status, 403);
}

TEST_F(AwsChain, ThePasswordOutlivesItsSessionAndEndsAfterTwelveHours) {
    std::string const basic = login(session());
    now += std::chrono::hours(11);
    EXPECT_EQ(pull("payments/a1", basic).status, 200);
    now += std::chrono::hours(2);
    EXPECT_EQ(pull("payments/a1", basic).status, 403);
}

TEST_F(AwsChain, WithoutAPasswordTheRegistryAsksForBasic) {
    Response const response = pull("payments/a1", "");
    EXPECT_EQ(response.status, 401);
    bool basic = false;
    for (auto const& [name, text] : response.headers) {
        basic = basic || (name == "WWW-Authenticate" && text.compare(0, 6, "Basic ") == 0);
    }
    EXPECT_TRUE(basic);
    EXPECT_NE(pull("payments/a1", base64_encode("AWS:forged")).status, 200);
}

TEST_F(AwsChain, MetadataAnswersVersionTwoOnly) {
    std::string const list = "/latest/meta-data/iam/security-credentials/";
    EXPECT_EQ(metadata("GET", list, {}).status, 401);
    EXPECT_EQ(metadata("GET", list, {{"x-aws-ec2-metadata-token", "forged"}}).status, 401);
    EXPECT_EQ(metadata("PUT", "/latest/api/token", {}).status, 400);
    EXPECT_EQ(
        metadata("PUT", "/latest/api/token",
                 {{"x-aws-ec2-metadata-token-ttl-seconds", "60"}, {"x-forwarded-for", "10.0.0.1"}})
            .status,
        403);
    std::string const token =
        metadata("PUT", "/latest/api/token", {{"x-aws-ec2-metadata-token-ttl-seconds", "60"}}).body;
    EXPECT_EQ(metadata("GET", list, {{"x-aws-ec2-metadata-token", token}}).body, "eks-node");
    now += std::chrono::seconds(61);
    EXPECT_EQ(metadata("GET", list, {{"x-aws-ec2-metadata-token", token}}).status, 401);
}

struct Refusal {
    std::string what;
    Parameters parameters;
    std::string code;
};

TEST_F(AwsChain, StsRefusesWhatAwsRefuses) {
    std::string const base = "arn:aws:iam::111122223333:role/";
    for (Refusal const& c : std::vector<Refusal>{
             {"no ExternalId", {{"RoleArn", role}}, "AccessDenied"},
             {"a wrong ExternalId", {{"RoleArn", role}, {"ExternalId", "other"}}, "AccessDenied"},
             {"another cluster's role",
              {{"RoleArn", base + "ecr-other-external-id"}, {"ExternalId", "demo"}},
              "AccessDenied"},
             {"a role that is not there",
              {{"RoleArn", base + "nobody"}, {"ExternalId", "demo"}},
              "AccessDenied"},
             {"tags that are not trusted",
              {{"RoleArn", base + "ecr-without-tags"},
               {"Tags.member.1.Key", "a"},
               {"Tags.member.1.Value", "b"}},
              "AccessDenied"},
             {"a role of Alibaba Cloud", {{"RoleArn", "acs:ram::1:role/a"}}, "ValidationError"},
             {"a policy that is too long",
              {{"RoleArn", role}, {"ExternalId", "demo"}, {"Policy", std::string(2049, ' ')}},
              "ValidationError"},
             {"a policy of RAM",
              {{"RoleArn", role},
               {"ExternalId", "demo"},
               {"Policy", R"({"Version":"1","Statement":[]})"}},
              "MalformedPolicyDocument"},
             {"too short a session",
              {{"RoleArn", role}, {"ExternalId", "demo"}, {"DurationSeconds", "899"}},
              "ValidationError"}}) {
        Response const response = assume_role(user, c.parameters);
        EXPECT_EQ(element(response, "Code"), c.code) << c.what << ": " << response.body;
        EXPECT_NE(response.status, 200) << c.what;
    }
    EXPECT_EQ(assume_role(user, {{"RoleArn", base + "ecr-without-tags"}}).status, 200);
}

TEST_F(AwsChain, ChainedSessionsLastAnHourAtMost) {
    Parameters const two_hours{
        {"RoleArn", role}, {"ExternalId", "demo"}, {"DurationSeconds", "7200"}};
    EXPECT_EQ(assume_role(user, two_hours).status, 200);
    Response const chained = assume_role(node_keys(), two_hours);
    EXPECT_EQ(element(chained, "Code"), "ValidationError");
    EXPECT_NE(chained.body.find("role chaining"), std::string::npos);
}

TEST_F(AwsChain, SignaturesAreVerifiedInEveryPart) {
    Parameters const parameters{
        {"RoleArn", role}, {"ExternalId", "demo"}, {"RoleSessionName", "demo.x"}};
    auto const code = [&](Request const& request) {
        return element(ask(sts, "awsSts", request), "Code");
    };
    Request const good = sts_request(user, parameters);
    EXPECT_EQ(code(good), "");
    Request changed = good;
    changed.body += "&DurationSeconds=900";
    EXPECT_EQ(code(changed), "SignatureDoesNotMatch");
    changed = good;
    changed.headers.erase("authorization");
    EXPECT_EQ(code(changed), "MissingAuthenticationToken");
    changed = good;
    changed.headers["x-amz-security-token"] = "added";
    EXPECT_EQ(code(changed), "IncompleteSignature") << "what is not covered does not count";
    EXPECT_EQ(code(sts_request({user.id, "wrong", ""}, parameters)), "SignatureDoesNotMatch");
    EXPECT_EQ(code(sts_request({"AKIANOBODY", user.secret, ""}, parameters)),
              "InvalidClientTokenId");
    Keys stolen = session();
    stolen.id = user.id;
    EXPECT_EQ(code(sts_request(stolen, parameters)), "InvalidClientTokenId");
    now += std::chrono::minutes(6);
    Response const late = ask(sts, "awsSts", good);
    EXPECT_EQ(element(late, "Code"), "SignatureDoesNotMatch");
    EXPECT_NE(late.body.find("Signature expired"), std::string::npos);
}

TEST_F(AwsChain, KeysThatEndedAreSaidToHaveEnded) {
    Keys const keys = session();
    now += std::chrono::hours(2);
    Response const response = ask(ecr, "ecr", ecr_request(keys));
    EXPECT_EQ(response.status, 400);
    EXPECT_NE(response.body.find("ExpiredTokenException"), std::string::npos) << response.body;
    // Scoped to another service, a signature is worth nothing.
    Request const other = sts_request(user, {{"RoleArn", role}});
    EXPECT_NE(ask(ecr, "ecr", other).body.find("InvalidSignatureException"), std::string::npos);
}

TEST_F(AwsChain, NoPathLeadsOutOfTheStorage) {
    std::string const basic = login(session(""));
    for (std::string const path :
         {"/v2/payments/a1/manifests/..", "/v2/payments/../../x/manifests/v0.1",
          "/v2/payments/a1/blobs/sha256:../../x", "/v2//manifests/v0.1"}) {
        Headers const headers{{"host", "111122223333.dkr.ecr.eu-central-1.amazonaws.com"},
                              {"authorization", "Basic " + basic}};
        EXPECT_NE(ask(registry, "ecrRegistry", {"GET", path, "", headers, ""}).status, 200) << path;
    }
}

}  // namespace
}  // namespace sim
