#pragma once

#include <memory>
#include <string_view>

#include "lib/base/result.hpp"

struct x509_store_st;

namespace rt::http {

struct TrustStoreFree {
    void operator()(x509_store_st* store) const;
};
/// Certificates that a chain may end in. Shared between connections: parsing a system's bundle
/// costs milliseconds, which a store per connection would pay again and again.
using TrustStore = std::unique_ptr<x509_store_st, TrustStoreFree>;

/// Every certificate of `ca_pem`, plus the system's own where `with_system`. InvalidArgument where
/// `ca_pem` is not empty but holds no readable certificate.
[[nodiscard]] Result<TrustStore> make_trust_store(std::string_view ca_pem, bool with_system);

}  // namespace rt::http
