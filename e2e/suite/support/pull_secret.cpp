#include "e2e/suite/support/pull_secret.hpp"

#include <openssl/evp.h>

#include <array>
#include <ctime>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

#include "e2e/suite/support/environment.hpp"

namespace e2e {
namespace {

unsigned char const* bytes(std::string const& text) {
    return static_cast<unsigned char const*>(static_cast<void const*>(text.data()));
}

unsigned char* bytes(std::string& text) {
    return static_cast<unsigned char*>(static_cast<void*>(text.data()));
}

}  // namespace

std::string base64_decoded(std::string const& text) {
    std::string out(text.size() / 4 * 3 + 3, '\0');
    int const length = EVP_DecodeBlock(bytes(out), bytes(text), static_cast<int>(text.size()));
    if (length < 0) {
        throw std::runtime_error("not base64: " + text.substr(0, 20) + "...");
    }
    auto size = static_cast<std::size_t>(length);
    for (auto at = text.rbegin(); at != text.rend() && *at == '=' && size > 0; ++at) {
        --size;
    }
    out.resize(size);
    return out;
}

std::string base64_encoded(std::string const& text) {
    std::string out(text.size() / 3 * 4 + 8, '\0');
    int const length = EVP_EncodeBlock(bytes(out), bytes(text), static_cast<int>(text.size()));
    out.resize(static_cast<std::size_t>(length));
    return out;
}

std::string PullSecret::keys() const {
    std::string out;
    for (auto const& [key, ignored] : logins) {
        out += (out.empty() ? "" : " ") + key;
    }
    return out;
}

std::string PullSecret::login() const {
    std::set<std::string> different;
    for (auto const& [ignored, login] : logins) {
        different.insert(login);
    }
    return different.size() == 1 ? *different.begin() : std::string();
}

std::string PullSecret::user() const {
    std::string const whole = login();
    return whole.substr(0, whole.find(':'));
}

PullSecret read_pull_secret(Json const& secret) {
    PullSecret out;
    out.uid = text_at(secret, "/metadata/uid");
    out.resource_version = text_at(secret, "/metadata/resourceVersion");
    out.type = text_at(secret, "/type");
    out.managed_by = text_at(secret, "/metadata/labels/app.kubernetes.io~1managed-by");
    std::string const data = text_at(secret, "/data/.dockerconfigjson");
    out.data = data;
    if (!data.empty()) {
        Json const config = Json::parse(base64_decoded(data));
        Json const auths = config.value("auths", Json::object());
        for (auto const& [key, entry] : auths.items()) {
            out.logins[key] = base64_decoded(text_at(entry, "/auth"));
        }
    }
    std::string const records =
        text_at(secret, "/metadata/annotations/registrytenancy.dev~1credentials");
    if (!records.empty()) {
        Json const parsed = Json::parse(records);
        for (auto const& [registry, record] : parsed.items()) {
            out.issued_at[registry] = text_at(record, "/issuedAt");
            out.expires_at[registry] = text_at(record, "/expiresAt");
        }
    }
    return out;
}

std::optional<PullSecret> pull_secret(std::string const& ns) {
    auto const object = get("secret", std::string(pull_secret_name), ns);
    return object ? std::optional(read_pull_secret(*object)) : std::nullopt;
}

std::string now_text() {
    std::time_t const now = std::time(nullptr);
    std::tm parts{};
    gmtime_r(&now, &parts);
    std::array<char, 32> text{};
    std::size_t const length =
        std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
    return {text.data(), length};
}

}  // namespace e2e
