#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/clock.hpp"
#include "lib/kube/client/client.hpp"

namespace rt::test {

enum class Verb {
    Get,
    List,
    Watch,
    Create,
    Update,
    Apply,
    Patch,
    Delete,
    CreateSubresource,
    RawGet
};

/// A Kubernetes API server in this process, behind the same interface as the real client.
/// Thread-safe.
///
/// What it does as a real one does (unit/kube/contract holds both to the same expectations):
/// - resourceVersions that grow over all types, uids, creationTimestamp, generation (grows with
/// what is
///   neither metadata nor status), the label kubernetes.io/metadata.name on namespaces;
/// - server-side apply by field manager: fields left out of the next apply go, conflicts without
/// force
///   are a 409, uid and resourceVersion guard, an apply that changes nothing writes nothing. Lists
///   are owned whole;
/// - the status subresource of our own types: a main write ignores status, a status write the rest;
/// - DELETE with preconditions and finalizers; a deleted Namespace terminates until
/// finish_namespace();
/// - LIST with selectors, pages and "metadata only"; WATCH with selectors, from a resourceVersion,
/// with
///   410 for one that is compacted, silence for one that is in the future, bookmarks on command,
///   WatchList;
/// - Secret type immutable; creates in a terminating namespace are 403 NamespaceTerminating.
/// - metadata.managedFields of Secrets (put() is somebody else's update).
/// Not done: schemas, defaults, admission, garbage collection, managedFields of other types.
///
///     FakeClock clock;
///     FakeApiServer api(clock);
///     api.put(types::namespaces, {{"metadata", {{"name", "cainiao-prod"}}}});
///     api.fail_next(Verb::Apply, types::secrets, Error{ErrorKind::Throttled, "slow down"});
///     ... run the code under test against `api` ...
///     EXPECT_EQ(api.count(Verb::Apply, types::secrets), 2);
class FakeApiServer final : public kube::Client {
  public:
    struct Call {
        Verb verb = Verb::Get;
        std::string plural;
        kube::ObjectKey key;
        std::string subresource{};
        /// Of list and watch the resourceVersion asked for; of a subresource the spec sent.
        std::string detail{};
    };

    explicit FakeApiServer(Clock& clock);

    // What the world does. These are no calls, meet no faults and no guards.

    /// Creates or replaces the object (status included), as if somebody else had; adds apiVersion
    /// and kind. Returns it as stored.
    Json put(kube::ResourceType const& type, Json object);
    /// Removes it at once, finalizers or not.
    void erase(kube::ResourceType const& type, kube::ObjectKey const& key);
    [[nodiscard]] std::optional<Json> find(kube::ResourceType const& type,
                                           kube::ObjectKey const& key) const;
    [[nodiscard]] std::vector<Json> all(kube::ResourceType const& type) const;
    /// What the namespace controller does at the end: everything in it and then itself goes.
    void finish_namespace(std::string const& name);

    // Faults.

    /// The next `times` calls fail with `error` (-1: until clear_faults()). Watches fail at their
    /// start.
    void fail_next(Verb verb, kube::ResourceType const& type, Error error, int times = 1);
    void clear_faults();
    /// A 404 for every call, as before a CRD is established; open watches of it end.
    void set_missing(kube::ResourceType const& type, bool missing);
    /// Off: a WatchList gets the in-stream error of a storage that cannot do it. Default: on.
    void set_watch_list(bool supported);
    /// Watches from a version before now are 410 Expired from here on; open ones go on.
    void compact();
    /// Ends all open watches: in the regular way, or with `error`.
    void end_watches(std::optional<Error> error = std::nullopt);
    /// A bookmark on every open watch.
    void send_bookmarks();
    /// While on, changes of that type reach no watch, also not later: what a proof must find.
    void set_silent(kube::ResourceType const& type, bool silent);
    /// On: creates in a namespace that does not exist are 404. Default: off.
    void require_namespaces(bool on);
    /// Called before each call is served, outside of any lock: lets a test act in between.
    void on_call(std::function<void(Call const&)> hook);

    // What happened.

    [[nodiscard]] std::vector<Call> calls() const;
    [[nodiscard]] int count(Verb verb, kube::ResourceType const& type) const;
    /// Creates, updates, applies, patches and deletes of all types.
    [[nodiscard]] int writes() const;
    void clear_calls();
    /// Blocks until `count` watches of the type are open; false after 30 s of real time.
    [[nodiscard]] bool wait_for_watches(kube::ResourceType const& type, int count);
    [[nodiscard]] std::string resource_version() const;

