#include "lib/kube/runtime/watcher.hpp"

#include <condition_variable>
#include <exception>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>
#include <unordered_map>
#include <utility>

#include "lib/base/log.hpp"
#include "lib/kube/runtime/backoff.hpp"
#include "lib/kube/runtime/waker.hpp"
#include "lib/kube/runtime/watch_machine.hpp"
#include "lib/kube/runtime/watch_view.hpp"

namespace rt::kube {
namespace {

using namespace std::chrono_literals;
using Phase = WatchState::Phase;

/// A server that knows WatchList sends its initial events without a pause; this long without one
/// means that it ignored the parameter and waits for changes.
constexpr std::chrono::seconds stream_pause_max = 60s;
/// How long a difference between the view and a proof LIST may last: the watch lags behind by less.
constexpr std::chrono::seconds healing_time = 5s;
constexpr std::chrono::milliseconds healing_step = 250ms;
/// A proof that could not be made is tried again this soon, whatever the interval.
constexpr std::chrono::seconds proof_retry = 5s;
/// 500 PartialObjectMetadata are about 300 KB.
constexpr int proof_page_size = 500;
constexpr std::chrono::seconds very_short_watch = 1s;

void drop_managed_fields(Json& object) {
    if (auto const metadata = object.find("metadata");
        metadata != object.end() && metadata->is_object()) {
        metadata->erase("managedFields");
    }
}

}  // namespace

struct Watcher::Impl {
    Impl(Client& api, WatcherOptions watcher_options, WatchHandler watch_handler,
         Clock& watcher_clock, Random& watcher_random)
        : client(api),
          options(std::move(watcher_options)),
          handler(std::move(watch_handler)),
          clock(watcher_clock),
          random(watcher_random),
          state(first_state(options.watch_list, options.quorum_first_list)) {}

    // The watching thread.
    void run(std::stop_token const& stop);
    std::optional<WatchInput> perform(std::stop_token const& stop);
    WatchInput list(std::stop_token const& stop);
    WatchInput watch(std::stop_token const& stop);
    void on_event(WatchEvent const& event);
    void on_initial_event(WatchEvent const& event, SteadyTime started);
    void hand_out(std::vector<Json> items, std::string const& version);
    void listed(std::string const& version, bool quorum, SteadyTime started);
    void apply(WatchStep next, std::stop_token const& stop);

    // The proving thread.
    void prove_loop(std::stop_token const& stop);
    SteadyTime next_check();
    void prove(std::stop_token const& stop);
    Result<std::pair<WatchView::Listing, std::string>> read_versions(std::stop_token const& stop);
    void settle_proof(SteadyTime due, std::string trouble, std::optional<SteadyTime> proven);
    void restart(std::string reason);

    std::chrono::nanoseconds jittered(std::chrono::milliseconds interval) {
        return scaled(interval, 0.9 + 0.2 * random.uniform());
    }

    Client& client;
    WatcherOptions const options;
    WatchHandler const handler;
    Clock& clock;
    Random& random;
    WatchView view;

    // Only the watching thread.
    WatchState state;
    std::unordered_map<ObjectKey, Json> initial;
    std::size_t events = 0;

    // Shared, under the mutex.
    mutable std::mutex mutex;
    mutable std::condition_variable_any became_synced;
    bool synced = false;
    std::string watch_trouble;
    std::string proof_trouble;
    SteadyTime proven_at{};
    SteadyTime proof_due = Waker::never;
    std::optional<SteadyTime> stream_event_at;  ///< while initial events are awaited
    std::stop_source call;                      ///< ends the call that is under way
    std::optional<std::string> restart_reason;
    bool stalled = false;

    Waker waker;
    std::jthread watching;
    std::jthread proving;
};

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
    list_options.limit = quorum ? options.page_size : 0;
    auto page = list_all(client, options.type, list_options, stop);
    if (!page) {
        return watch_input::Failed{page.error(), {}};
    }
    for (Json& item : page->items) {
        if (!options.managed_fields) {
            drop_managed_fields(item);
        }
    }
    hand_out(std::move(page->items), page->resource_version);
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
        initial.insert_or_assign(key_of(copy), std::move(copy));
        return;
    }
    if (!ends_initial_events(*event.object)) {
        return;
    }
    std::vector<Json> items;
    items.reserve(initial.size());
    for (auto& [key, object] : initial) {
        items.push_back(std::move(object));
    }
    initial.clear();
    std::string const version = WatchView::version_of(*event.object).resource_version;
    hand_out(std::move(items), version);
    state = step(state, watch_input::Listed{version}, clock.steady_now(), 0).state;
    listed(version, true, started);
}

