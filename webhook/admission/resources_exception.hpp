#pragma once

#include <string>
#include <vector>

#include "lib/base/clock.hpp"
#include "lib/base/json.hpp"
#include "lib/tenancy/field_error.hpp"
#include "webhook/admission/rules.hpp"
#include "webhook/tenancy_index.hpp"

namespace rt::webhook {

/// Everything wrong with a RegistryException by itself and, as long as it lives, against the
/// credentials that it would extend.
[[nodiscard]] tenancy::FieldErrors errors_of_exception(Json const& object, PolicyView const& view,
                                                       AdmissionSettings const& settings,
                                                       WallTime now);

/// What it will not do, though it is accepted. Leaves room for a preview in the response.
[[nodiscard]] std::vector<std::string> warnings_of_exception(Json const& object,
                                                             PolicyView const& view,
                                                             AdmissionSettings const& settings,
                                                             WallTime now);

}  // namespace rt::webhook
