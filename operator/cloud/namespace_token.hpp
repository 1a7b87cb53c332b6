#pragma once

#include <stop_token>
#include <string>

#include "operator/cloud/token_source.hpp"

namespace rt::op {

/// A fresh token of the ServiceAccount that stands for governed namespace `ns` (identity
/// ServiceAccount): "ns-NAMESPACE" in the operator's own namespace, made where it is missing, so
/// that its subject is system:serviceaccount:OPERATOR-NAMESPACE:ns-NAMESPACE. The token is good for
/// `audience` alone and lives for ten minutes, the least that Kubernetes grants: it is exchanged at
/// once. ServiceAccounts that are no longer needed are removed by NamespaceAccounts.
[[nodiscard]] Result<SecretString> namespace_token(CredentialSourceContext const& context,
                                                   std::string const& ns,
                                                   std::string const& audience,
                                                   std::stop_token const& stop);

}  // namespace rt::op
