#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/clock.hpp"
#include "lib/http/server.hpp"
#include "webhook/admission/rules.hpp"
#include "webhook/events.hpp"
#include "webhook/impact/what_if.hpp"
#include "webhook/metrics.hpp"
#include "webhook/resource_desk.hpp"
#include "webhook/tenancy_index.hpp"

namespace rt::webhook {

class ReviewFields;
class ReviewReader;
struct Wording;

/// Says what changed rules do to what is there, as warnings. Called on a thread of its own; may
/// block until `deadline`, and ends soon after `stop`.
using ImpactPreview = std::function<std::vector<std::string>(
    std::vector<NamespaceChange> const& changes, SteadyTime deadline, std::stop_token stop)>;

/// The edge at which every AdmissionReview gets an answer with its uid, and everything else a 4xx
/// with an empty body (the API server shows bodies of failed calls to users). What goes wrong
/// inside is a denial with RT-PolicyUnavailable, never an admission.
///
///     POST /mutate                      injects the pull Secret; always allowed
///     POST /validate                    decides about images
///     POST /validate-registrytenancy    checks Registries and RegistryTenancies
///
/// Thread-safe; keeps one ReviewReader per thread. Needs no API server: with a FixedPolicySource it
/// is complete for a benchmark.
class Endpoint {
  public:
    /// All references must outlive the endpoint. `observer` may be null. `client_subjects`:
    /// accepted common names of client certificates; empty: any. `preview`: for what admins write;
    /// without one nothing is read for them.
    Endpoint(PolicySource const& policies, AdmissionSettings settings, AdmissionMetrics& metrics,
             DecisionObserver* observer, Clock& clock,
             std::vector<std::string> client_subjects = {}, ImpactPreview preview = {});

    [[nodiscard]] http::Answer answer(http::ServerRequest const& request) const;
    [[nodiscard]] http::Handler handler() const {
        return [this](http::ServerRequest const& request) { return answer(request); };
    }

    [[nodiscard]] AdmissionSettings const& settings() const { return settings_; }

  private:
    [[nodiscard]] ReviewReader& thread_reader() const;
    [[nodiscard]] http::Answer mutate(http::ServerRequest const& request,
                                      ReviewReader& reader) const;
    [[nodiscard]] http::Answer validate(http::ServerRequest const& request,
                                        ReviewReader& reader) const;
    [[nodiscard]] http::Answer validate_resource(http::ServerRequest const& request) const;
    [[nodiscard]] http::ServerResponse examine(std::string_view body, SteadyTime deadline,
                                               std::stop_token stop) const;
    [[nodiscard]] http::ServerResponse refuse(int status) const;
    void notify(Review const& review, Decision const& decision, Wording const& wording) const;
    [[nodiscard]] std::chrono::nanoseconds patience(std::string_view query) const;

    PolicySource const& policies_;
    AdmissionSettings settings_;
    std::shared_ptr<ReviewFields const> fields_;
    AdmissionMetrics& metrics_;
    DecisionObserver* observer_;
    Clock& clock_;
    std::vector<std::string> client_subjects_;
    ImpactPreview preview_;
    std::unique_ptr<ResourceDesk> desk_;  ///< last: its thread uses all of the above
};

/// Go's duration format, as the API server writes its deadline: "3s", "1m30s", "500ms". Empty or
/// not understood: `fallback`.
[[nodiscard]] std::chrono::milliseconds parse_timeout(std::string_view query,
                                                      std::chrono::milliseconds fallback);

}  // namespace rt::webhook
