#include "lib/kube/runtime/event_recorder.hpp"

#include <deque>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "lib/base/log.hpp"
#include "lib/base/random.hpp"
#include "lib/kube/runtime/event_series.hpp"
#include "lib/kube/runtime/waker.hpp"

namespace rt::kube {
namespace {

/// A burst: one Event for each Pod of a large roll-out. 1,000 take about 1 MB.
constexpr std::size_t queue_max = 1'000;
constexpr std::chrono::seconds flush_time{2};

}  // namespace

struct EventRecorder::Impl {
    Impl(Client& api, std::string component, std::string instance, Clock& recorder_clock)
        : client(api),
          clock(recorder_clock),
          series(std::move(component), std::move(instance), system_random()) {}

    void run(std::stop_token const& stop);
    /// Writes what is queued and due, until the time to flush is over.
    void write_all();
    void write(EventWrite const& event);
    std::optional<EventOccurrence> take();

    Client& client;
    Clock& clock;
    EventSeries series;  ///< only the writing thread
    std::mutex mutex;
    std::deque<EventOccurrence> queue;
    std::size_t dropped = 0;
    std::stop_source abandoned;  ///< when the time to flush is over
    Waker waker;
    std::jthread writer;  ///< last
};

std::optional<EventOccurrence> EventRecorder::Impl::take() {
    std::lock_guard const lock(mutex);
    if (queue.empty()) {
        return std::nullopt;
    }
    EventOccurrence occurrence = std::move(queue.front());
    queue.pop_front();
    return occurrence;
}

void EventRecorder::Impl::write(EventWrite const& event) {
    std::stop_token const stop = abandoned.get_token();
    Json const body = series.body_of(event);
    auto const written = event.create()
                             ? client.create(types::events, event.key.ns, body, stop)
                             : client.merge_patch(types::events, event.key, body, "", stop);
    if (!written && event.create()) {
        series.forget(event.key);
    }
    // An Event is a courtesy: it is not retried, and neither that its namespace is going away nor
    // that the one to lengthen has expired (after an hour) is worth a line.
    if (!written && written.error().kind != ErrorKind::NotFound &&
        written.error().kind != ErrorKind::Forbidden &&
        written.error().kind != ErrorKind::Cancelled) {
        log_warn("writing an Event failed", {{"reason", written.error().message}});
    } else if (!written && written.error().kind == ErrorKind::Forbidden) {
        log_debug("writing an Event is forbidden", {{"reason", written.error().message}});
    }
}

void EventRecorder::Impl::write_all() {
    std::stop_token const stop = abandoned.get_token();
    while (!stop.stop_requested()) {
        auto const occurrence = take();
        if (!occurrence.has_value()) {
            break;
        }
        if (auto const event = series.add(*occurrence, clock.steady_now()); event.has_value()) {
            write(*event);
        }
    }
    for (EventWrite const& event : series.due(clock.steady_now())) {
        if (stop.stop_requested()) {
            return;
        }
        write(event);
    }
}

void EventRecorder::Impl::run(std::stop_token const& stop) {
    while (!stop.stop_requested()) {
        write_all();
        bool idle = false;
        {
            std::lock_guard const lock(mutex);
            idle = queue.empty();
        }
        if (idle) {
            waker.sleep_until(clock, series.next_due(), stop);
        }
    }
    write_all();
}

EventRecorder::EventRecorder(Client& client, std::string component, std::string instance,
                             Clock& clock)
    : impl_(std::make_unique<Impl>(client, std::move(component), std::move(instance), clock)) {
    impl_->writer =
        std::jthread([impl = impl_.get()](std::stop_token const& stop) { impl->run(stop); });
}

EventRecorder::~EventRecorder() {
    std::jthread const limit([impl = impl_.get()](std::stop_token const& flushed) {
        if (impl->clock.sleep_for(flush_time, flushed)) {
            impl->abandoned.request_stop();
        }
    });
    impl_->writer.request_stop();
    impl_->writer.join();
}

void EventRecorder::record(ObjectReference const& regarding, EventType type,
                           std::string const& reason, std::string const& action,
                           std::string const& note) {
    {
        std::lock_guard const lock(impl_->mutex);
        if (impl_->queue.size() >= queue_max) {
            ++impl_->dropped;
            return;
        }
        impl_->queue.push_back({regarding, type, reason, action, note, impl_->clock.wall_now()});
    }
    impl_->waker.wake();
}

std::size_t EventRecorder::dropped() const {
    std::lock_guard const lock(impl_->mutex);
    return impl_->dropped;
}

}  // namespace rt::kube
