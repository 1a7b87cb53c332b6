#pragma once

#include <map>
#include <optional>
#include <string>

#include "e2e/suite/support/kubectl.hpp"

namespace e2e {

/// What a node and a developer see of the pull Secret of a namespace.
struct PullSecret {
    std::string uid;
    std::string resource_version;
    std::string type;
    std::string data;  ///< of .dockerconfigjson, as it is stored (base64)
    std::string managed_by;
    std::map<std::string, std::string> logins;      ///< key of `auths` -> user:password
    std::map<std::string, std::string> issued_at;   ///< Registry -> RFC 3339
    std::map<std::string, std::string> expires_at;  ///< Registry -> RFC 3339

    /// The keys, sorted, separated by one space.
    [[nodiscard]] std::string keys() const;
    /// The one login behind all keys; empty where there are several or none.
    [[nodiscard]] std::string login() const;
    /// What stands before the first colon of it.
    [[nodiscard]] std::string user() const;
};

/// A Secret as kubectl prints it.
PullSecret read_pull_secret(Json const& secret);
/// The Secret registry-tenancy, or nothing. Throws std::runtime_error where it cannot be read.
std::optional<PullSecret> pull_secret(std::string const& ns);

/// The time now, as the annotations write times: comparable as text.
std::string now_text();

std::string base64_decoded(std::string const& text);
std::string base64_encoded(std::string const& text);

}  // namespace e2e
