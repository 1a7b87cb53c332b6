#include "operator/cloud/azure/scope_map_requests.hpp"

#include <nlohmann/json.hpp>

#include "lib/base/json.hpp"
#include "lib/base/text.hpp"
#include "lib/base/time.hpp"
#include "operator/cloud/azure/requests.hpp"

namespace rt::op::azure {
namespace {

constexpr std::string_view api_version = "?api-version=2023-07-01";
/// What 50 characters leave beside two marks and ten digits of seconds.
constexpr std::size_t namespace_bytes_max = 10;

http::Request request_as(std::string method, ManagedRegistry const& registry, std::string url) {
    http::Request request;
    request.method = std::move(method);
    request.url = std::move(url);
    request.headers.add("authorization", "Bearer " + std::string(registry.token.reveal()));
    request.headers.add("accept", "application/json");
    return request;
}

http::Request request_for(std::string method, ManagedRegistry const& registry,
                          std::string const& path) {
    return request_as(std::move(method), registry, registry.url + path + std::string(api_version));
}

http::Request with_body(http::Request request, Json const& body) {
    request.headers.add("content-type", "application/json");
    request.body = dump_json(body);
    return request;
}

}  // namespace

std::string scope_map_name(std::string_view mark, std::string_view ns, std::string_view registry,
                           WallTime issued_at) {
    return "rt-" + std::string(mark) + '-' + name_part(ns, namespace_bytes_max) + '-' +
           owner_mark(ns, registry) + '-' + seconds_part(issued_at);
}

std::optional<OwnedName> parse_scope_map_name(std::string_view name, std::string_view mark) {
    // The namespace may have dashes of its own.
    auto const parts = split(name, '-');
    if (parts.size() < 5 || parts[0] != "rt" || parts[1] != mark || !is_mark(*(parts.end() - 2))) {
        return std::nullopt;
    }
    auto const issued_at = parse_seconds_part(parts.back());
    return issued_at ? std::optional(OwnedName{std::string(*(parts.end() - 2)), *issued_at})
                     : std::nullopt;
}

ManagedRegistry managed_registry(tenancy::AzureAcrSpec const& spec, SecretString token) {
    std::string id = spec.scope_map_tokens->id();
    return {"https://" + std::string(management_host(spec.cloud)) + id, std::move(id),
            std::move(token)};
}

http::Request put_scope_map_request(ManagedRegistry const& registry, NewScopeMap const& scope_map) {
    return with_body(
        request_for("PUT", registry, "/scopeMaps/" + scope_map.name),
        {{"properties", {{"description", scope_map.description}, {"actions", scope_map.actions}}}});
}

http::Request put_token_request(ManagedRegistry const& registry, std::string const& name) {
    return with_body(
        request_for("PUT", registry, "/tokens/" + name),
        {{"properties",
          {{"scopeMapId", registry.id + "/scopeMaps/" + name}, {"status", "enabled"}}}});
}

http::Request generate_password_request(ManagedRegistry const& registry, std::string const& name,
                                        WallTime expires_at) {
    return with_body(request_for("POST", registry, "/generateCredentials"),
                     {{"tokenId", registry.id + "/tokens/" + name},
                      {"name", "password1"},
                      {"expiry", format_rfc3339(expires_at)}});
}

http::Request list_scope_maps_request(ManagedRegistry const& registry) {
    return request_for("GET", registry, "/scopeMaps");
}

http::Request delete_token_request(ManagedRegistry const& registry, std::string const& name) {
    return request_for("DELETE", registry, "/tokens/" + name);
}

http::Request delete_scope_map_request(ManagedRegistry const& registry, std::string const& name) {
    return request_for("DELETE", registry, "/scopeMaps/" + name);
}

std::optional<http::Request> follow_request(ManagedRegistry const& registry, std::string_view url) {
    http::Url const there = http::split_url(url);
    http::Url const home = http::split_url(registry.url);
    if (there.scheme != home.scheme || there.authority != home.authority) {
        return std::nullopt;
    }
    return request_as("GET", registry, std::string(url));
}

}  // namespace rt::op::azure
