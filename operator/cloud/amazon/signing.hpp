#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "lib/http/message.hpp"
#include "operator/cloud/keys.hpp"

namespace rt::op::amazon {

/// What a signature is valid for.
struct SigningScope {
    std::string region;   ///< of the endpoint
    std::string service;  ///< signing name: sts, ecr
};

/// One POST to "/" of an AWS API, before it is signed.
struct ApiCall {
    std::string host;  ///< endpoint, e.g. sts.eu-central-1.amazonaws.com
    SigningScope scope;
    std::string content_type;
    std::string target{};  ///< x-amz-target; empty: not sent
    std::string body;
};

/// "k=v" joined by '&' in the given order, RFC 3986-encoded.
[[nodiscard]] std::string encode_form(
    std::vector<std::pair<std::string, std::string>> const& parameters);

/// The path as it is signed: every byte but unreserved ones and '/' encoded (once more than it is
/// on the wire; all services but S3).
[[nodiscard]] std::string canonical_uri(std::string_view path);

/// The canonical request over `headers` (lower-case names; spaces in values are trimmed and
/// collapsed): what is hashed.
[[nodiscard]] std::string canonical_request(std::string const& method, std::string const& path,
                                            std::map<std::string, std::string> const& query,
                                            std::map<std::string, std::string> const& headers,
                                            std::string const& payload_hash);

/// "AWS4-HMAC-SHA256 Credential=..., SignedHeaders=..., Signature=..." for a canonical request.
[[nodiscard]] std::string authorization(std::string const& canonical,
                                        std::map<std::string, std::string> const& headers,
                                        AccessKeys const& keys, WallTime now,
                                        SigningScope const& scope);

/// YYYYMMDDTHHMMSSZ, as in x-amz-date.
[[nodiscard]] std::string amz_date(WallTime time);

/// The signed HTTP request (AWS Signature Version 4). `now` is within 5 minutes of the server's
/// clock.
[[nodiscard]] http::Request sign(ApiCall const& call, AccessKeys const& keys, WallTime now);

}  // namespace rt::op::amazon