    // kube::Client.

    Result<Json> get(kube::ResourceType const& type, kube::ObjectKey const& key,
                     std::stop_token stop) override;
    Result<kube::ListPage> list_page(kube::ResourceType const& type,
                                     kube::ListOptions const& options,
                                     std::string const& continue_token,
                                     std::stop_token stop) override;
    Result<Json> create(kube::ResourceType const& type, std::string const& ns, Json const& object,
                        std::stop_token stop) override;
    Result<Json> update(kube::ResourceType const& type, Json const& object,
                        std::string const& subresource, std::stop_token stop) override;
    Result<Json> apply(kube::ResourceType const& type, Json const& object,
                       kube::ApplyOptions const& options, std::stop_token stop) override;
    Result<Json> merge_patch(kube::ResourceType const& type, kube::ObjectKey const& key,
                             Json const& patch, std::string const& subresource,
                             std::stop_token stop) override;
    Result<void> remove(kube::ResourceType const& type, kube::ObjectKey const& key,
                        kube::Preconditions const& preconditions, std::stop_token stop) override;
    Result<void> watch(kube::ResourceType const& type, kube::WatchOptions const& options,
                       std::function<bool(kube::WatchEvent const&)> const& on_event,
                       std::stop_token stop) override;
    /// serviceaccounts/token answers with a token that names the ServiceAccount and a counter.
    Result<Json> create_subresource(kube::ResourceType const& type, kube::ObjectKey const& key,
                                    std::string const& subresource, Json const& body,
                                    std::stop_token stop) override;
    /// "/version", "/readyz" and "/livez"; everything else is a 404.
    Result<std::string> raw_get(std::string const& path, std::stop_token stop) override;

    /// Makes discovery know the type: raw_get("/apis/GROUP/VERSION") lists it.
    void serve(kube::ResourceType const& type);

  private:
    struct Change {
        std::uint64_t version = 0;
        Json before;  ///< null: created
        Json after;   ///< null: deleted
        bool silent = false;
    };
    struct Store {
        std::map<kube::ObjectKey, Json> objects;
        /// Per object and field manager, what it last applied.
        std::map<kube::ObjectKey, std::map<std::string, Json>> applied;
        std::deque<Change> history;
        bool missing = false;
        bool silent = false;
        int open_watches = 0;
    };
    struct Fault {
        Verb verb;
        std::string plural;
        Error error;
        int times;
    };
    /// One open watch.
    struct Cursor {
        kube::ResourceType type;
        kube::WatchOptions options;
        std::uint64_t version = 0;
        std::uint64_t bookmarks = 0;
    };
    using Event = std::pair<kube::WatchEventType, Json>;

    /// Records the call, runs the hook, and returns the fault or 404 that it meets.
    Result<void> enter(Call call, std::stop_token const& stop);
    // All below hold the mutex.
    Store& store_of(kube::ResourceType const& type) { return stores_[type]; }
    Result<void> check_namespace(kube::ResourceType const& type, std::string const& ns) const;
    Json commit(kube::ResourceType const& type, Json object);
    void discard(kube::ResourceType const& type, kube::ObjectKey const& key);
    Result<Json> store_update(kube::ResourceType const& type, Json wanted,
                              std::string const& subresource);
    std::optional<Event> next_event(Cursor& cursor);
    Result<void> follow(Cursor cursor, std::deque<Event> initial,
                        std::function<bool(kube::WatchEvent const&)> const& on_event,
                        std::stop_token const& stop);
    [[nodiscard]] std::vector<Json> matching(Store const& store, std::string const& ns,
                                             std::string const& fields, std::string const& labels,
                                             bool metadata_only) const;

    Clock& clock_;
    mutable std::mutex mutex_;
    std::map<std::string, std::string> raw_;
    std::condition_variable_any changed_;
    std::map<kube::ResourceType, Store> stores_;
    std::vector<Fault> faults_;
    std::vector<Call> calls_;
    std::function<void(Call const&)> hook_;
    std::uint64_t version_ = 1000;
    std::uint64_t compacted_ = 0;
    std::uint64_t uids_ = 0;
    std::uint64_t tokens_ = 0;
    std::uint64_t bookmarks_ = 0;
    std::uint64_t watch_epoch_ = 0;
    std::optional<Error> watch_end_;
    bool watch_list_ = true;
    bool require_namespaces_ = false;
};

}  // namespace rt::test
