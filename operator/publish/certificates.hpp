#pragma once

#include <string>
#include <vector>

#include "lib/base/clock.hpp"
#include "lib/base/result.hpp"
#include "lib/base/secret.hpp"

namespace rt::op::publish {

/// A serving certificate with its own certificate authority, whose key is thrown away at once:
/// nobody can sign with it later, and every renewal is a rotation of both (see rotation.hpp for the
/// overlap).
struct ServingPair {
    std::string certificate_pem;  ///< the leaf
    SecretString key_pem;
    std::string ca_pem;
};

/// ECDSA P-256, valid from an hour before `now` (clocks differ) for `life`, for the given DNS
/// names.
[[nodiscard]] Result<ServingPair> make_serving_pair(std::vector<std::string> const& dns_names,
                                                    WallTime now, std::chrono::hours life);

struct CertificateInfo {
    WallTime not_before;
    WallTime not_after;
    std::vector<std::string> dns_names;
};
/// Reads the first certificate of a PEM text (at most 64 KiB are looked at).
[[nodiscard]] Result<CertificateInfo> inspect_certificate(std::string const& pem);

/// The certificate blocks of a PEM bundle, in order.
[[nodiscard]] std::vector<std::string> split_bundle(std::string const& pem);

/// `leaf` is signed by a certificate of `bundle`.
[[nodiscard]] bool signed_by(std::string const& leaf_pem, std::string const& bundle_pem);

}  // namespace rt::op::publish
