#include "operator/cloud/signed_call.hpp"

#include <algorithm>

namespace rt::op {

Result<RegistryCredential> credential_of(AuthorizationToken token, WallTime cloud_now,
                                         std::chrono::hours life_max, WallTime now) {
    auto const life = std::min<WallTime::duration>(
        token.expires_at - token.answered_at.value_or(cloud_now), life_max);
    if (life <= life.zero()) {
        return fail(Error{ErrorKind::Expired,
                          "GetAuthorizationToken: the credential arrived already expired; compare "
                          "the clocks of this cluster and the cloud"});
    }
    return RegistryCredential{std::move(token.username), std::move(token.password), now,
                              now + life};
}

}  // namespace rt::op
