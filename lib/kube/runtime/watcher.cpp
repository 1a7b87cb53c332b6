#include "lib/kube/runtime/watcher.hpp"

#include <exception>
#include <nlohmann/json.hpp>

#include "lib/base/log.hpp"
#include "lib/kube/client/list_all.hpp"
#include "lib/kube/runtime/watcher_impl.hpp"

namespace rt::kube {
namespace {

using namespace std::chrono_literals;
using Phase = WatchState::Phase;

constexpr std::chrono::seconds very_short_watch = 1s;

void drop_managed_fields(Json& object) {
    if (auto const metadata = object.find("metadata");
        metadata != object.end() && metadata->is_object()) {
        metadata->erase("managedFields");
    }
}

}  // namespace

void Watcher::Impl::run(std::stop_token const& stop) {
    while (!stop.stop_requested()) {
        std::optional<WatchInput> input;
        try {
            input = perform(stop);
        } catch (std::exception const& exception) {
            log_error("a watch handler threw",
                      {{"resource", options.type.plural}, {"reason", exception.what()}});
            Error const error{ErrorKind::Internal, "a watch handler threw"};
            input = watch_input::Failed{error, view.resource_version()};
        }
        if (input.has_value() && !stop.stop_requested()) {
            apply(step(state, *input, clock.steady_now(), random.uniform()), stop);
        }
    }
}

/// One call to the server. Nothing where it ended because of the stop.
std::optional<WatchInput> Watcher::Impl::perform(std::stop_token const& stop) {
    std::stop_token token;
    {
        std::lock_guard const lock(mutex);
        if (restart_reason.has_value()) {
            return watch_input::ProofFailed{*std::exchange(restart_reason, std::nullopt)};
        }
        call = std::stop_source();
        token = call.get_token();
    }
    std::stop_callback const forward(stop, [source = call]() mutable { source.request_stop(); });
    WatchInput const input = state.phase == Phase::Listing ? list(token) : watch(token);
    std::lock_guard const lock(mutex);
    stream_event_at.reset();
    if (std::exchange(stalled, false)) {
        return watch_input::StreamStalled{};
    }
    if (restart_reason.has_value()) {
        return watch_input::ProofFailed{*std::exchange(restart_reason, std::nullopt)};
    }
    return stop.stop_requested() ? std::nullopt : std::optional(input);
}

WatchInput Watcher::Impl::list(std::stop_token const& stop) {
    SteadyTime const started = clock.steady_now();
    ListOptions list_options;
    list_options.field_selector = options.field_selector;
    list_options.label_selector = options.label_selector;
    list_options.ns = options.ns;
    list_options.metadata_only = options.metadata_only;
    list_options.resource_version = state.list_version;
    bool const quorum = state.list_version.empty();
    // With a version the server answers from its cache, whole; pages would send it to etcd.
    list_options.limit = quorum || options.reduce ? options.page_size : 0;
    auto page = list_all_reduced(client, options.type, list_options, options.reduce, stop);
    if (!page) {
        return watch_input::Failed{page.error(), {}};
    }
    for (Json& item : page->items) {
        if (!options.managed_fields) {
            drop_managed_fields(item);
        }
    }
    hand_out(page->items, page->resource_version);
    listed(page->resource_version, quorum, started);
    return watch_input::Listed{page->resource_version};
}

WatchInput Watcher::Impl::watch(std::stop_token const& stop) {
    SteadyTime const started = clock.steady_now();
    WatchOptions watch_options;
    watch_options.field_selector = options.field_selector;
    watch_options.label_selector = options.label_selector;
    watch_options.ns = options.ns;
    watch_options.metadata_only = options.metadata_only;
    // 5 to 10 minutes: spreads the reconnects of many watchers.
    watch_options.timeout = 300s + std::chrono::seconds(static_cast<int>(300 * random.uniform()));
    if (state.phase == Phase::Streaming) {
        watch_options.send_initial_events = true;
        initial.clear();
        std::lock_guard const lock(mutex);
        stream_event_at = started;
        waker.wake();
    } else {
        watch_options.resource_version = state.resource_version;
    }
    events = 0;
    auto const result = client.watch(
        options.type, watch_options,
        [&](WatchEvent const& event) {
            ++events;
            if (state.phase == Phase::Streaming) {
                on_initial_event(event, started);
            } else {
                on_event(event);
            }
            return !stop.stop_requested();
        },
        stop);
    initial.clear();
    // Without a single event, what we knew before still holds.
    std::string const version = state.phase == Phase::Watching ? view.resource_version() : "";
    if (!result) {
        return watch_input::Failed{result.error(), version};
    }
    bool const brief = events == 0 && clock.steady_now() - started < very_short_watch;
    return watch_input::Ended{version, brief};
}

void Watcher::Impl::on_event(WatchEvent const& event) {
    Json const& object = *event.object;
    switch (event.type) {
        case WatchEventType::Added:
        case WatchEventType::Modified:
            if (handler.on_upsert) {
                handler.on_upsert(object);
            }
            view.upsert(object);
            return;
        case WatchEventType::Deleted:
            if (handler.on_delete) {
                handler.on_delete(object);
            }
            view.erase(object);
            return;
        case WatchEventType::Bookmark:
            view.advance(WatchView::version_of(object).resource_version);
            return;
    }
}

void Watcher::Impl::on_initial_event(WatchEvent const& event, SteadyTime started) {
    {
        std::lock_guard const lock(mutex);
        stream_event_at = clock.steady_now();
    }
    if (event.type == WatchEventType::Deleted) {
        initial.erase(key_of(*event.object));
        return;
    }
    if (event.type != WatchEventType::Bookmark) {
        Json copy = *event.object;
        if (!options.managed_fields) {
            drop_managed_fields(copy);
        }
        if (options.reduce) {
            options.reduce(copy);
        }
        initial.upsert(std::move(copy));
        return;
    }
    if (!ends_initial_events(*event.object)) {
        return;
    }
    std::string const version = WatchView::version_of(*event.object).resource_version;
    hand_out(initial.take(), version);
    state = step(state, watch_input::Listed{version}, clock.steady_now(), 0).state;
    listed(version, true, started);
}

void Watcher::Impl::hand_out(std::vector<Json> const& items, std::string const& version) {
    if (handler.on_replace) {
        handler.on_replace(items);
    }
    view.replace(items, version);
}

/// What was handed out is processed now, not only received.
void Watcher::Impl::listed(std::string const& version, bool quorum, SteadyTime started) {
    std::lock_guard const lock(mutex);
    log_debug("listed", {{"resource", options.type.plural}, {"resource_version", version}});
    stream_event_at.reset();
    synced = true;
    watch_trouble.clear();
    if (quorum) {
        proven_at = started;
        proof_trouble.clear();
        restart_reason.reset();
    }
    if (options.proof_interval > 0s) {
        proof_due = clock.steady_now() + (quorum ? jittered(options.proof_interval) : 0ns);
    }
    became_synced.notify_all();
    waker.wake();
}

void Watcher::Impl::apply(WatchStep next, std::stop_token const& stop) {
    if (state.watch_list && !next.state.watch_list) {
        log_info("the API server cannot stream lists; LIST and WATCH from now on",
                 {{"resource", options.type.plural}, {"reason", next.state.trouble}});
    } else if (!next.state.trouble.empty()) {
        log_warn("watching failed", {{"resource", options.type.plural},
                                     {"reason", next.state.trouble},
                                     {"next", to_string(next.state)},
                                     {"wait_ms", next.wait.count()}});
    }
    state = std::move(next.state);
    {
        std::lock_guard const lock(mutex);
        synced = state.synced;
        watch_trouble = state.trouble;
    }
    if (next.wait > 0ms) {
        clock.sleep_for(next.wait, stop);
    }
}

Watcher::Watcher(Client& client, WatcherOptions options, WatchHandler handler, Clock& clock,
                 Random& random)
    : impl_(std::make_unique<Impl>(client, std::move(options), std::move(handler), clock, random)) {
}

Watcher::~Watcher() {
    impl_->watching.request_stop();
    impl_->proving.request_stop();
}

void Watcher::start() {
    impl_->watching =
        std::jthread([impl = impl_.get()](std::stop_token const& stop) { impl->run(stop); });
    impl_->proving =
        std::jthread([impl = impl_.get()](std::stop_token const& stop) { impl->prove_loop(stop); });
}

bool Watcher::synced() const {
    std::lock_guard const lock(impl_->mutex);
    return impl_->synced;
}

bool Watcher::wait_synced(std::stop_token stop) const {
    std::unique_lock lock(impl_->mutex);
    return impl_->became_synced.wait(lock, std::move(stop), [this] { return impl_->synced; });
}

SteadyTime Watcher::last_proof() const {
    std::lock_guard const lock(impl_->mutex);
    return impl_->proven_at;
}

std::string Watcher::trouble() const {
    std::lock_guard const lock(impl_->mutex);
    return impl_->watch_trouble.empty() ? impl_->proof_trouble : impl_->watch_trouble;
}

}  // namespace rt::kube
