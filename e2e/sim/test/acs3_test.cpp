#include "e2e/sim/common/acs3.hpp"

#include <gtest/gtest.h>

#include "e2e/sim/common/crypto.hpp"

namespace sim {
namespace {

std::string const empty_hash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
std::string const nonce = "0123456789abcdef0123456789abcdef";
std::string const date = "2024-01-02T03:04:05Z";

struct Vector {
    std::string name;
    std::string method;
    Parameters query;
    std::map<std::string, std::string> headers;
    std::string payload_hash;
    std::string secret;
    std::string canonical_hash;  // empty: not published
    std::string signature;
};

std::string const policy =
    R"({"Version":"1","Statement":[{"Effect":"Allow","Action":["cr:GetAuthorizationToken"],"Resource":"*"},)"
    R"({"Effect":"Allow","Action":["cr:PullRepository"],"Resource":"acs:cr:cn-hangzhou:)"
    R"(1234567890123456:repository/cri-abc123/team-a/*"}]})";

Parameters const assume_role = {{"RoleArn", "acs:ram::1234567890123456:role/acr-pull"},
                                {"RoleSessionName", "imagepull@ns-a"},
                                {"DurationSeconds", "3600"},
                                {"ExternalId", "ext:1/2+3"},
                                {"Policy", policy}};

std::map<std::string, std::string> sts_headers() {
    return {{"host", "sts.cn-hangzhou.aliyuncs.com"}, {"x-acs-action", "AssumeRole"},
            {"x-acs-content-sha256", empty_hash},     {"x-acs-date", date},
            {"x-acs-signature-nonce", nonce},         {"x-acs-version", "2015-04-01"}};
}

std::string form(Parameters parameters) {
    std::sort(parameters.begin(), parameters.end());
    std::string out;
    for (auto const& [key, value] : parameters) {
        out += (out.empty() ? "" : "&") + percent_encode(key) + "=" + percent_encode(value);
    }
    return out;
}

std::vector<Vector> published() {
    auto with_form = sts_headers();
    with_form["content-type"] = "application/x-www-form-urlencoded";
    with_form["x-acs-content-sha256"] = sha256_hex(form(assume_role));
    return {
        {"the documentation's RunInstances",
         "POST",
         {{"RegionId", "cn-shanghai"},
          {"ImageId", "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd"}},
         {{"host", "ecs.cn-shanghai.aliyuncs.com"},
          {"x-acs-action", "RunInstances"},
          {"x-acs-content-sha256", empty_hash},
          {"x-acs-date", "2023-10-26T10:22:32Z"},
          {"x-acs-signature-nonce", "3156853299f313e23d1673dc12e1703d"},
          {"x-acs-version", "2014-05-26"}},
         empty_hash,
         "YourAccessKeySecret",
         "7ea06492da5221eba5297e897ce16e55f964061054b7695beedaac1145b1e259",
         "06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"},
        {"the SDK's unit test with an empty method",
         "",
         {{"empty", ""}, {"test", "ok"}},
         {{"x-acs-test", "http,https"}},
         "55e12e91650d2fec56ec74e1d3e4ddbfce2ef3a65890c2a19ecf88a307e76a23",
         "secret",
         "",
         "4ab59fffe3c5738ff8a2729f90cc04fe18b02a4b15b2102cbaf92f9ff3df2ea3"},
        {"GetAuthorizationToken with a security token",
         "POST",
         {{"InstanceId", "cri-abc123"}},
         {{"host", "cr.cn-hangzhou.aliyuncs.com"},
          {"x-acs-accesskey-id", "STS.testid"},
          {"x-acs-action", "GetAuthorizationToken"},
          {"x-acs-content-sha256", empty_hash},
          {"x-acs-date", date},
          {"x-acs-security-token", "CAIS+tok/en==~*"},
          {"x-acs-signature-nonce", nonce},
          {"x-acs-version", "2018-12-01"}},
         empty_hash,
         "testsecret",
         "54b10c9626044e770a794a03950fa011560bce09c026f55c3193b165699fdede",
         "82bddd3b01a9db3169b5751b939ec4e53e17b7963eddf0c051991a56cc4d3736"},
        {"AssumeRole as a form",
         "POST",
         {},
         with_form,
         "6782cf8b6ec03bf87fa806976c2b4a69381991a312c11831ee731fb93990f17b",
         "testsecret",
         "c7a13b8e58684abd1f1bd0ce2fe4285a37beda44242bc063a96300c2fccef1a1",
         "2aa4dc2a0db40990efbb95b21d76f2ee6b751402dd743916eb0036a4f6be8183"},
        {"AssumeRole in the query", "POST", assume_role, sts_headers(), empty_hash, "testsecret",
         "f260241e288da3f8a5a99ceee0c6b99814694650433fdf759142d39cb52a6e6f",
         "9345e56cd55aac5bc851292048205ada3c498637894256e6d1a41d5fc0fdcbdc"},
    };
}

