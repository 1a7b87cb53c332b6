#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <variant>

#include "e2e/sim/common/http_values.hpp"
#include "e2e/sim/common/session.hpp"

namespace sim {

/// The signature V3 of Alibaba Cloud (ACS3-HMAC-SHA256), as its documentation describes it.
/// `signed_headers` holds lower-case names and trimmed values.
std::string acs3_canonical_request(std::string_view method, std::string_view path, Parameters query,
                                   std::map<std::string, std::string> const& signed_headers,
                                   std::string_view payload_hash);
std::string acs3_signature(std::string_view secret, std::string_view canonical_request);

/// Remembers which nonces were seen. Bounded: the oldest are forgotten first, which is safe as long
/// as fewer than `capacity` requests arrive within the 15 minutes that a date may differ.
class NonceMemory {
  public:
    explicit NonceMemory(std::size_t capacity = 200000) : capacity_(capacity) {}
    /// Whether this is the first time.
    bool first_use(std::string const& nonce);

  private:
    std::size_t capacity_;
    std::mutex mutex_;
    std::set<std::string> seen_;
    std::deque<std::string> order_;
};

/// What a signed request proves: who sent it, and its parameters (query and form together).
struct SignedRequest {
    Caller caller;
    std::string action;
    std::string version;
    Parameters parameters;
};

/// Verifies a request from scratch: signature, covered headers, body hash, clock, nonce and
/// security token; otherwise the error that the cloud would answer.
std::variant<SignedRequest, CloudError> verify_acs3(Request const& request, World const& world,
                                                    Sealer const& sealer, NonceMemory& nonces,
                                                    TimePoint now);

}  // namespace sim
