#include "operator/cloud/signed_call.hpp"

namespace rt::op {

Result<RegistryCredential> credential_of(AuthorizationToken token, WallTime cloud_now,
                                         std::chrono::hours life_max, WallTime now) {
    RT_TRY(auto const life, life_left(token.expires_at, token.answered_at.value_or(cloud_now),
                                      life_max, "GetAuthorizationToken: the credential"));
    return RegistryCredential{std::move(token.username), std::move(token.password), now,
                              now + life};
}

}  // namespace rt::op
