#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "e2e/sim/common/acs3.hpp"
#include "e2e/sim/common/simulator.hpp"

namespace sim {

/// How every RPC-style API of Alibaba Cloud begins: method, signature, then the API's version.
/// Notes action and caller in the log.
std::variant<SignedRequest, CloudError> open_alibaba_call(Request const& request,
                                                          std::string_view version,
                                                          NonceMemory& nonces, Scene& scene);

/// The error as these APIs write it.
Response alibaba_error(CloudError const& error, std::string const& host);

}  // namespace sim
