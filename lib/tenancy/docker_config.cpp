#include "lib/tenancy/docker_config.hpp"

#include <strings.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "lib/base/digest.hpp"
#include "lib/base/json.hpp"

namespace rt::tenancy {
namespace {

void wipe(std::string& text) {
    ::explicit_bzero(text.data(), text.size());
}

/// The path part of a key for one entry.
std::string key_path(AllowEntry const& entry) {
    if (entry.kind == AllowEntry::Kind::WholeRegistry) {
        return {};
    }
    std::string const first = entry.path.substr(0, entry.path.find('/'));
    std::string out = "/";
    if (first == "v1" || first == "v2") {
        // The kubelet reads HOST/v1/... as the address of an API and drops the first segment.
        bool const more_follows =
            entry.path.size() > first.size() || entry.kind == AllowEntry::Kind::Namespace;
        if (more_follows) {
            out += first + '/';
        }
    }
    out += entry.path;
    if (entry.kind == AllowEntry::Kind::Namespace) {
        out += '/';
    }
    return out;
}

/// What an entry of "auths" holds; nullopt where it has no user name.
struct UserPassword {
    std::string user;
    SecretString password;
};

Result<UserPassword> read_auth(Json const& value) {
    // As the kubelet reads it: "auth", where it is not empty, overrides the other two.
    std::string const auth = string_at(value, "auth");
    if (auth.empty()) {
        std::string password = string_at(value, "password");
        UserPassword result{string_at(value, "username"), SecretString(password)};
        wipe(password);
        return result;
    }
    std::string padded = auth;
    padded.resize((padded.size() + 3) / 4 * 4, '=');
    auto decoded = base64_decode(padded);
    wipe(padded);
    if (!decoded) {
        return fail(invalid_argument("an entry's auth is no base64"));
    }
    std::size_t const colon = decoded->find(':');
    if (colon == std::string::npos) {
        wipe(*decoded);
        return fail(invalid_argument("an entry's auth is not user:password"));
    }
    UserPassword result{decoded->substr(0, colon),
                        SecretString(std::string_view(*decoded).substr(colon + 1))};
    wipe(*decoded);
    return result;
}

}  // namespace

std::vector<std::string> docker_config_keys(std::span<std::string const> hosts,
                                            std::span<AllowEntry const> allow, KeyStyle style) {
    std::set<std::string> keys;
    for (auto const& host : hosts) {
        if (style == KeyStyle::Host) {
            if (!allow.empty()) {
                keys.insert(host);
            }
            continue;
        }
        for (auto const& entry : allow) {
            keys.insert(host + key_path(entry));
        }
    }
    return {keys.begin(), keys.end()};
}

SecretString render_docker_config(std::span<DockerConfigEntry const> entries) {
    std::map<std::string_view, DockerConfigEntry const*> by_key;
    for (auto const& entry : entries) {
        for (auto const& key : entry.keys) {
            by_key.emplace(key, &entry);
        }
    }
    // One buffer of sufficient size: growing would leave copies of passwords behind.
    std::size_t size = 16;
    for (auto const& [key, entry] : by_key) {
        size += key.size() * 6 + 32 + (entry->username.size() + entry->password.size() + 4) / 3 * 4;
    }
    std::string out;
    out.reserve(size);
    out += R"({"auths":{)";
    bool first = true;
    for (auto const& [key, entry] : by_key) {
        std::string plain;
        plain.reserve(entry->username.size() + 1 + entry->password.size());
        plain += entry->username;
        plain += ':';
        plain += entry->password.reveal();
        std::string encoded = base64_encode(plain);
        wipe(plain);
        out += first ? "" : ",";
        out += dump_json(Json(key));
        out += R"(:{"auth":")";
        out += encoded;
        out += R"("})";
        wipe(encoded);
        first = false;
    }
    out += "}}";
    SecretString result(out);
    wipe(out);
    return result;
}

Result<std::vector<DockerConfigEntry>> parse_docker_config(std::string_view text) {
    auto const document = parse_json(text);
    if (!document) {
        return fail(invalid_argument("the docker config is no JSON document"));
    }
    Json const* const auths = find(*document, "auths");
    if (auths == nullptr || !auths->is_object()) {
        return fail(invalid_argument("the docker config has no object \"auths\""));
    }
    std::vector<DockerConfigEntry> entries;
    for (auto const& [key, value] : auths->items()) {
        auto read = read_auth(value);
        if (!read) {
            return fail(std::move(read).error().with_context("docker config"));
        }
        entries.push_back({{key}, std::move(read->user), std::move(read->password)});
    }
    return entries;
}

}  // namespace rt::tenancy
