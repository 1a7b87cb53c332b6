#pragma once

#include <chrono>
#include <mutex>
#include <string_view>

#include "lib/base/clock.hpp"
#include "lib/kube/runtime/event_recorder.hpp"
#include "webhook/admission/decision.hpp"
#include "webhook/admission/review.hpp"

namespace rt::webhook {

/// Is told of every decision that someone should know of: everything but plain Allowed. Called on
/// I/O threads; must not block.
class DecisionObserver {
  public:
    virtual ~DecisionObserver() = default;
    /// Once for each note of a decision.
    virtual void observe(Review const& review, Decision const& decision, Note const& note) = 0;
};

/// Counts permits: `rate` per second, at most `burst` at once. Thread-safe.
class TokenBucket {
  public:
    TokenBucket(double rate, double burst, Clock& clock);
    [[nodiscard]] bool take();

  private:
    double rate_;
    double burst_;
    Clock& clock_;
    std::mutex mutex_;
    double tokens_;
    SteadyTime filled_;
};

/// The object that an Event about a review should hang on: the controller that made a Pod (its name
/// stays, so repeated refusals become one series), else the object itself.
[[nodiscard]] kube::ObjectReference regarding(Review const& review);

/// Mirrors decisions as Events (GitOps tools hide warnings, and a refused Pod shows nowhere else)
/// and denials as log lines. Never an Event on dry run. Both are rationed: a controller that
/// retries forever must cost neither the API server nor the log.
class EventMirror final : public DecisionObserver {
  public:
    EventMirror(kube::EventRecorder& recorder, Clock& clock);
    void observe(Review const& review, Decision const& decision, Note const& note) override;

  private:
    kube::EventRecorder& recorder_;
    TokenBucket events_;
    TokenBucket lines_;
    std::mutex mutex_;
    std::uint64_t lines_dropped_ = 0;
};

}  // namespace rt::webhook
