#include <algorithm>
#include <charconv>

#include "lib/kube/core/status.hpp"
#include "unit/support/fake_api_fields.hpp"
#include "unit/support/fake_api_server.hpp"

namespace rt::test {
namespace {

using kube::ResourceType;
using kube::WatchEventType;

Error api_error(ErrorKind kind, int status, std::string code, std::string message) {
    Error error{kind, std::move(message)};
    error.code = std::move(code);
    error.http_status = status;
    return error;
}

Error expired() {
    return api_error(ErrorKind::Expired, 410, "Expired",
                     "too old resource version: the requested version was compacted");
}

std::uint64_t number_of(std::string const& text) {
    std::uint64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

bool selected(Json const& object, kube::WatchOptions const& options) {
    return !object.is_null() && (options.ns.empty() || kube::key_of(object).ns == options.ns) &&
           matches_fields(object, options.field_selector) &&
           matches_labels(object, options.label_selector);
}

Json shaped(Json object, kube::WatchOptions const& options) {
    return options.metadata_only ? metadata_only(object) : object;
}

Json bookmark(ResourceType const& type, std::uint64_t version, bool ends_initial) {
    Json object = {{"apiVersion", type.api_version()},
                   {"kind", type.kind},
                   {"metadata", {{"resourceVersion", std::to_string(version)}}}};
    if (ends_initial) {
        object["metadata"]["annotations"] = {{"k8s.io/initial-events-end", "true"}};
    }
    return object;
}

}  // namespace

void FakeApiServer::fail_next(Verb verb, ResourceType const& type, Error error, int times) {
    std::lock_guard const lock(mutex_);
    faults_.push_back({verb, type.plural, std::move(error), times});
}

void FakeApiServer::clear_faults() {
    std::lock_guard const lock(mutex_);
    faults_.clear();
}

void FakeApiServer::set_missing(ResourceType const& type, bool missing) {
    std::lock_guard const lock(mutex_);
    store_of(type).missing = missing;
    changed_.notify_all();
}

void FakeApiServer::set_watch_list(bool supported) {
    std::lock_guard const lock(mutex_);
    watch_list_ = supported;
}

void FakeApiServer::compact() {
    std::lock_guard const lock(mutex_);
    compacted_ = ++version_;
}

void FakeApiServer::end_watches(std::optional<Error> error) {
    std::lock_guard const lock(mutex_);
    ++watch_epoch_;
    watch_end_ = std::move(error);
    changed_.notify_all();
}

void FakeApiServer::send_bookmarks() {
    std::lock_guard const lock(mutex_);
    ++bookmarks_;
    changed_.notify_all();
}

void FakeApiServer::set_silent(ResourceType const& type, bool silent) {
    std::lock_guard const lock(mutex_);
    store_of(type).silent = silent;
}

void FakeApiServer::require_namespaces(bool on) {
    std::lock_guard const lock(mutex_);
    require_namespaces_ = on;
}

void FakeApiServer::on_call(std::function<void(Call const&)> hook) {
    std::lock_guard const lock(mutex_);
    hook_ = std::move(hook);
}

std::vector<FakeApiServer::Call> FakeApiServer::calls() const {
    std::lock_guard const lock(mutex_);
    return calls_;
}

int FakeApiServer::count(Verb verb, ResourceType const& type) const {
    std::lock_guard const lock(mutex_);
    return static_cast<int>(std::ranges::count_if(
        calls_, [&](Call const& call) { return call.verb == verb && call.plural == type.plural; }));
}

int FakeApiServer::writes() const {
    std::lock_guard const lock(mutex_);
    return static_cast<int>(std::ranges::count_if(calls_, [](Call const& call) {
        return call.verb == Verb::Create || call.verb == Verb::Update || call.verb == Verb::Apply ||
               call.verb == Verb::Patch || call.verb == Verb::Delete;
    }));
}

void FakeApiServer::clear_calls() {
    std::lock_guard const lock(mutex_);
    calls_.clear();
}

bool FakeApiServer::wait_for_watches(ResourceType const& type, int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(30),
                             [&] { return store_of(type).open_watches >= count; });
}

std::string FakeApiServer::resource_version() const {
    std::lock_guard const lock(mutex_);
    return std::to_string(version_);
}

Result<void> FakeApiServer::enter(Call call, std::stop_token const& stop) {
    std::function<void(Call const&)> hook;
    {
        std::lock_guard const lock(mutex_);
        calls_.push_back(call);
        hook = hook_;
    }
    if (hook) {
        hook(call);
    }
    if (stop.stop_requested()) {
        return fail(Error{ErrorKind::Cancelled, "stopped"});
    }
    std::lock_guard const lock(mutex_);
    auto const fault = std::ranges::find_if(faults_, [&](Fault const& one) {
        return one.verb == call.verb && one.plural == call.plural;
    });
    if (fault != faults_.end()) {
        Error error = fault->error;
        if (fault->times > 0 && --fault->times == 0) {
            faults_.erase(fault);
        }
        return fail(std::move(error));
    }
    bool const missing = std::ranges::any_of(stores_, [&](auto const& entry) {
        return entry.first.plural == call.plural && entry.second.missing;
    });
    if (missing) {
        // A type that is not served: prose, no Status.
        return fail(api_error(ErrorKind::NotFound, 404, "", "HTTP 404"));
    }
    return {};
}

std::vector<Json> FakeApiServer::matching(Store const& store, std::string const& ns,
                                          std::string const& fields, std::string const& labels,
                                          bool partial) const {
    std::vector<Json> items;
    for (auto const& [key, object] : store.objects) {
        if ((ns.empty() || key.ns == ns) && matches_fields(object, fields) &&
            matches_labels(object, labels)) {
            items.push_back(partial ? metadata_only(object) : object);
        }
    }
    return items;
}

Result<kube::ListPage> FakeApiServer::list_page(ResourceType const& type,
                                                kube::ListOptions const& options,
                                                std::string const& continue_token,
                                                std::stop_token stop) {
    RT_CHECK(
        enter({Verb::List, type.plural, {options.ns, ""}, "", options.resource_version}, stop));
    std::lock_guard const lock(mutex_);
    if (number_of(options.resource_version) > version_) {
        Error error = api_error(ErrorKind::Unavailable, 504,
                                std::string(kube::codes::resource_version_too_large),
                                "Timeout: Too large resource version");
        error.retry_after = std::chrono::seconds(1);
        return fail(std::move(error));
    }
    auto items = matching(store_of(type), options.ns, options.field_selector,
                          options.label_selector, options.metadata_only);
    // "VERSION:OFFSET"; good as long as that version is not compacted.
    std::uint64_t version = version_;
    std::size_t offset = 0;
    if (!continue_token.empty()) {
        auto const colon = continue_token.find(':');
        version = number_of(continue_token.substr(0, colon));
        offset = number_of(continue_token.substr(colon + 1));
        if (version < compacted_) {
            return fail(expired());
        }
    }
    kube::ListPage page;
    page.resource_version = std::to_string(version);
    std::size_t const end =
        options.limit > 0 ? std::min(items.size(), offset + static_cast<std::size_t>(options.limit))
                          : items.size();
    for (std::size_t index = offset; index < end; ++index) {
        page.items.push_back(std::move(items[index]));
    }
    if (end < items.size()) {
        page.continue_token = page.resource_version + ":" + std::to_string(end);
    }
    return page;
}

/// The next change that this watch sees, as the event it sees; moves the cursor.
std::optional<FakeApiServer::Event> FakeApiServer::next_event(Cursor& cursor) {
    kube::WatchOptions const& options = cursor.options;
    for (Change const& change : store_of(cursor.type).history) {
        if (change.version <= cursor.version) {
            continue;
        }
        cursor.version = change.version;
        bool const was = selected(change.before, options);
        bool const is = selected(change.after, options);
        if (change.silent || (!was && !is)) {
            continue;
        }
        if (is) {
            return Event{was ? WatchEventType::Modified : WatchEventType::Added,
                         shaped(change.after, options)};
        }
        Json last = shaped(change.before, options);
        last["metadata"]["resourceVersion"] = std::to_string(change.version);
        return Event{WatchEventType::Deleted, std::move(last)};
    }
    if (cursor.bookmarks != bookmarks_ && cursor.version <= version_) {
        cursor.bookmarks = bookmarks_;
        return Event{WatchEventType::Bookmark, bookmark(cursor.type, version_, false)};
    }
    return std::nullopt;
}

Result<void> FakeApiServer::watch(ResourceType const& type, kube::WatchOptions const& options,
                                  std::function<bool(kube::WatchEvent const&)> const& on_event,
                                  std::stop_token stop) {
    RT_CHECK(enter({Verb::Watch,
                    type.plural,
                    {options.ns, ""},
                    options.send_initial_events ? "sendInitialEvents" : "",
                    options.resource_version},
                   stop));
    Cursor cursor{type, options, number_of(options.resource_version), 0};
    std::deque<Event> initial;
    {
        std::lock_guard const lock(mutex_);
        cursor.bookmarks = bookmarks_;
        if (options.send_initial_events) {
            if (!watch_list_) {
                return fail(api_error(ErrorKind::Unavailable, 500, "InternalError",
                                      "required storage feature RequestWatchProgress is disabled"));
            }
            for (Json& item : matching(store_of(type), options.ns, options.field_selector,
                                       options.label_selector, options.metadata_only)) {
                initial.emplace_back(WatchEventType::Added, std::move(item));
            }
            initial.emplace_back(WatchEventType::Bookmark, bookmark(type, version_, true));
            cursor.version = version_;
        } else if (cursor.version == 0) {
            cursor.version = version_;
        } else if (cursor.version < compacted_) {
            return fail(expired());
        }
    }
    return follow(std::move(cursor), std::move(initial), on_event, stop);
}

Result<void> FakeApiServer::follow(Cursor cursor, std::deque<Event> initial,
                                   std::function<bool(kube::WatchEvent const&)> const& on_event,
                                   std::stop_token const& stop) {
    std::unique_lock lock(mutex_);
    Store& store = store_of(cursor.type);
    ++store.open_watches;
    changed_.notify_all();
    std::uint64_t const epoch = watch_epoch_;
    Result<void> outcome;
    while (true) {
        std::optional<Event> event;
        auto const something = [&] {
            return watch_epoch_ != epoch || store.missing || !initial.empty() ||
                   (event = next_event(cursor)).has_value();
        };
        if (!changed_.wait(lock, stop, something)) {
            outcome = fail(Error{ErrorKind::Cancelled, "stopped"});
            break;
        }
        if (!event.has_value() && !initial.empty()) {
            event = std::move(initial.front());
            initial.pop_front();
        }
        if (!event.has_value()) {
            if (watch_end_.has_value() && !store.missing) {
                outcome = fail(*watch_end_);
            }
            break;
        }
        lock.unlock();
        bool const go_on = on_event({event->first, &event->second});
        lock.lock();
        if (!go_on) {
            break;
        }
    }
    --store.open_watches;
    return outcome;
}

}  // namespace rt::test
