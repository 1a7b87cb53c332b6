#include "operator/cloud/alibaba/signing.hpp"

#include "lib/base/digest.hpp"
#include "lib/base/text.hpp"
#include "lib/base/time.hpp"

namespace rt::op::alibaba {
namespace {

constexpr std::string_view algorithm = "ACS3-HMAC-SHA256";

std::string signed_header_names(std::map<std::string, std::string> const& headers) {
    std::string names;
    for (auto const& [name, value] : headers) {
        names += (names.empty() ? "" : ";") + name;
    }
    return names;
}

}  // namespace

std::string encode_parameters(std::map<std::string, std::string> const& parameters) {
    std::string text;
    for (auto const& [key, value] : parameters) {
        text += (text.empty() ? "" : "&") + percent_encode(key) + "=" + percent_encode(value);
    }
    return text;
}

std::string canonical_request(std::string const& method, std::string const& path,
                              std::string const& canonical_query,
                              std::map<std::string, std::string> const& headers,
                              std::string const& payload_hash) {
    std::string text = method + "\n" + path + "\n" + canonical_query + "\n";
    for (auto const& [name, value] : headers) {
        text += name + ":" + value + "\n";
    }
    return text + "\n" + signed_header_names(headers) + "\n" + payload_hash;
}

std::string authorization(std::string const& canonical,
                          std::map<std::string, std::string> const& headers,
                          AccessKeys const& keys) {
    std::string const string_to_sign = std::string(algorithm) + "\n" + sha256_hex(canonical);
    std::string const signature = hex(hmac_sha256(keys.access_key_secret.reveal(), string_to_sign));
    return std::string(algorithm) + " Credential=" + keys.access_key_id +
           ",SignedHeaders=" + signed_header_names(headers) + ",Signature=" + signature;
}

http::Request sign(ApiCall const& call, AccessKeys const& keys, WallTime now,
                   std::string const& nonce) {
    http::Request request;
    request.method = call.method;
    request.body = encode_parameters(call.form);
    std::string const query = encode_parameters(call.query);
    request.url = "https://" + call.host + call.path + (query.empty() ? "" : "?" + query);

    std::string const payload_hash = sha256_hex(request.body);
    std::map<std::string, std::string> headers{
        {"host", call.host},
        {"x-acs-action", call.action},
        {"x-acs-content-sha256", payload_hash},
        {"x-acs-date", format_rfc3339(now)},
        {"x-acs-signature-nonce", nonce},
        {"x-acs-version", call.version},
    };
    if (!request.body.empty()) {
        headers["content-type"] = "application/x-www-form-urlencoded";
    }
    if (!keys.security_token.empty()) {
        headers["x-acs-accesskey-id"] = keys.access_key_id;
        headers["x-acs-security-token"] = keys.security_token.reveal();
    }
    std::string const canonical =
        canonical_request(call.method, call.path, query, headers, payload_hash);
    for (auto const& [name, value] : headers) {
        request.headers.add(name, value);
    }
    request.headers.add("accept", "application/json");
    request.headers.add("authorization", authorization(canonical, headers, keys));
    return request;
}

}  // namespace rt::op::alibaba
