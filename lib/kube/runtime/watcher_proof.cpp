#include <algorithm>
#include <nlohmann/json.hpp>

#include "lib/base/log.hpp"
#include "lib/kube/runtime/watcher_impl.hpp"

namespace rt::kube {
namespace {

using namespace std::chrono_literals;

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

}  // namespace

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
            // What is about to be listed again needs no proof.
            due = synced && now >= proof_due && !restart_reason.has_value();
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

}  // namespace rt::kube
