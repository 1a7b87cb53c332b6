#pragma once

#include <memory>

#include "operator/cloud/token_source.hpp"

namespace rt::op::static_secret {

/// A dockerconfigjson Secret that an admin keeps in the operator's namespace: the entry for one of
/// the Registry's hosts is taken over and re-keyed to the allowed paths. It cannot be narrowed, so
/// the Registry must say allowUnnarrowed; it has no expiry that we know of.
[[nodiscard]] std::unique_ptr<CredentialSource> make_source(CredentialSourceContext context);

}  // namespace rt::op::static_secret
