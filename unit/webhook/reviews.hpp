#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "lib/base/json.hpp"
#include "webhook/admission/review.hpp"

namespace rt::test {

/// A body with the padding that the server gives.
class PaddedBody {
  public:
    explicit PaddedBody(std::string_view text);
    [[nodiscard]] std::string_view view() const { return {bytes_.get(), size_}; }

  private:
    std::unique_ptr<char[]> bytes_;
    std::size_t size_;
};

/// A Pod with one container `web` of `image`, as the API server would show it.
[[nodiscard]] Json pod(std::string const& image, std::string const& ns = "cainiao-prod");
/// An AdmissionReview about `object` (and `old_object`, null for none), kind and resource after
/// object["kind"], uid "review-1".
[[nodiscard]] Json admission_review(Json const& object, std::string const& operation = "CREATE",
                                    Json const& old_object = nullptr,
                                    std::string const& subresource = "");
/// A workload of `kind` (Deployment, CronJob, ...) with one container `web` of `image`.
[[nodiscard]] Json workload(std::string const& kind, std::string const& image,
                            std::string const& ns = "cainiao-prod");
/// The PodSpec within a workload or Pod.
[[nodiscard]] Json& pod_spec(Json& object);

/// Everything of a Review as text that does not point anywhere; equal texts mean equal Reviews.
[[nodiscard]] std::string describe(webhook::Review const& review);

}  // namespace rt::test
