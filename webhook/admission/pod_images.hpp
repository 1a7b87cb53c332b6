#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "webhook/admission/review.hpp"

namespace rt::webhook {

/// The images of a request that have to be judged, pointing into `review`. All on CREATE; on UPDATE
/// those that no entry of the old object matches by list, name and every byte of the image. Nothing
/// else excuses an image: neither deletionTimestamp nor owner, user, label or annotation.
/// An image volume without a reference, which only templates may have, names no image, nor does an
/// empty text in a custom kind, whose controller may have a default.
[[nodiscard]] std::vector<ContainerImage const*> images_to_judge(Review const& review);

/// The pull Secrets that the object names and the old one did not: positions in its list.
[[nodiscard]] std::vector<std::size_t> new_pull_secrets(Review const& review);

/// `spec.template.spec.containers[0].image`, as API errors write fields.
[[nodiscard]] std::string field_path(Review const& review, ContainerImage const& image);
/// `spec.template.spec.imagePullSecrets`
[[nodiscard]] std::string pull_secrets_path(Review const& review);
/// `spec.template.spec.imagePullSecrets[0]`
[[nodiscard]] std::string pull_secret_path(Review const& review, PullSecretName const& secret);

}  // namespace rt::webhook
