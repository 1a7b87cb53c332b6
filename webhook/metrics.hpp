#pragma once

#include <array>
#include <chrono>
#include <optional>

#include "lib/base/metrics.hpp"
#include "lib/tenancy/messages.hpp"
#include "webhook/admission/decision.hpp"
#include "webhook/index_builder.hpp"

namespace rt::webhook {

enum class EndpointName { Mutate, Validate, Resources };
inline constexpr std::size_t endpoints_count = 3;

/// What admission counts. Every series exists from the start, so that a rate over a first denial is
/// not lost, and no request looks one up.
class AdmissionMetrics {
  public:
    explicit AdmissionMetrics(Metrics& metrics);

    /// A decision of /validate, or an answer of /validate-registrytenancy (Allowed or Denied).
    void decided(EndpointName endpoint, Outcome outcome, std::optional<tenancy::Reason> reason);
    /// What a decision of /validate found in the object, and what it left unjudged.
    void found(Decision const& decision);
    void mutated(bool patched) { (patched ? patched_ : unpatched_).Increment(); }
    /// A request that got an HTTP error instead of an answer.
    void refused() { refused_.Increment(); }
    /// Our own failure behind the last catch.
    void failed() { failed_.Increment(); }
    void observe(EndpointName endpoint, std::chrono::nanoseconds duration);

    void show(IndexFigures const& figures);
    void show_snapshot(bool synced, std::chrono::milliseconds age);
    /// Seconds since 1970 at which the serving certificate expires.
    void show_certificate_expiry(double unix_seconds) { certificate_expiry_.Set(unix_seconds); }

  private:
    /// none, then tenancy::Reason
    static constexpr std::size_t reasons_count = tenancy::reasons_count + 1;
    static constexpr std::size_t outcomes_count = 5;

    std::array<std::array<std::array<Counter*, reasons_count>, outcomes_count>, endpoints_count>
        decisions_{};
    std::array<std::array<Counter*, tenancy::reasons_count>, outcomes_count> findings_{};
    std::array<Histogram*, endpoints_count> durations_{};
    Counter& patched_;
    Counter& unpatched_;
    Counter& grandfathered_;
    Counter& refused_;
    Counter& failed_;
    Gauge& namespaces_;
    Gauge& governed_;
    Gauge& tenancies_;
    Gauge& registries_;
    Gauge& exceptions_;
    Gauge& unreadable_;
    Gauge& synced_;
    Gauge& age_;
    Gauge& certificate_expiry_;
};

}  // namespace rt::webhook
