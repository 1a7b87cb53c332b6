#include "lib/kube/runtime/work_queue.hpp"

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <unordered_map>
#include <unordered_set>

#include "lib/kube/runtime/backoff.hpp"
#include "lib/kube/runtime/waker.hpp"

namespace rt::kube {

/// Invariants, under the mutex:
/// - a key is in `ready` at most once, and exactly if it is in `queued` and not in `working`;
/// - a key in both `queued` and `working` was added while worked on; done() puts it into `ready`;
/// - `due_of` and `delayed` hold the same keys, each once, with its earliest time.
struct WorkQueue::Impl {
    Impl(Options queue_options, Clock& queue_clock, Random& queue_random)
        : options(queue_options),
          clock(queue_clock),
          random(queue_random),
          timer([this](std::stop_token const& stop) { run_timer(stop); }) {}

    void enqueue(std::string const& key) {
        if (!queued.insert(key).second) {
            return;
        }
        if (!working.contains(key)) {
            ready.push_back(key);
            available.notify_one();
        }
    }

    void add_after(std::string const& key, std::chrono::milliseconds delay) {
        SteadyTime const due = clock.steady_now() + delay;
        std::lock_guard const lock(mutex);
        if (delay <= std::chrono::milliseconds::zero()) {
            enqueue(key);
            return;
        }
        auto const [entry, added] = due_of.try_emplace(key, due);
        if (!added) {
            if (entry->second <= due) {
                return;
            }
            delayed.erase({entry->second, key});
            entry->second = due;
        }
        delayed.emplace(due, key);
        waker.wake();
    }

    std::chrono::milliseconds next_backoff(std::string const& key) {
        std::lock_guard const lock(mutex);
        unsigned& failed = failures[key];
        auto const ceiling = exponential(options.backoff_base, options.backoff_max, failed);
        ++failed;
        return scaled(ceiling, random.uniform());
    }

    /// Moves what is due from `delayed` to `ready`; returns when to look again.
    SteadyTime release_due() {
        std::lock_guard const lock(mutex);
        SteadyTime const now = clock.steady_now();
        while (!delayed.empty() && delayed.begin()->first <= now) {
            std::string const key = delayed.begin()->second;
            delayed.erase(delayed.begin());
            due_of.erase(key);
            enqueue(key);
        }
        return delayed.empty() ? Waker::never : delayed.begin()->first;
    }

    void run_timer(std::stop_token const& stop) {
        while (!stop.stop_requested()) {
            waker.sleep_until(clock, release_due(), stop);
        }
    }

    Options const options;
    Clock& clock;
    Random& random;
    mutable std::mutex mutex;
    std::condition_variable_any available;
    std::deque<std::string> ready;
    std::unordered_set<std::string> queued;
    std::unordered_set<std::string> working;
    std::set<std::pair<SteadyTime, std::string>> delayed;
    std::unordered_map<std::string, SteadyTime> due_of;
    std::unordered_map<std::string, unsigned> failures;
    Waker waker;
    std::jthread timer;  ///< last: stops before what it uses goes
};

WorkQueue::WorkQueue(Options options, Clock& clock, Random& random)
    : impl_(std::make_unique<Impl>(options, clock, random)) {}

WorkQueue::~WorkQueue() = default;

void WorkQueue::add(std::string const& key) {
    std::lock_guard const lock(impl_->mutex);
    impl_->enqueue(key);
}

void WorkQueue::add_after(std::string const& key, std::chrono::milliseconds delay) {
    impl_->add_after(key, delay);
}

void WorkQueue::add_rate_limited(std::string const& key) {
    impl_->add_after(key, impl_->next_backoff(key));
}

void WorkQueue::forget(std::string const& key) {
    std::lock_guard const lock(impl_->mutex);
    impl_->failures.erase(key);
}

std::optional<std::string> WorkQueue::get(std::stop_token const& stop) {
    std::unique_lock lock(impl_->mutex);
    if (!impl_->available.wait(lock, stop, [this] { return !impl_->ready.empty(); }) ||
        stop.stop_requested()) {
        return std::nullopt;
    }
    std::string key = std::move(impl_->ready.front());
    impl_->ready.pop_front();
    impl_->queued.erase(key);
    impl_->working.insert(key);
    return key;
}

void WorkQueue::done(std::string const& key) {
    std::lock_guard const lock(impl_->mutex);
    impl_->working.erase(key);
    if (impl_->queued.contains(key)) {
        impl_->ready.push_back(key);
        impl_->available.notify_one();
    }
}

std::size_t WorkQueue::depth() const {
    std::lock_guard const lock(impl_->mutex);
    return impl_->ready.size();
}

}  // namespace rt::kube
