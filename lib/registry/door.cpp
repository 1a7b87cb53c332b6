#include "lib/registry/door.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "lib/base/digest.hpp"
#include "lib/base/json.hpp"
#include "lib/base/text.hpp"
#include "lib/registry/challenge.hpp"
#include "lib/registry/pull_facts.hpp"

namespace rt::registry {
namespace {

constexpr char manifest_types[] =
    "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.docker.distribution.manifest.v2+json";

Error trouble(ErrorKind kind, Reason reason, std::string message, int http_status = 0) {
    Error error{kind, std::move(message), std::string(name_of(reason))};
    error.http_status = http_status;
    return error;
}

/// A transport's error, with the reason as code.
Error named(Error error) {
    if (!reason_of(error.code)) {
        error.code = std::string(name_of(Reason::RegistryUnreachable));
    }
    return error;
}

Error odd_status(std::string const& where, int status) {
    bool const busy = status == 429 || status / 100 == 5;
    return trouble(busy ? ErrorKind::Unavailable : ErrorKind::Corrupt,
                   busy ? Reason::RegistryUnreachable : Reason::Unknown,
                   where + " answers HTTP " + std::to_string(status), status);
}

std::string basic(Login const& login) {
    std::string plain;
    plain.reserve(login.username.size() + 1 + login.password.size());
    plain += login.username;
    plain += ':';
    plain += login.password;
    std::string header = "Basic " + base64_encode(plain);
    OPENSSL_cleanse(plain.data(), plain.size());
    return header;
}

Result<http::Response> get(http::Transport& transport, std::string method, std::string url,
                           http::Headers headers, std::stop_token const& stop) {
    http::Request request;
    request.method = std::move(method);
    request.url = std::move(url);
    request.headers = std::move(headers);
    request.timeout = request_timeout;
    auto response = transport.send(request, stop);
    if (!response) {
        return fail(named(std::move(response).error()));
    }
    return response;
}

Result<http::Response> head_manifest(http::Transport& transport, std::string const& host,
                                     Question const& question, std::string const& authorization,
                                     std::stop_token const& stop) {
    http::Headers headers{{"Accept", manifest_types}};
    if (!authorization.empty()) {
        headers.add("Authorization", authorization);
    }
    return get(
        transport, "HEAD",
        "https://" + host + "/v2/" + question.repository + "/manifests/" + question.reference,
        std::move(headers), stop);
}

/// Whether a manifest may be read; `authorization` may be empty.
Result<bool> may_read(http::Transport& transport, std::string const& host, Question const& question,
                      std::string const& authorization, std::stop_token const& stop) {
    RT_TRY(http::Response const response,
           head_manifest(transport, host, question, authorization, stop));
    switch (response.status) {
        case 200:
        case 404:  // allowed to ask, and told that there is none
            return true;
        case 401:
        case 403:
            return false;
        default:
            return fail(odd_status(host, response.status));
    }
}

Result<std::set<std::string>> read_each(http::Transport& transport, std::string const& host,
                                        std::span<Question const> questions,
                                        std::string const& authorization,
                                        std::stop_token const& stop) {
    std::set<std::string> readable;
    for (Question const& question : questions) {
        RT_TRY(bool const may, may_read(transport, host, question, authorization, stop));
        if (may) {
            readable.insert(question.repository);
        }
    }
    return readable;
}

std::string token_url(Door const& door, std::span<Question const> questions, Login const* login) {
    std::string url = door.realm;
    url += door.realm.find('?') == std::string::npos ? '?' : '&';
    url += "service=" + percent_encode(door.service);
    for (Question const& question : questions) {
        url += "&scope=" + percent_encode("repository:" + question.repository + ":pull");
    }
    if (login != nullptr) {
        url += "&account=" + percent_encode(login->username);
    }
    return url;
}

/// A token over what was asked; empty where the endpoint grants nothing of it.
Result<std::string> token_for(http::Transport& transport, Door const& door,
                              std::span<Question const> questions, Login const* login,
                              std::stop_token const& stop) {
    http::Headers headers{{"Accept", "application/json"}};
    if (login != nullptr) {
        headers.add("Authorization", basic(*login));
    }
    RT_TRY(http::Response const response,
           get(transport, "GET", token_url(door, questions, login), std::move(headers), stop));
    std::string const where = http::split_url(door.realm).authority;
    bool const refused = response.status == 401 || response.status == 403;
    if (login == nullptr && (refused || response.status == 400)) {
        return std::string();
    }
    if (response.status == 401) {
        return fail(trouble(ErrorKind::Unauthenticated, Reason::TokenRejected,
                            where + " refuses the credential (HTTP 401)", 401));
    }
    if (response.status == 403) {  // how some say that nothing of what was asked is granted
        return std::string();
    }
    if (response.status != 200) {
        return fail(odd_status(where, response.status));
    }
    auto const body = parse_json(response.body);
    std::string token = body ? string_at(*body, "token") : std::string();
    if (token.empty() && body) {
        token = string_at(*body, "access_token");
    }
    if (token.empty()) {
        return fail(
            trouble(ErrorKind::Corrupt, Reason::Unknown, where + " answers without a token"));
    }
    return token;
}

Result<std::set<std::string>> by_token(http::Transport& transport, std::string const& host,
                                       Door const& door, std::span<Question const> questions,
                                       Login const* login, std::stop_token const& stop) {
    RT_TRY(std::string const token, token_for(transport, door, questions, login, stop));
    std::set<std::string> granted;
    if (auto told = pulls_granted_by(token)) {
        granted = *std::move(told);
    } else if (!token.empty()) {
        RT_TRY(granted, read_each(transport, host, questions, "Bearer " + token, stop));
    }
    bool const all = std::all_of(questions.begin(), questions.end(), [&](Question const& one) {
        return granted.contains(one.repository);
    });
    if (!all && login != nullptr) {
        // Some (Harbor) grant a login that they don't know what everybody gets. Where nothing is
        // asked for, as `docker login` does, all of them refuse it; other answers tell nothing.
        auto const alone = token_for(transport, door, {}, login, stop);
        if (!alone && alone.error().http_status == 401) {
            return fail(alone.error());
        }
    }
    return granted;
}

Result<std::set<std::string>> by_password(http::Transport& transport, std::string const& host,
                                          std::span<Question const> questions, Login const& login,
                                          std::stop_token const& stop) {
    std::string const authorization = basic(login);
    RT_TRY(http::Response const response, get(transport, "GET", "https://" + host + "/v2/",
                                              {{"Authorization", authorization}}, stop));
    if (response.status == 400 || response.status == 401 || response.status == 403) {
        return fail(
            trouble(ErrorKind::Unauthenticated, Reason::TokenRejected,
                    host + " refuses the credential (HTTP " + std::to_string(response.status) + ")",
                    response.status));
    }
    if (response.status != 200) {
        return fail(odd_status(host, response.status));
    }
    return read_each(transport, host, questions, authorization, stop);
}

std::string from_base64url(std::string_view text) {
    std::string plain(text);
    for (char& c : plain) {
        c = c == '-' ? '+' : c == '_' ? '/' : c;
    }
    plain.append((4 - plain.size() % 4) % 4, '=');
    return base64_decode(plain).value_or("");
}

}  // namespace

Result<Door> knock(http::Transport& transport, tenancy::Registry const& registry,
                   std::string const& host, std::stop_token const& stop) {
    RT_TRY(http::Response const response,
           get(transport, "GET", "https://" + host + "/v2/", {}, stop));
    return read_door(registry, host, response);
}

Result<Door> read_door(tenancy::Registry const& registry, std::string const& host,
                       http::Response const& response) {
    if (response.status == 200) {
        return Door{};
    }
    if (response.status != 401) {
        return fail(odd_status("https://" + host + "/v2/", response.status));
    }
    auto const challenges = parse_challenges(response.headers);
    if (Challenge const* bearer = find_scheme(challenges, "bearer")) {
        Door door{Door::Kind::Bearer};
        auto const parameter = [&](char const* name) {
            auto const found = bearer->parameters.find(name);
            return found == bearer->parameters.end() ? std::string() : found->second;
        };
        door.realm = parameter("realm");
        door.service = parameter("service");
        if (!realm_allowed(registry, host, door.realm)) {
            return fail(trouble(ErrorKind::Forbidden, Reason::RealmNotPinned,
                                host + " names the token endpoint " + printable(door.realm, 256)));
        }
        return door;
    }
    if (find_scheme(challenges, "basic") != nullptr) {
        return Door{Door::Kind::Basic};
    }
    return fail(trouble(ErrorKind::Corrupt, Reason::Unknown,
                        host + " answers HTTP 401 without a challenge that is known"));
}

Result<ManifestAnswer> ask_manifest(http::Transport& transport, std::string const& host,
                                    Door const& door, Question const& question, Login const* login,
                                    std::stop_token const& stop) {
    std::string authorization;
    if (door.kind == Door::Kind::Bearer) {
        RT_TRY(std::string const token, token_for(transport, door, {&question, 1}, login, stop));
        authorization = token.empty() ? "" : "Bearer " + token;
    } else if (door.kind == Door::Kind::Basic && login != nullptr) {
        authorization = basic(*login);
    }
    RT_TRY(http::Response const response,
           head_manifest(transport, host, question, authorization, stop));
    return ManifestAnswer{response.status,
                          printable(response.headers.get("Docker-Content-Digest"), 80)};
}

Result<std::set<std::string>> may_pull(http::Transport& transport, std::string const& host,
                                       Door const& door, std::span<Question const> questions,
                                       Login const* login, std::stop_token const& stop) {
    switch (door.kind) {
        case Door::Kind::Bearer:
            return by_token(transport, host, door, questions, login, stop);
        case Door::Kind::Basic:
            if (login != nullptr) {
                return by_password(transport, host, questions, *login, stop);
            }
            break;
        case Door::Kind::Open:
            break;
    }
    return read_each(transport, host, questions, {}, stop);
}

std::optional<std::set<std::string>> pulls_granted_by(std::string_view token) {
    auto const parts = split(token, '.');
    if (parts.size() != 3) {
        return std::nullopt;
    }
    auto const claims = parse_json(from_base64url(parts[1]));
    if (!claims || !claims->is_object() || !claims->contains("access")) {
        return std::nullopt;
    }
    std::set<std::string> granted;
    Json const& access = (*claims)["access"];
    if (!access.is_array()) {
        return granted;  // null: nothing
    }
    for (Json const& one : access) {
        Json const* actions = one.is_object() ? find(one, "actions") : nullptr;
        if (actions == nullptr || !actions->is_array() || string_at(one, "type") != "repository") {
            continue;
        }
        for (Json const& action : *actions) {
            if (action == "pull" || action == "*") {
                granted.insert(string_at(one, "name"));
            }
        }
    }
    return granted;
}

}  // namespace rt::registry
