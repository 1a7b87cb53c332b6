#pragma once

#include <map>
#include <string>
#include <string_view>
#include <variant>

#include "e2e/sim/common/http_values.hpp"
#include "e2e/sim/common/session.hpp"

namespace sim {

/// AWS Signature Version 4, as its documentation describes it ("Create a signed AWS API request").
/// `signed_headers` holds lower-case names and values as sent.
std::string sigv4_canonical_request(std::string_view method, std::string_view path,
                                    Parameters query,
                                    std::map<std::string, std::string> const& signed_headers,
                                    std::string_view payload_hash);
/// `amz_date` is YYYYMMDDTHHMMSSZ.
std::string sigv4_signature(std::string_view secret, std::string_view amz_date,
                            std::string_view region, std::string_view service,
                            std::string_view canonical_request);

/// Why a signed request is refused; each API has its own codes for these.
enum class SignatureProblem {
    Missing,     ///< no Authorization header
    Incomplete,  ///< malformed, or something that must be signed is not
    UnknownKey,  ///< no such access key, or a security token that does not belong to it
    Expired,     ///< the security token has ended
    Wrong,       ///< the signature is not ours
    Clock,       ///< the date is more than five minutes off
};
struct SignatureError {
    SignatureProblem problem;
    std::string message;
};

/// Verifies a request from scratch: scope, clock, covered headers, key, security token, signature.
std::variant<Caller, SignatureError> verify_sigv4(Request const& request, World const& world,
                                                  Sealer const& sealer, std::string_view region,
                                                  std::string_view service, TimePoint now);

}  // namespace sim
