#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/base/clock.hpp"
#include "lib/base/json.hpp"
#include "lib/tenancy/field_error.hpp"
#include "webhook/admission/rules.hpp"
#include "webhook/tenancy_index.hpp"

namespace rt::webhook {

/// What is said about a Registry, RegistryTenancy or RegistryException that someone writes.
struct ResourceReview {
    std::string kind{};
    std::string name{};
    tenancy::FieldErrors errors{};  ///< not empty: refused
    std::vector<std::string> warnings{};
};

/// Judges `request` (of an AdmissionReview) about our own resources: everything wrong with the
/// object by itself, and against the other objects in the index. Ratchets: what an update leaves
/// wrong is no error. Where the index can't be used it says so as a warning and judges the object
/// alone: CEL in the CRDs and the operator stand behind this webhook, whose failurePolicy is
/// Ignore. `now`: an exception that has ended is accepted as that, so that Git can be replayed.
[[nodiscard]] ResourceReview review_resource(Json const& request, PolicyView const& view,
                                             AdmissionSettings const& settings, WallTime now);

}  // namespace rt::webhook
