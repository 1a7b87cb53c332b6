#include "e2e/sim/common/google.hpp"

#include <cpprest/json.h>

#include <algorithm>

namespace sim {
namespace {

using web::json::value;

constexpr std::string_view purpose = "google-access-token";
// How real tokens begin: of service accounts, and of federated identities.
constexpr std::string_view account_prefix = "ya29.c.";
constexpr std::string_view federated_prefix = "ya29.d.";

}  // namespace

bool GoogleToken::has_scope(std::initializer_list<std::string_view> any_of) const {
    return std::any_of(any_of.begin(), any_of.end(), [&](std::string_view wanted) {
        return std::find(scopes.begin(), scopes.end(),
                         std::string(google_scope_base) + std::string(wanted)) != scopes.end();
    });
}

std::string seal_google_token(Sealer const& sealer, GoogleToken const& token) {
    value scopes = value::array();
    for (std::string const& scope : token.scopes) {
        scopes[scopes.size()] = value::string(scope);
    }
    value content = value::object();
    content["principal"] = value::string(token.principal);
    content["scopes"] = scopes;
    content["expires"] =
        value::number(static_cast<int64_t>(std::chrono::system_clock::to_time_t(token.expires)));
    bool const federated = token.principal.compare(0, 12, "principal://") == 0;
    return std::string(federated ? federated_prefix : account_prefix) +
           sealer.seal(purpose, content.serialize());
}

std::optional<GoogleToken> open_google_token(Sealer const& sealer, std::string_view token) {
    std::string_view const prefix = token.substr(0, account_prefix.size());
    if (prefix != account_prefix && prefix != federated_prefix) {
        return std::nullopt;
    }
    auto const plain = sealer.unseal(purpose, token.substr(prefix.size()));
    if (!plain) {
        return std::nullopt;
    }
    value const content = value::parse(*plain);
    GoogleToken opened;
    opened.principal = content.at("principal").as_string();
    for (value const& scope : content.at("scopes").as_array()) {
        opened.scopes.push_back(scope.as_string());
    }
    opened.expires =
        std::chrono::system_clock::from_time_t(content.at("expires").as_number().to_int64());
    return opened;
}

std::string google_name(std::string const& principal) {
    constexpr std::string_view account = "serviceAccount:";
    return principal.compare(0, account.size(), account) == 0 ? principal.substr(account.size())
                                                              : principal;
}

Response google_error(CloudError const& error) {
    value inner = value::object(true);
    inner["code"] = value::number(error.http);
    inner["message"] = value::string(error.message);
    inner["status"] = value::string(error.code);
    value body = value::object();
    body["error"] = inner;
    Response response;
    response.status = error.http;
    response.content_type = "application/json; charset=UTF-8";
    response.body = body.serialize();
    return response;
}

std::string bearer_token(Request const& request) {
    std::string const& header = request.header("authorization");
    return lower_case(header.substr(0, 7)) == "bearer " ? trim(header.substr(7)) : std::string();
}

}  // namespace sim
