#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "lib/base/json.hpp"
#include "lib/kube/core/object.hpp"
#include "lib/kube/runtime/watch_view.hpp"
#include "lib/kube/runtime/watcher.hpp"

namespace rt::kube {

/// What is known of one resource type, as values of our own. Written by one watcher, read by any
/// thread. `decode` makes a T of an object; an object for which it gives nothing is kept out, and
/// taken out where an earlier version of it was in (a caller that wants to keep something says so
/// in its T).
///
/// Subscribers are called after each change, on the watcher's thread, with the keys that changed:
/// on a replace with those that came, went or have another version. They are also called, with no
/// key, when a replace changed nothing, because "synced" may depend on it.
template <class T>
class Store {
  public:
    using Decode = std::function<std::optional<T>(Json const& object)>;
    using Subscriber = std::function<void(std::vector<ObjectKey> const& changed)>;
    using Item = std::pair<ObjectKey, std::shared_ptr<T const>>;

    explicit Store(Decode decode) : decode_(std::move(decode)) {}
    Store(Store const&) = delete;
    Store& operator=(Store const&) = delete;

    /// Before the watcher starts.
    void subscribe(Subscriber subscriber) { subscribers_.push_back(std::move(subscriber)); }

    /// The value, or null.
    [[nodiscard]] std::shared_ptr<T const> get(ObjectKey const& key) const {
        std::shared_lock const lock(mutex_);
        auto const found = entries_.find(key);
        return found == entries_.end() ? nullptr : found->second.value;
    }

    /// Everything, in no order: pointers to the values, which never change.
    [[nodiscard]] std::vector<Item> snapshot() const {
        std::shared_lock const lock(mutex_);
        std::vector<Item> items;
        items.reserve(entries_.size());
        for (auto const& [key, entry] : entries_) {
            items.emplace_back(key, entry.value);
        }
        return items;
    }

    [[nodiscard]] std::size_t size() const {
        std::shared_lock const lock(mutex_);
        return entries_.size();
    }

    /// Grows with every change.
    [[nodiscard]] std::uint64_t generation() const {
        std::shared_lock const lock(mutex_);
        return generation_;
    }

    /// The handler that feeds this store; the store must outlive the watcher.
    [[nodiscard]] WatchHandler handler() {
        return {[this](std::vector<Json> const& items) { replace(items); },
                [this](Json const& object) { upsert(object); },
                [this](Json const& object) { erase(object); }};
    }

    void replace(std::vector<Json> const& items) {
        Entries fresh;
        fresh.reserve(items.size());
        for (Json const& item : items) {
            if (auto entry = entry_of(item); entry.value != nullptr) {
                fresh.insert_or_assign(key_of(item), std::move(entry));
            }
        }
        std::vector<ObjectKey> changed;
        {
            std::unique_lock const lock(mutex_);
            for (auto const& [key, entry] : fresh) {
                auto const old = entries_.find(key);
                if (old == entries_.end() || old->second.version != entry.version) {
                    changed.push_back(key);
                }
            }
            for (auto const& [key, entry] : entries_) {
                if (!fresh.contains(key)) {
                    changed.push_back(key);
                }
            }
            entries_.swap(fresh);
            ++generation_;
        }
        notify(changed);
    }

    void upsert(Json const& object) {
        ObjectKey const key = key_of(object);
        Entry entry = entry_of(object);
        {
            std::unique_lock const lock(mutex_);
            auto const old = entries_.find(key);
            if (old != entries_.end() && old->second.version == entry.version) {
                return;  // delivered twice
            }
            if (entry.value != nullptr) {
                entries_.insert_or_assign(key, std::move(entry));
            } else if (old != entries_.end()) {
                entries_.erase(old);
            }
            ++generation_;
        }
        notify({key});
    }

    void erase(Json const& object) {
        ObjectKey const key = key_of(object);
        {
            std::unique_lock const lock(mutex_);
            if (entries_.erase(key) == 0) {
                return;
            }
            ++generation_;
        }
        notify({key});
    }

  private:
    struct Entry {
        Version version;
        std::shared_ptr<T const> value;
    };
    using Entries = std::unordered_map<ObjectKey, Entry>;

    Entry entry_of(Json const& object) const {
        auto value = decode_(object);
        return {WatchView::version_of(object),
                value ? std::make_shared<T const>(*std::move(value)) : nullptr};
    }

    void notify(std::vector<ObjectKey> const& changed) const {
        for (Subscriber const& subscriber : subscribers_) {
            subscriber(changed);
        }
    }

    Decode const decode_;
    std::vector<Subscriber> subscribers_;
    mutable std::shared_mutex mutex_;
    Entries entries_;
    std::uint64_t generation_ = 0;
};

/// A watcher and the store that it feeds.
template <class T>
class Informer {
  public:
    Informer(Client& client, WatcherOptions options, typename Store<T>::Decode decode, Clock& clock,
             Random& random)
        : store_(std::move(decode)),
          watcher_(client, std::move(options), store_.handler(), clock, random) {}

    void start() { watcher_.start(); }
    /// Before start().
    void subscribe(typename Store<T>::Subscriber subscriber) {
        store_.subscribe(std::move(subscriber));
    }
    [[nodiscard]] Store<T> const& store() const { return store_; }
    [[nodiscard]] Watcher const& watcher() const { return watcher_; }
    [[nodiscard]] bool synced() const { return watcher_.synced(); }
    [[nodiscard]] bool wait_synced(std::stop_token stop) const {
        return watcher_.wait_synced(std::move(stop));
    }

  private:
    Store<T> store_;
    Watcher watcher_;  ///< last: its threads end before the store goes
};

}  // namespace rt::kube
