#pragma once

#include <optional>
#include <string>

#include "lib/base/clock.hpp"

namespace rt::op::publish {

/// A certificate lives 90 days and is replaced after two thirds of them.
inline constexpr std::chrono::hours certificate_life{24 * 90};
/// API servers honour a new caBundle within seconds; the new leaf is served after this long.
inline constexpr std::chrono::minutes staging_time{2};
/// Pods see an updated Secret within about a minute and API servers keep idle connections for 90 s;
/// after this long nothing depends on the old CA.
inline constexpr std::chrono::minutes overlap_time{15};

/// What the certificate Secret says, read without its keys.
struct CertificateState {
    std::optional<WallTime> not_before;  ///< of the leaf in use; nullopt: none or unreadable
    std::optional<WallTime> not_after;
    bool leaf_matches = true;  ///< signed by the bundle and for our DNS names
    bool staged = false;       ///< a next pair waits, its CA is in the bundle
    std::optional<WallTime> staged_at;
    std::optional<WallTime> promoted_at;
    std::size_t bundle_size = 0;    ///< certificates in ca.crt
    bool bundle_published = false;  ///< every live configuration carries exactly this bundle
};

/// The one next step; a crash between any two is resumed from the Secret alone.
enum class RotationStep {
    Keep,     ///< nothing to do
    Create,   ///< no usable certificate: make one; there is nothing to overlap with
    Stage,    ///< make the next pair, trust its CA besides the old one
    Promote,  ///< every API server trusts the next CA: serve the next leaf
    DropOld,  ///< nothing is served under the old CA any more: stop trusting it
};
[[nodiscard]] RotationStep next_step(CertificateState const& state, WallTime now);

}  // namespace rt::op::publish
