#pragma once

#include <string>

#include "lib/base/result.hpp"
#include "lib/base/secret.hpp"

namespace rt::op {

/// A token of the operator's own ServiceAccount, for identity OIDC, from the file that its
/// Deployment mounts. Opened by path each time: the kubelet swaps the file for a fresh one. At most
/// 20,000 characters (the most that any cloud's STS takes); a trailing line break is no part of it.
[[nodiscard]] Result<SecretString> read_token_file(std::string const& path);

}  // namespace rt::op
