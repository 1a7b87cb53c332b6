#include "lib/kube/runtime/controller.hpp"

#include <exception>
#include <thread>
#include <utility>
#include <vector>

#include "lib/base/clock.hpp"
#include "lib/base/log.hpp"

namespace rt::kube {
namespace {

/// Seconds: a reconcile from stores alone takes microseconds, one with a mint up to its time
/// limits.
std::vector<double> const duration_buckets{0.0001, 0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60};

}  // namespace

struct Controller::Impl {
    Impl(std::string controller_name, WorkQueue& work_queue, unsigned worker_count,
         Reconcile reconcile_function, Metrics& metrics)
        : name(std::move(controller_name)),
          queue(work_queue),
          workers(worker_count),
          reconcile(std::move(reconcile_function)),
          done(outcomes(metrics, "done")),
          after(outcomes(metrics, "after")),
          retried(outcomes(metrics, "retry")),
          threw(outcomes(metrics, "exception")),
          duration(metrics.histogram("registry_tenancy_reconcile_duration_seconds",
                                     "How long one reconcile took", duration_buckets,
                                     {{"controller", name}})),
          depth(metrics.gauge("registry_tenancy_queue_depth",
                              "Keys that are due and not yet worked on", {{"controller", name}})) {}

    Counter& outcomes(Metrics& metrics, std::string const& outcome) {
        return metrics.counter("registry_tenancy_reconciles_total", "Reconciles by their outcome",
                               {{"controller", name}, {"outcome", outcome}});
    }

    void work(std::stop_token const& stop) {
        while (auto const key = queue.get(stop)) {
            depth.Set(static_cast<double>(queue.depth()));
            SteadyTime const started = system_clock().steady_now();
            settle(*key, guarded(*key, stop));
            std::chrono::duration<double> const took = system_clock().steady_now() - started;
            duration.Observe(took.count());
            queue.done(*key);
        }
    }

    Outcome guarded(std::string const& key, std::stop_token const& stop) {
        try {
            return reconcile(key, stop);
        } catch (std::exception const& exception) {
            log_error("a reconcile threw; it is retried",
                      {{"controller", name}, {"key", key}, {"reason", exception.what()}});
        } catch (...) {
            log_error("a reconcile threw; it is retried", {{"controller", name}, {"key", key}});
        }
        threw.Increment();
        return Outcome::retry();
    }

    void settle(std::string const& key, Outcome const& outcome) {
        switch (outcome.kind) {
            case Outcome::Kind::Done:
                done.Increment();
                queue.forget(key);
                return;
            case Outcome::Kind::After:
                after.Increment();
                queue.forget(key);
                queue.add_after(key, outcome.delay);
                return;
            case Outcome::Kind::Retry:
                retried.Increment();
                queue.add_rate_limited(key);
                return;
        }
    }

    std::string const name;
    WorkQueue& queue;
    unsigned const workers;
    Reconcile const reconcile;
    Counter& done;
    Counter& after;
    Counter& retried;
    Counter& threw;
    Histogram& duration;
    Gauge& depth;
    std::vector<std::jthread> threads;
};

Controller::Controller(std::string name, WorkQueue& queue, unsigned workers, Reconcile reconcile,
                       Metrics& metrics)
    : impl_(
          std::make_unique<Impl>(std::move(name), queue, workers, std::move(reconcile), metrics)) {}

Controller::~Controller() {
    // All at once, then wait: jthread's own destructor would stop them one after the other.
    for (std::jthread& thread : impl_->threads) {
        thread.request_stop();
    }
}

void Controller::start() {
    for (unsigned index = 0; index < impl_->workers; ++index) {
        impl_->threads.emplace_back(
            [impl = impl_.get()](std::stop_token const& stop) { impl->work(stop); });
    }
}

}  // namespace rt::kube
