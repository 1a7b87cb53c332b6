#pragma once

#include <string>

#include "webhook/admission/decide.hpp"

namespace rt::webhook {

/// RFC 6902 patch that carries out an injection on review.object; empty where there is nothing to
/// do. It can't fail to apply, which would be an internal error even under failurePolicy Ignore:
/// members are only added below objects that are there, and a list is appended to only where it is
/// a list.
[[nodiscard]] std::string json_patch(Review const& review, Injection const& injection);

}  // namespace rt::webhook
