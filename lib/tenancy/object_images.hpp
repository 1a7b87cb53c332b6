#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/json.hpp"
#include "lib/tenancy/custom_kinds.hpp"
#include "lib/tenancy/field_error.hpp"

namespace rt::tenancy {

/// One image in an object, and where it stands.
struct ObjectImage {
    std::string field;  ///< spec.template.spec.containers[0].image, as API errors write fields
    std::string name;   ///< of the container or volume; may be empty
    std::string image;  ///< as written
    bool operator==(ObjectImage const&) const = default;
};

/// What admission judges of an object.
struct ObjectImages {
    /// In the order in which the API server sends them, so that the first finding is the webhook's
    /// first finding.
    std::vector<ObjectImage> images;
    std::string pull_secrets_field;  ///< spec.template.spec.imagePullSecrets
    std::vector<std::string> pull_secrets;
    /// Fields of the wrong type, which the API server refuses before it asks us.
    FieldErrors errors;
};

/// The images of a Pod, of a workload with a Pod template, or of a custom kind, by the table of
/// doors (image_doors.hpp). nullopt: an object of another kind, which admission does not judge.
/// Versions are not compared: the API server converts between them before it asks. `kinds` are
/// named by their plurals, which are guessed from the object's kind as kubectl does offline. A
/// custom kind can have several PodSpecs; pull_secrets_field is that of the first.
[[nodiscard]] std::optional<ObjectImages> images_of(
    Json const& object, CustomKinds const& kinds = shipped_custom_kinds());

/// "Rollout" as "rollouts": what kubectl guesses (UnsafeGuessKindToResource of apimachinery).
[[nodiscard]] std::string guessed_plural(std::string_view kind);

/// The images of an object that is known to be of this kind.
[[nodiscard]] ObjectImages images_of_custom(Json const& object, CustomKind const& kind);

}  // namespace rt::tenancy
