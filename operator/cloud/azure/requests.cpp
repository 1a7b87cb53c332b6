#include "operator/cloud/azure/requests.hpp"

#include <array>
#include <chrono>
#include <initializer_list>
#include <utility>

#include "lib/base/text.hpp"

namespace rt::op::azure {
namespace {

/// Link-local and plain HTTP by the cloud's design.
constexpr std::string_view metadata_url =
    "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=";
/// Local to the machine, but the service asks Entra ID where it has no token at hand.
constexpr std::chrono::milliseconds metadata_timeout{5'000};

using Fields = std::initializer_list<std::pair<std::string_view, std::string_view>>;

http::Request form_post(std::string url, Fields fields) {
    http::Request request;
    request.method = "POST";
    request.url = std::move(url);
    request.headers.add("content-type", "application/x-www-form-urlencoded");
    for (auto const& [name, value] : fields) {
        request.body += request.body.empty() ? "" : "&";
        request.body += name;
        request.body += '=' + percent_encode(value);
    }
    return request;
}

http::Request token_request(tenancy::AzureAcrSpec const& spec, Fields fields) {
    return form_post("https://" + std::string(authority_of(spec.cloud)) + '/' +
                         percent_encode(spec.tenant_id) + "/oauth2/v2.0/token",
                     fields);
}

std::string scope_of(std::string_view resource) {
    return std::string(resource) + "/.default";
}

}  // namespace

std::string_view authority_of(tenancy::AzureAcrSpec::Cloud cloud) {
    constexpr std::array<std::string_view, 3> authorities{"login.microsoftonline.com",
                                                          "login.partner.microsoftonline.cn",
                                                          "login.microsoftonline.us"};
    return authorities[static_cast<std::size_t>(cloud)];
}

std::string_view management_host(tenancy::AzureAcrSpec::Cloud cloud) {
    constexpr std::array<std::string_view, 3> hosts{
        "management.azure.com", "management.chinacloudapi.cn", "management.usgovcloudapi.net"};
    return hosts[static_cast<std::size_t>(cloud)];
}

http::Request managed_identity_request(std::string const& client_id, std::string_view resource) {
    http::Request request;
    request.url = std::string(metadata_url) + percent_encode(resource);
    if (!client_id.empty()) {
        request.url += "&client_id=" + percent_encode(client_id);
    }
    request.timeout = metadata_timeout;
    // Keeps requests out that somebody else's server was tricked into.
    request.headers.add("Metadata", "true");
    return request;
}

http::Request assertion_request(tenancy::AzureAcrSpec const& spec, std::string const& client_id,
                                SecretString const& assertion, std::string_view resource) {
    return token_request(
        spec, {{"grant_type", "client_credentials"},
               {"client_id", client_id},
               {"scope", scope_of(resource)},
               {"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
               {"client_assertion", assertion.reveal()}});
}

http::Request secret_request(tenancy::AzureAcrSpec const& spec, std::string const& client_id,
                             SecretString const& secret, std::string_view resource) {
    return token_request(spec, {{"grant_type", "client_credentials"},
                                {"client_id", client_id},
                                {"scope", scope_of(resource)},
                                {"client_secret", secret.reveal()}});
}

http::Request exchange_request(std::string const& host, std::string const& tenant_id,
                               SecretString const& access_token) {
    return form_post("https://" + host + "/oauth2/exchange",
                     {{"grant_type", "access_token"},
                      {"service", host},
                      {"tenant", tenant_id},
                      {"access_token", access_token.reveal()}});
}

}  // namespace rt::op::azure
