#pragma once

#include <stop_token>
#include <string>

#include "operator/cloud/key_cache.hpp"
#include "operator/cloud/token_source.hpp"

namespace rt::op {

/// The AccessKey in Secret `name` of the operator's namespace (keys accessKeyID and
/// accessKeySecret). It is read again after a minute, so that a replaced one is picked up.
[[nodiscard]] Result<KeyCache::Fetched> read_access_key(CredentialSourceContext const& context,
                                                        std::string const& name,
                                                        std::stop_token stop);

}  // namespace rt::op
