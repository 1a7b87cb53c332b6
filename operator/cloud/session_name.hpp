#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace rt::op {

/// What a cloud takes as the name of a session, besides letters and digits.
struct SessionNameRules {
    std::size_t bytes_max;
    std::string_view punctuation;
};

/// The name of a role's session, for the cloud's audit trail: "CLUSTER.NAMESPACE" where it fits,
/// else the namespace's beginning and a hash of both. Bytes that the cloud does not take become
/// '-'.
[[nodiscard]] std::string session_name(std::string const& cluster, std::string const& ns,
                                       SessionNameRules const& rules);

}  // namespace rt::op