TEST(Acs3, agrees_with_the_published_signatures) {
    for (Vector const& vector : published()) {
        SCOPED_TRACE(vector.name);
        std::string const canonical = acs3_canonical_request(vector.method, "/", vector.query,
                                                             vector.headers, vector.payload_hash);
        if (!vector.canonical_hash.empty()) {
            EXPECT_EQ(sha256_hex(canonical), vector.canonical_hash);
        }
        EXPECT_EQ(acs3_signature(vector.secret, canonical), vector.signature);
    }
}

TEST(Acs3, the_form_of_the_vector_has_the_published_hash) {
    EXPECT_EQ(sha256_hex(form(assume_role)),
              "6782cf8b6ec03bf87fa806976c2b4a69381991a312c11831ee731fb93990f17b");
}

/// The form vector as a whole request, with its key in a world of its own.
class VerifiedRequest : public testing::Test {
  protected:
    VerifiedRequest() {
        User user;
        user.arn = "acs:ram::1284387915995949:user/test";
        user.access_key_id = "testid";
        user.access_key_secret = "testsecret";
        world.users.push_back(user);
        request.method = "POST";
        request.path = "/";
        request.headers = sts_headers();
        request.headers["content-type"] = "application/x-www-form-urlencoded";
        request.body = form(assume_role);
        request.headers["x-acs-content-sha256"] = sha256_hex(request.body);
        sign("2aa4dc2a0db40990efbb95b21d76f2ee6b751402dd743916eb0036a4f6be8183");
    }

    void sign(std::string const& signature, std::string const& key = "testid",
              std::string const& names =
                  "content-type;host;x-acs-action;x-acs-content-sha256;x-acs-date;"
                  "x-acs-signature-nonce;x-acs-version") {
        request.headers["authorization"] = "ACS3-HMAC-SHA256 Credential=" + key +
                                           ",SignedHeaders=" + names + ",Signature=" + signature;
    }

    std::string outcome() {
        auto const result = verify_acs3(request, world, sealer, nonces, now);
        auto const* error = std::get_if<CloudError>(&result);
        return error == nullptr ? "accepted" : error->code;
    }

    World world;
    Request request;
    Sealer sealer{"a sealing key of some length"};
    NonceMemory nonces;
    TimePoint now = *parse_time(date);
};

TEST_F(VerifiedRequest, is_accepted_once) {
    EXPECT_EQ(outcome(), "accepted");
    EXPECT_EQ(outcome(), "SignatureNonceUsed");
}

TEST_F(VerifiedRequest, carries_its_form_parameters) {
    auto const result = verify_acs3(request, world, sealer, nonces, now);
    auto const& known = std::get<SignedRequest>(result);
    EXPECT_EQ(known.action, "AssumeRole");
    EXPECT_EQ(find_parameter(known.parameters, "ExternalId"), "ext:1/2+3");
    EXPECT_EQ(find_parameter(known.parameters, "Policy"), policy);
    EXPECT_EQ(known.caller.arn, "acs:ram::1284387915995949:user/test");
}

TEST_F(VerifiedRequest, may_be_fifteen_minutes_off_and_no_more) {
    now = *parse_time("2024-01-02T03:19:06Z");
    EXPECT_EQ(outcome(), "InvalidTimeStamp.Expired");
    now = *parse_time("2024-01-02T02:49:04Z");
    EXPECT_EQ(outcome(), "InvalidTimeStamp.Expired");
    now = *parse_time("2024-01-02T03:19:05Z");
    EXPECT_EQ(outcome(), "accepted");
}

