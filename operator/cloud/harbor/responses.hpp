#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/clock.hpp"
#include "lib/base/result.hpp"
#include "lib/base/secret.hpp"
#include "lib/http/message.hpp"

namespace rt::op::harbor {

struct CreatedRobot {
    std::string name;  ///< with Harbor's prefix: the user to log in as
    SecretString secret;
    std::optional<WallTime> expires_at;  ///< by Harbor's clock; nullopt: never
};

/// A robot as lists show it.
struct ListedRobot {
    std::int64_t id = 0;
    std::string name;  ///< with Harbor's prefix
    std::string description;
};

/// Each reads one answer. Errors are classified by status and Harbor's code, carry the code in
/// Error::code, and quote code, message and request ID; never a body.
[[nodiscard]] Result<CreatedRobot> read_created_robot(http::Response const& response);
[[nodiscard]] Result<std::vector<ListedRobot>> read_robots(http::Response const& response);
/// One that is gone already counts as deleted.
[[nodiscard]] Result<void> read_deleted_robot(http::Response const& response);

}  // namespace rt::op::harbor
