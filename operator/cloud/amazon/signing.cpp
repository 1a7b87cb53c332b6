#include "operator/cloud/amazon/signing.hpp"

#include <algorithm>

#include "lib/base/digest.hpp"
#include "lib/base/text.hpp"
#include "lib/base/time.hpp"

namespace rt::op::amazon {
namespace {

constexpr std::string_view algorithm = "AWS4-HMAC-SHA256";
constexpr std::string_view terminator = "aws4_request";

std::string signed_header_names(std::map<std::string, std::string> const& headers) {
    std::string names;
    for (auto const& [name, value] : headers) {
        names += (names.empty() ? "" : ";") + name;
    }
    return names;
}

/// Without spaces at the ends, runs of spaces as one.
std::string canonical_value(std::string_view value) {
    std::string text;
    for (std::string_view const word : split(value, ' ')) {
        if (!word.empty()) {
            text += (text.empty() ? "" : " ") + std::string(word);
        }
    }
    return text;
}

std::string_view bytes_of(Sha256 const& digest) {
    return {reinterpret_cast<char const*>(digest.data()), digest.size()};
}

}  // namespace

std::string encode_form(std::vector<std::pair<std::string, std::string>> const& parameters) {
    std::string text;
    for (auto const& [key, value] : parameters) {
        text += (text.empty() ? "" : "&") + percent_encode(key) + "=" + percent_encode(value);
    }
    return text;
}

std::string canonical_uri(std::string_view path) {
    std::string text;
    for (std::string_view const segment : split(path, '/')) {
        text += percent_encode(segment) + '/';
    }
    text.pop_back();
    return text.empty() ? "/" : text;
}

std::string canonical_request(std::string const& method, std::string const& path,
                              std::map<std::string, std::string> const& query,
                              std::map<std::string, std::string> const& headers,
                              std::string const& payload_hash) {
    std::string text = method + "\n" + canonical_uri(path) + "\n" +
                       encode_form({query.begin(), query.end()}) + "\n";
    for (auto const& [name, value] : headers) {
        text += name + ":" + canonical_value(value) + "\n";
    }
    return text + "\n" + signed_header_names(headers) + "\n" + payload_hash;
}

std::string authorization(std::string const& canonical,
                          std::map<std::string, std::string> const& headers, AccessKeys const& keys,
                          WallTime now, SigningScope const& scope) {
    std::string const time = amz_date(now);
    std::string const date = time.substr(0, time.find('T'));
    std::string const credential_scope =
        date + "/" + scope.region + "/" + scope.service + "/" + std::string(terminator);
    std::string const string_to_sign = std::string(algorithm) + "\n" + time + "\n" +
                                       credential_scope + "\n" + sha256_hex(canonical);
    SecretString const first_key("AWS4" + std::string(keys.access_key_secret.reveal()));
    Sha256 key = hmac_sha256(first_key.reveal(), date);
    for (std::string_view const part :
         {std::string_view(scope.region), std::string_view(scope.service), terminator}) {
        key = hmac_sha256(bytes_of(key), part);
    }
    std::string const signature = hex(hmac_sha256(bytes_of(key), string_to_sign));
    return std::string(algorithm) + " Credential=" + keys.access_key_id + "/" + credential_scope +
           ", SignedHeaders=" + signed_header_names(headers) + ", Signature=" + signature;
}

std::string amz_date(WallTime time) {
    std::string text = format_rfc3339(time);
    std::erase_if(text, [](char character) { return character == '-' || character == ':'; });
    return text;
}

http::Request sign(ApiCall const& call, AccessKeys const& keys, WallTime now) {
    http::Request request;
    request.method = "POST";
    request.url = "https://" + call.host + "/";
    request.body = call.body;
    std::map<std::string, std::string> headers{
        {"content-type", call.content_type},
        {"host", call.host},
        {"x-amz-date", amz_date(now)},
    };
    if (!call.target.empty()) {
        headers["x-amz-target"] = call.target;
    }
    if (!keys.security_token.empty()) {
        headers["x-amz-security-token"] = keys.security_token.reveal();
    }
    std::string const canonical =
        canonical_request(request.method, "/", {}, headers, sha256_hex(request.body));
    for (auto const& [name, value] : headers) {
        request.headers.add(name, value);
    }
    request.headers.add("authorization", authorization(canonical, headers, keys, now, call.scope));
    return request;
}

}  // namespace rt::op::amazon