TEST_F(VerifiedRequest, with_any_change_is_refused) {
    struct Case {
        std::string name;
        std::function<void(Request&)> change;
        std::string code;
    };
    Request const good = request;
    std::vector<Case> const cases = {
        {"another body", [](Request& r) { r.body += "&A=b"; }, "SignatureDoesNotMatch"},
        {"a parameter added to the query", [](Request& r) { r.query = "A=b"; },
         "SignatureDoesNotMatch"},
        {"another action", [](Request& r) { r.headers["x-acs-action"] = "Other"; },
         "SignatureDoesNotMatch"},
        {"another host", [](Request& r) { r.headers["host"] = "evil.example"; },
         "SignatureDoesNotMatch"},
        {"another method", [](Request& r) { r.method = "GET"; }, "SignatureDoesNotMatch"},
        {"another path", [](Request& r) { r.path = "/x"; }, "SignatureDoesNotMatch"},
        {"a header outside the signature",
         [](Request& r) { r.headers["x-acs-security-token"] = "t"; }, "IncompleteSignature"},
        {"no authorization", [](Request& r) { r.headers.erase("authorization"); },
         "IncompleteSignature"},
        {"no nonce", [](Request& r) { r.headers.erase("x-acs-signature-nonce"); },
         "IncompleteSignature"},
        {"a date with a fraction",
         [](Request& r) { r.headers["x-acs-date"] = "2024-01-02T03:04:05.1Z"; },
         "InvalidTimeStamp.Format"},
        {"a broken query", [](Request& r) { r.query = "a=%zz"; }, "InvalidParameter"},
    };
    for (Case const& wrong : cases) {
        SCOPED_TRACE(wrong.name);
        request = good;
        wrong.change(request);
        EXPECT_EQ(outcome(), wrong.code);
    }
}

TEST_F(VerifiedRequest, with_a_malformed_authorization_is_refused) {
    for (std::string const header :
         {"ACS3-HMAC-SHA256", "ACS3-HMAC-SHA256 ", "ACS3-HMAC-SHA256 Credential=a",
          "ACS3-HMAC-SHA256 Credential=a, SignedHeaders=host, Signature=00",
          "ACS3-HMAC-SHA256 Credential=a,SignedHeaders=x;host,Signature=00",
          "ACS3-HMAC-SHA256 Credential=,SignedHeaders=host,Signature=00", "Basic abcd"}) {
        SCOPED_TRACE(header);
        request.headers["authorization"] = header;
        EXPECT_EQ(outcome(), "IncompleteSignature");
    }
}

TEST_F(VerifiedRequest, with_an_unknown_key_is_refused) {
    sign("00", "nobody");
    EXPECT_EQ(outcome(), "InvalidAccessKeyId.NotFound");
    world.users.front().active = false;
    sign("00");
    EXPECT_EQ(outcome(), "InvalidAccessKeyId.Inactive");
    sign("00", "STS.testid");
    EXPECT_EQ(outcome(), "MissingSecurityToken");
}

TEST_F(VerifiedRequest, with_a_wrong_security_token_is_refused) {
    std::string const names =
        "content-type;host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-security-token;"
        "x-acs-signature-nonce;x-acs-version";
    Session session = new_session("acs:ram::1:role/r", "s", "", now + std::chrono::hours(1));
    auto const try_token = [&](std::string const& token) {
        request.headers["x-acs-security-token"] = token;
        sign("00", session.access_key_id, names);
        return outcome();
    };
    EXPECT_EQ(try_token("CAISgarbage"), "InvalidSecurityToken.Malformed");
    EXPECT_EQ(try_token(seal_session(Sealer("another sealing key"), session)),
              "InvalidSecurityToken.Malformed");
    Session const other = new_session("acs:ram::1:role/r", "s", "", session.expires);
    EXPECT_EQ(try_token(seal_session(sealer, other)), "InvalidSecurityToken.MismatchWithAccessKey");
    session.expires = now;
    EXPECT_EQ(try_token(seal_session(sealer, session)), "InvalidSecurityToken.Expired");
    session.expires = now + std::chrono::seconds(1);
    EXPECT_EQ(try_token(seal_session(sealer, session)), "SignatureDoesNotMatch");
}

TEST(NonceMemory, forgets_the_oldest_first) {
    NonceMemory memory(2);
    EXPECT_TRUE(memory.first_use("a"));
    EXPECT_TRUE(memory.first_use("b"));
    EXPECT_FALSE(memory.first_use("a"));
    EXPECT_TRUE(memory.first_use("c"));
    EXPECT_TRUE(memory.first_use("a"));
    EXPECT_FALSE(memory.first_use("c"));
}

}  // namespace
}  // namespace sim
