#include "operator/tenancy/refresh.hpp"

#include <algorithm>
#include <cstdint>
#include <string>

#include "lib/base/digest.hpp"
#include "lib/base/time.hpp"

namespace rt::op {
namespace {

/// However short a life a cloud hands out, never mint more often than this: it would be a busy
/// loop.
constexpr std::chrono::seconds refresh_interval_min{5};

/// Uniform in [-1, 1), the same for the same text.
double signed_fraction(std::string_view text) {
    Sha256 const digest = sha256(text);
    std::uint32_t number = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        number = number << 8U | digest[i];
    }
    return static_cast<double>(number) / 2147483648.0 - 1.0;
}

}  // namespace

std::optional<RefreshTimes> refresh_times(CredentialRecord const& credential, std::string_view ns) {
    if (!credential.expires_at) {
        return std::nullopt;
    }
    auto const life =
        std::max(*credential.expires_at - credential.issued_at, WallTime::duration::zero());
    auto const part = [&](double fraction) {
        return credential.issued_at +
               std::chrono::duration_cast<WallTime::duration>(life * fraction);
    };
    std::string const identity = std::string(ns) + '\n' + credential.registry + '\n' +
                                 credential.inputs + '\n' + format_rfc3339(credential.issued_at);
    RefreshTimes times;
    times.refresh = std::max(part(0.5 + 0.1 * signed_fraction(identity)),
                             credential.issued_at + refresh_interval_min);
    times.degraded = part(0.75);
    times.expiry = *credential.expires_at;
    return times;
}

}  // namespace rt::op
