#pragma once

#include <cpprest/json.h>

#include "e2e/sim/alibaba_acr.hpp"
#include "e2e/sim/alibaba_sts.hpp"
#include "e2e/sim/ecs_metadata.hpp"
#include "e2e/sim/registry_auth.hpp"
#include "e2e/sim/test/simulator_test.hpp"

namespace sim {

using web::json::value;

/// Temporary credentials as a client holds them.
struct Keys {
    std::string id;
    std::string secret;
    std::string token;
};

/// Alibaba Cloud's four.
class Chain : public SimulatorTest {
  protected:
    Chain() { now = *parse_time("2026-11-22T08:30:00Z"); }

    Response metadata(std::string const& path, std::string const& token = "",
                      std::string const& method = "GET") {
        Request request{method, path, "", {}, ""};
        if (!token.empty()) {
            request.headers["x-aliyun-ecs-metadata-token"] = token;
        }
        if (method == "PUT") {
            request.headers["x-aliyun-ecs-metadata-token-ttl-seconds"] = "21600";
        }
        return ask(ecs, "ecs", request);
    }

    Keys node_keys() {
        value const body = value::parse(
            metadata("/latest/meta-data/ram/security-credentials/kubernetesworkerrole-b").body);
        return {body.at("AccessKeyId").as_string(), body.at("AccessKeySecret").as_string(),
                body.at("SecurityToken").as_string()};
    }

    /// A signed RPC call; the parameters go into the query.
    Request signed_call(std::string const& host, std::string const& action,
                        std::string const& version, Parameters const& parameters, Keys const& keys,
                        std::string const& method = "POST", std::string const& path = "/") {
        Request request{method, path, "", {}, ""};
        for (auto const& [key, text] : parameters) {
            request.query += (request.query.empty() ? "" : "&") + percent_encode(key) + "=" +
                             percent_encode(text);
        }
        request.headers = {{"host", host},
                           {"x-acs-action", action},
                           {"x-acs-version", version},
                           {"x-acs-date", format_time(now)},
                           {"x-acs-signature-nonce", random_name(32)},
                           {"x-acs-content-sha256", sha256_hex("")}};
        if (!keys.token.empty()) {
            request.headers["x-acs-security-token"] = keys.token;
        }
        std::string names;
        for (auto const& [name, ignored] : request.headers) {
            names += (names.empty() ? "" : ";") + name;
        }
        std::string const signature = acs3_signature(
            keys.secret,
            acs3_canonical_request(method, path, parameters, request.headers, sha256_hex("")));
        request.headers["authorization"] = "ACS3-HMAC-SHA256 Credential=" + keys.id +
                                           ",SignedHeaders=" + names + ",Signature=" + signature;
        return request;
    }

    Response assume(Parameters const& parameters, Keys const& keys) {
        return ask(sts, "sts",
                   signed_call("sts.cn-shanghai.aliyuncs.com", "AssumeRole", "2015-04-01",
                               parameters, keys));
    }

    static Parameters usual(std::string const& role = "acr-cainiao") {
        return {{"RoleArn", "acs:ram::1146716667364888:role/" + role},
                {"RoleSessionName", "demo-cainiao-prod"},
                {"ExternalId", "demo"},
                {"DurationSeconds", "3600"}};
    }

    static Keys keys_of(Response const& response) {
        value const body = value::parse(response.body);
        value const& keys = body.at("Credentials");
        return {keys.at("AccessKeyId").as_string(), keys.at("AccessKeySecret").as_string(),
                keys.at("SecurityToken").as_string()};
    }

    Response mint(Keys const& keys, std::string const& instance = "cri-shanghai-shared01") {
        return ask(acr, "acr",
                   signed_call("cr.cn-shanghai.aliyuncs.com", "GetAuthorizationToken", "2018-12-01",
                               {{"InstanceId", instance}}, keys));
    }

    static std::string password_of(Response const& response) {
        return value::parse(response.body).at("AuthorizationToken").as_string();
    }

    /// The whole way to a registry password.
    std::string password(std::string const& policy = "", std::string const& role = "acr-cainiao") {
        Parameters parameters = usual(role);
        if (!policy.empty()) {
            parameters.emplace_back("Policy", policy);
        }
        return password_of(mint(keys_of(assume(parameters, node_keys()))));
    }

    Response login(std::string const& scope, std::string const& user_and_password,
                   std::string const& service =
                       "registry.aliyuncs.com:cn-shanghai:china:cri-shanghai-shared01") {
        Request request{"GET",
                        "/auth",
                        "service=" + percent_encode(service) + "&scope=" + percent_encode(scope),
                        {},
                        ""};
        if (!user_and_password.empty()) {
            request.headers["authorization"] = "Basic " + base64_encode(user_and_password);
        }
        return ask(auth, "auth", request);
    }

    /// What a token grants: its access claim as text.
    static std::string granted(Response const& response) {
        if (response.status != 200) {
            return std::to_string(response.status);
        }
        std::string const token = value::parse(response.body).at("token").as_string();
        std::string claims = split(token, '.').at(1);
        for (char& c : claims) {
            c = c == '-' ? '+' : c == '_' ? '/' : c;
        }
        while (claims.size() % 4 != 0) {
            claims += '=';
        }
        std::string out;
        value const parsed = value::parse(*base64_decode(claims));
        for (value const& entry : parsed.at("access").as_array()) {
            out += (out.empty() ? "" : " ") + entry.at("name").as_string();
            for (value const& action : entry.at("actions").as_array()) {
                out += ":" + action.as_string();
            }
        }
        return out;
    }

    static std::string code(Response const& response) {
        if (response.status == 200) {
            return "200";
        }
        value const body = value::parse(response.body);
        return std::to_string(response.status) + " " + body.at("Code").as_string();
    }

    std::string const only_cainiao =
        R"({"Version":"1","Statement":[{"Effect":"Allow","Action":"cr:GetAuthorizationToken","Resource":"*"},)"
        R"({"Effect":"Allow","Action":"cr:PullRepository","Resource":)"
        R"("acs:cr:cn-shanghai:1146716667364888:repository/cri-shanghai-shared01/cainiao/*"}]})";
    EcsMetadata ecs;
    AlibabaSts sts{""};
    AlibabaAcr acr;
    RegistryAuth auth{certificate_file, key_file};
};

}  // namespace sim
