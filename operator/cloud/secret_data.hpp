#pragma once

#include <string_view>

#include "lib/base/json.hpp"
#include "lib/base/result.hpp"
#include "lib/base/secret.hpp"

namespace rt::op {

/// data[key] of a Secret object, decoded. NotFound or Corrupt name the Secret and the key, never
/// the content.
[[nodiscard]] Result<SecretString> secret_data(Json const& secret, std::string_view key);

}  // namespace rt::op
