#pragma once

#include <map>
#include <string>

#include "lib/base/clock.hpp"
#include "lib/http/message.hpp"
#include "operator/cloud/keys.hpp"

namespace rt::op::alibaba {

/// One call of an Alibaba Cloud API, before it is signed.
struct ApiCall {
    std::string method = "POST";
    std::string host;  ///< endpoint, e.g. sts.cn-shanghai.aliyuncs.com
    std::string path = "/";
    std::string action;   ///< x-acs-action, e.g. AssumeRole
    std::string version;  ///< x-acs-version, e.g. 2015-04-01
    std::map<std::string, std::string> query{};
    /// Sent as application/x-www-form-urlencoded; empty: no body and no content-type.
    std::map<std::string, std::string> form{};
};

/// Keys sorted, RFC 3986-encoded, "k=v" joined by '&'; an empty value gives "k=".
[[nodiscard]] std::string encode_parameters(std::map<std::string, std::string> const& parameters);

/// The canonical request of signature version 3 over `headers` (lower-case names): what is hashed.
[[nodiscard]] std::string canonical_request(std::string const& method, std::string const& path,
                                            std::string const& canonical_query,
                                            std::map<std::string, std::string> const& headers,
                                            std::string const& payload_hash);

/// "ACS3-HMAC-SHA256 Credential=...,SignedHeaders=...,Signature=..." for a canonical request.
[[nodiscard]] std::string authorization(std::string const& canonical,
                                        std::map<std::string, std::string> const& headers,
                                        AccessKeys const& keys);

/// The signed HTTP request (Alibaba Cloud, "V3 request body and signature"). `nonce` is unique per
/// attempt; `now` is within 15 minutes of the server's clock.
[[nodiscard]] http::Request sign(ApiCall const& call, AccessKeys const& keys, WallTime now,
                                 std::string const& nonce);

}  // namespace rt::op::alibaba
