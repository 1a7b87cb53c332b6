#include "webhook/index_feed.hpp"

#include <algorithm>
#include <array>

#include "lib/kube/runtime/watcher.hpp"

namespace rt::webhook {
namespace {

/// With 150 s, the default, every 60 s.
std::chrono::seconds proof_interval(std::chrono::seconds staleness_max) {
    return std::clamp(staleness_max * 2 / 5, std::chrono::seconds(1), std::chrono::seconds(60));
}

kube::WatcherOptions watch_of(kube::ResourceType const& type, bool metadata_only,
                              std::chrono::seconds staleness_max) {
    kube::WatcherOptions options;
    options.proof_interval = proof_interval(staleness_max);
    options.type = type;
    options.metadata_only = metadata_only;
    return options;
}

}  // namespace

struct IndexFeed::Watches {
    std::array<std::unique_ptr<kube::Watcher>, 4> all;
};

IndexFeed::IndexFeed(kube::Client& client, Clock& clock, Random& random,
                     std::function<bool(std::string_view)> excluded, std::chrono::seconds grace,
                     std::chrono::seconds exception_life_max, std::chrono::seconds staleness_max)
    : clock_(clock),
      builder_(clock, std::move(excluded), grace, exception_life_max),
      watches_(std::make_unique<Watches>()) {
    watches_->all[0] = std::make_unique<kube::Watcher>(
        client, watch_of(kube::types::registries, false, staleness_max),
        kube::WatchHandler{[this](auto const& items) { builder_.replace_registries(items); },
                           [this](auto const& object) { builder_.upsert_registry(object); },
                           [this](auto const& object) { builder_.remove_registry(object); }},
        clock, random);
    watches_->all[1] = std::make_unique<kube::Watcher>(
        client, watch_of(kube::types::registry_tenancies, false, staleness_max),
        kube::WatchHandler{[this](auto const& items) { builder_.replace_tenancies(items); },
                           [this](auto const& object) { builder_.upsert_tenancy(object); },
                           [this](auto const& object) { builder_.remove_tenancy(object); }},
        clock, random);
    watches_->all[3] = std::make_unique<kube::Watcher>(
        client, watch_of(kube::types::registry_exceptions, false, staleness_max),
        kube::WatchHandler{[this](auto const& items) { builder_.replace_exceptions(items); },
                           [this](auto const& object) { builder_.upsert_exception(object); },
                           [this](auto const& object) { builder_.remove_exception(object); }},
        clock, random);
    watches_->all[2] = std::make_unique<kube::Watcher>(
        client, watch_of(kube::types::namespaces, true, staleness_max),
        kube::WatchHandler{[this](auto const& items) { builder_.replace_namespaces(items); },
                           [this](auto const& object) { builder_.upsert_namespace(object); },
                           [this](auto const& object) { builder_.remove_namespace(object); }},
        clock, random);
}

IndexFeed::~IndexFeed() = default;

void IndexFeed::start() {
    for (auto const& watcher : watches_->all) {
        watcher->start();
    }
}

bool IndexFeed::all_synced() const {
    return std::all_of(watches_->all.begin(), watches_->all.end(),
                       [](auto const& watcher) { return watcher->synced(); });
}

void IndexFeed::tick() {
    builder_.expire();
    auto proven = SteadyTime::max();
    for (auto const& watcher : watches_->all) {
        proven = std::min(proven, watcher->last_proof());
    }
    proven_at_.store(proven.time_since_epoch().count(), std::memory_order_relaxed);
    synced_.store(all_synced(), std::memory_order_release);
}

PolicyView IndexFeed::view() const {
    PolicyView view;
    view.index = builder_.current();
    view.synced = synced_.load(std::memory_order_acquire);
    SteadyTime const proven{BootClock::duration(proven_at_.load(std::memory_order_relaxed))};
    view.age = std::max(
        std::chrono::milliseconds{0},
        std::chrono::duration_cast<std::chrono::milliseconds>(clock_.steady_now() - proven));
    return view;
}

IndexFigures IndexFeed::figures() const {
    return builder_.figures();
}

std::string IndexFeed::trouble() const {
    for (auto const& watcher : watches_->all) {
        if (std::string trouble = watcher->trouble(); !trouble.empty()) {
            return trouble;
        }
    }
    return all_synced() ? std::string() : "the first lists have not arrived yet";
}

}  // namespace rt::webhook
