#include "e2e/sim/common/azure_token.hpp"

#include <cpprest/json.h>

namespace sim {
namespace {

using web::json::value;

constexpr std::string_view header = R"({"typ":"JWT","alg":"RS256","kid":"simulated"})";
constexpr char const* kinds[] = {"aad", "refresh_token", "access_token"};

value seconds(TimePoint time) {
    return value::number(static_cast<int64_t>(std::chrono::system_clock::to_time_t(time)));
}

std::string signature(Sealer const& sealer, std::string const& content) {
    return base64url_encode(sealer.tag40("azure-token:" + content));
}

AzureToken read_claims(value const& claims) {
    AzureToken token;
    std::string const kind = claims.at("grant_type").as_string();
    token.kind = kind == kinds[1]   ? AzureToken::Kind::Refresh
                 : kind == kinds[2] ? AzureToken::Kind::Access
                                    : AzureToken::Kind::Aad;
    token.issuer = claims.at("iss").as_string();
    token.audience = claims.at("aud").as_string();
    token.client_id = claims.at("appid").as_string();
    token.tenant = claims.at("tid").as_string();
    token.expires = std::chrono::system_clock::from_time_t(claims.at("exp").as_number().to_int64());
    if (claims.has_field("access")) {
        for (value const& entry : claims.at("access").as_array()) {
            token.pull.push_back(entry.at("name").as_string());
        }
    }
    return token;
}

}  // namespace

std::string make_azure_token(Sealer const& sealer, AzureToken const& token, TimePoint now) {
    value claims = value::object(true);
    claims["jti"] = value::string(lower_case(random_request_id()));
    claims["iss"] = value::string(token.issuer);
    claims["aud"] = value::string(token.audience);
    claims["sub"] = value::string(token.client_id);
    claims["appid"] = value::string(token.client_id);
    claims["tid"] = value::string(token.tenant);
    claims["iat"] = seconds(now);
    claims["nbf"] = seconds(now);
    claims["exp"] = seconds(token.expires);
    claims["grant_type"] = value::string(kinds[static_cast<std::size_t>(token.kind)]);
    if (token.kind == AzureToken::Kind::Access) {
        value access = value::array();
        for (std::string const& repository : token.pull) {
            value entry = value::object(true);
            entry["type"] = value::string("repository");
            entry["name"] = value::string(repository);
            entry["actions"] = value::array({value::string("pull")});
            access[access.size()] = entry;
        }
        claims["access"] = access;
    }
    std::string const content =
        base64url_encode(header) + "." + base64url_encode(claims.serialize());
    return content + "." + signature(sealer, content);
}

std::optional<AzureToken> open_azure_token(Sealer const& sealer, std::string_view token) {
    std::size_t const last = token.rfind('.');
    std::size_t const first = token.find('.');
    if (last == std::string_view::npos || first == last) {
        return std::nullopt;
    }
    std::string const content(token.substr(0, last));
    if (!equal_constant_time(signature(sealer, content), token.substr(last + 1))) {
        return std::nullopt;
    }
    auto const claims = base64url_decode(token.substr(first + 1, last - first - 1));
    try {
        return claims ? std::optional(read_claims(value::parse(*claims))) : std::nullopt;
    } catch (web::json::json_exception const&) {
        return std::nullopt;
    }
}

}  // namespace sim
