#include "operator/cloud/google/requests.hpp"

#include <chrono>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "lib/base/json.hpp"
#include "lib/base/text.hpp"

namespace rt::op::google {
namespace {

/// Plain HTTP by the cloud's design; the name, because that is what Google documents and what GKE's
/// own metadata server answers to.
constexpr std::string_view accounts_url =
    "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/";
/// Local to the machine: an answer that takes longer will not come.
constexpr std::chrono::milliseconds metadata_timeout{2'000};
constexpr std::string_view exchange_url = "https://sts.googleapis.com/v1/token";
constexpr std::string_view credentials_url =
    "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/";
constexpr std::string_view token_type = "urn:ietf:params:oauth:token-type:";

}  // namespace

http::Request metadata_token_request(std::string const& service_account) {
    http::Request request;
    request.url = std::string(accounts_url) + percent_encode(service_account) + "/token";
    request.timeout = metadata_timeout;
    // Keeps requests out that somebody else's server was tricked into.
    request.headers.add("Metadata-Flavor", "Google");
    return request;
}

http::Request exchange_request(std::string const& provider, std::string_view scope,
                               SecretString const& token) {
    std::vector<std::pair<std::string_view, std::string>> const form{
        {"grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"},
        {"audience", provider},
        {"scope", std::string(scope)},
        {"requested_token_type", std::string(token_type) + "access_token"},
        {"subject_token_type", std::string(token_type) + "jwt"},
        {"subject_token", std::string(token.reveal())},
    };
    http::Request request;
    request.method = "POST";
    request.url = exchange_url;
    request.headers.add("Content-Type", "application/x-www-form-urlencoded");
    for (auto const& [name, value] : form) {
        request.body += request.body.empty() ? "" : "&";
        request.body += name;
        request.body += "=" + percent_encode(value);
    }
    return request;
}

http::Request impersonation_request(std::string const& email, SecretString const& token,
                                    int seconds) {
    http::Request request;
    request.method = "POST";
    request.url = std::string(credentials_url) + percent_encode(email) + ":generateAccessToken";
    request.headers.add("Authorization", "Bearer " + std::string(token.reveal()));
    request.headers.add("Content-Type", "application/json");
    request.body = dump_json(Json{{"scope", Json::array({std::string(pull_scope)})},
                                  {"lifetime", std::to_string(seconds) + "s"}});
    return request;
}

std::string default_audience(std::string const& provider) {
    return "https:" + provider;
}

}  // namespace rt::op::google
