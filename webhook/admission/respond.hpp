#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "lib/tenancy/field_error.hpp"
#include "webhook/admission/decision.hpp"
#include "webhook/admission/review.hpp"

namespace rt::webhook {

/// AdmissionReview answers (admission.k8s.io/v1) as bytes. Each kind of webhook has its own
/// functions: a validating answer with a patch in it would be a call error, and block everything
/// under Fail.

/// Allowed, with nothing to add.
[[nodiscard]] std::string respond_allowed(std::string_view uid);

/// Mutating: allowed, with an RFC 6902 patch unless it is empty.
[[nodiscard]] std::string respond_patch(std::string_view uid, std::string_view patch);

/// What a decision says to people.
struct Wording {
    std::string denial{};                 ///< empty unless denied
    std::vector<std::string> warnings{};  ///< for the client
    std::vector<Note> notes{};            ///< one for each reason that was found
};
[[nodiscard]] Wording wording_of(Review const& review, Decision const& decision);

/// Validating: the decision with its audit annotations (decision, reason, tenancies, exceptions,
/// images, grandfathered, snapshotAgeMs), 403 Forbidden with machine-readable causes where it
/// denies.
[[nodiscard]] std::string respond_decision(std::string_view uid, Decision const& decision,
                                           Wording const& wording,
                                           std::chrono::milliseconds snapshot_age);

/// Validating, for our own resources: 403 with all errors, or allowed; with warnings either way.
[[nodiscard]] std::string respond_resource(std::string_view uid, std::string_view kind,
                                           std::string_view name,
                                           tenancy::FieldErrors const& errors,
                                           std::vector<std::string> const& warnings);

}  // namespace rt::webhook
