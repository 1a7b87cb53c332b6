#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "lib/base/metrics.hpp"
#include "lib/kube/runtime/work_queue.hpp"

namespace rt::kube {

/// What the controller does with a key after a reconcile.
struct Outcome {
    enum class Kind { Done, After, Retry };
    Kind kind = Kind::Done;
    std::chrono::milliseconds delay{0};

    static Outcome done() { return {Kind::Done, {}}; }  ///< until the next event
    static Outcome after(std::chrono::milliseconds d) {
        return {Kind::After, d};
    }  ///< again at that time; back-off forgotten
    static Outcome retry() { return {Kind::Retry, {}}; }  ///< with the key's back-off
};

/// N workers over one queue. An exception that escapes a reconcile is logged, counted and retried.
class Controller {
  public:
    using Reconcile = std::function<Outcome(std::string const& key, std::stop_token stop)>;
    Controller(std::string name, WorkQueue& queue, unsigned workers, Reconcile reconcile,
               Metrics& metrics);
    ~Controller();  ///< stops and joins
    void start();

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace rt::kube
