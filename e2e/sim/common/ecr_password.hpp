#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "e2e/sim/common/session.hpp"

namespace sim {

/// What the password of user AWS stands for: its principal, session policy included, in one region.
struct EcrLogin {
    Caller caller;
    std::string region;
    TimePoint expires;
};

/// base64 of a JSON object whose payload only we can read, as ECR's.
std::string make_ecr_password(Sealer const& sealer, EcrLogin const& login);
std::optional<EcrLogin> open_ecr_password(Sealer const& sealer, std::string_view password);

}  // namespace sim