void Watcher::Impl::hand_out(std::vector<Json> items, std::string const& version) {
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

void Watcher::Impl::prove_loop(std::stop_token const& stop) {
    while (!stop.stop_requested()) {
        waker.sleep_until(clock, next_check(), stop);
        SteadyTime const now = clock.steady_now();
        bool due = false;
        {
            std::lock_guard const lock(mutex);
            if (stream_event_at.has_value() && now - *stream_event_at >= stream_pause_max) {
                stream_event_at.reset();
                stalled = true;
                call.request_stop();
            }
            due = synced && now >= proof_due;
        }
        if (due && !stop.stop_requested()) {
            prove(stop);
        }
    }
}

SteadyTime Watcher::Impl::next_check() {
    std::lock_guard const lock(mutex);
    SteadyTime next = synced ? proof_due : Waker::never;
    if (stream_event_at.has_value()) {
        next = std::min(next, *stream_event_at + stream_pause_max);
    }
    return next;
}

void Watcher::Impl::prove(std::stop_token const& stop) {
    SteadyTime const started = clock.steady_now();
    std::uint64_t const replacements = view.replacements();
    view.begin_proof();
    auto const listing = read_versions(stop);
    std::optional<std::string> wrong;
    if (listing) {
        SteadyTime const patience = clock.steady_now() + healing_time;
        wrong = view.disagreement(listing->first, listing->second);
        while (wrong.has_value() && view.replacements() == replacements &&
               clock.steady_now() < patience) {
            if (!clock.sleep_for(healing_step, stop)) {
                break;
            }
            wrong = view.disagreement(listing->first, listing->second);
        }
    }
    view.end_proof();
    SteadyTime const next = clock.steady_now() + jittered(options.proof_interval);
    if (stop.stop_requested()) {
        return;
    }
    if (!listing) {
        auto const soon = std::min<std::chrono::milliseconds>(options.proof_interval, proof_retry);
        settle_proof(clock.steady_now() + jittered(soon), listing.error().message, std::nullopt);
    } else if (!wrong.has_value()) {
        settle_proof(next, "", started);
    } else if (view.replacements() != replacements) {
        // Listed again meanwhile: that list was the proof, and this one compared two different
        // things.
        settle_proof(next, "", std::nullopt);
    } else {
        log_error("a watch missed events; listing again",
                  {{"resource", options.type.plural}, {"reason", *wrong}});
        settle_proof(next, *wrong, std::nullopt);
        restart(*wrong);
    }
}

Result<std::pair<WatchView::Listing, std::string>> Watcher::Impl::read_versions(
    std::stop_token const& stop) {
    ListOptions list_options;
    list_options.field_selector = options.field_selector;
    list_options.label_selector = options.label_selector;
    list_options.ns = options.ns;
    list_options.metadata_only = true;
    list_options.limit = proof_page_size;
    WatchView::Listing versions;
    versions.reserve(view.size());
    std::string continue_token;
    while (true) {
        RT_TRY(auto const page, client.list_page(options.type, list_options, continue_token, stop));
        for (Json const& item : page.items) {
            versions.insert_or_assign(key_of(item), WatchView::version_of(item));
        }
        // The same token again would never end.
        if (page.continue_token.empty() || page.continue_token == continue_token) {
            return std::pair(std::move(versions), page.resource_version);
        }
        continue_token = page.continue_token;
    }
}

void Watcher::Impl::settle_proof(SteadyTime due, std::string trouble,
                                 std::optional<SteadyTime> proven) {
    std::lock_guard const lock(mutex);
    proof_due = due;
    proof_trouble = std::move(trouble);
    if (proven.has_value()) {
        proven_at = std::max(proven_at, *proven);
    }
}

void Watcher::Impl::restart(std::string reason) {
    auto current = [&] {
        std::lock_guard const lock(mutex);
        restart_reason = std::move(reason);
        return call;
    }();
    current.request_stop();
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
