#include "lib/kube/runtime/event_series.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "lib/base/text.hpp"
#include "lib/base/time.hpp"

namespace rt::kube {
namespace {

/// client-go's event broadcaster ends a series after as long.
constexpr std::chrono::minutes series_interval{6};
/// Beyond this, the oldest series is forgotten: its next occurrence is a new Event, nothing worse.
constexpr std::size_t series_max = 2'000;
/// events.k8s.io/v1 validation: note at most 1 kB, action and reason 128 bytes.
constexpr std::size_t note_bytes_max = 1024;
constexpr std::size_t word_bytes_max = 128;
/// A name is at most 253 bytes; the random part and the dot take 17 of them.
constexpr std::size_t name_prefix_bytes_max = 236;

}  // namespace

EventSeries::EventSeries(std::string component, std::string instance, Random& random)
    : component_(std::move(component)), instance_(std::move(instance)), random_(random) {}

Json EventSeries::new_event(EventOccurrence const& occurrence, ObjectKey const& key) const {
    ObjectReference const& about = occurrence.regarding;
    Json regarding = {
        {"apiVersion", about.api_version}, {"kind", about.kind}, {"name", about.name}};
    if (!about.ns.empty()) {
        regarding["namespace"] = about.ns;
    }
    if (!about.uid.empty()) {
        regarding["uid"] = about.uid;
    }
    return {{"apiVersion", types::events.api_version()},
            {"kind", types::events.kind},
            {"metadata", {{"name", key.name}, {"namespace", key.ns}}},
            {"eventTime", format_rfc3339_micro(occurrence.at)},
            {"reportingController", component_},
            {"reportingInstance", instance_.substr(0, word_bytes_max)},
            {"action", occurrence.action.substr(0, word_bytes_max)},
            {"reason", occurrence.reason.substr(0, word_bytes_max)},
            {"type", occurrence.type == EventType::Normal ? "Normal" : "Warning"},
            {"note", printable(occurrence.note, note_bytes_max)},
            {"regarding", regarding}};
}

Json EventSeries::body_of(EventWrite const& write) const {
    if (auto const* const growth = std::get_if<EventWrite::Growth>(&write.what)) {
        return {{"series",
                 {{"count", growth->count},
                  {"lastObservedTime", format_rfc3339_micro(growth->last_at)}}}};
    }
    return new_event(std::get<EventOccurrence>(write.what), write.key);
}

std::optional<EventWrite> EventSeries::add(EventOccurrence const& occurrence, SteadyTime now) {
    ObjectReference const& about = occurrence.regarding;
    Identity identity{about.api_version, about.kind,      about.ns,          about.name,
                      about.uid,         occurrence.type, occurrence.reason, occurrence.note};
    if (auto const known = series_.find(identity);
        known != series_.end() && now - known->second.last_seen < series_interval) {
        ++known->second.count;
        known->second.last_at = occurrence.at;
        known->second.last_seen = now;
        return std::nullopt;
    }
    if (series_.size() >= series_max) {
        series_.erase(std::ranges::min_element(
            series_, {}, [](auto const& entry) { return entry.second.last_seen; }));
    }
    // Events live in the namespace of what they are about; those about cluster-scoped objects in
    // "default" (the API server's rule).
    ObjectKey const key{about.ns.empty() ? "default" : about.ns,
                        about.name.substr(0, name_prefix_bytes_max) + "." + random_.hex(8)};
    series_.insert_or_assign(std::move(identity),
                             Series{key, 1, 1, occurrence.at, now, now + series_interval});
    return EventWrite{key, occurrence};
}

void EventSeries::forget(ObjectKey const& key) {
    std::erase_if(series_, [&](auto const& entry) { return entry.second.key == key; });
}

std::vector<EventWrite> EventSeries::due(SteadyTime now) {
    std::vector<EventWrite> writes;
    for (auto entry = series_.begin(); entry != series_.end();) {
        Series& series = entry->second;
        if (series.next_write > now) {
            ++entry;
            continue;
        }
        bool const grew = series.count > series.written_count;
        if (grew) {
            writes.push_back({series.key, EventWrite::Growth{series.count, series.last_at}});
            series.written_count = series.count;
            series.next_write = now + series_interval;
        }
        bool const ended = now - series.last_seen >= series_interval;
        entry = ended ? series_.erase(entry) : std::next(entry);
        if (!ended && !grew) {
            series.next_write = series.last_seen + series_interval;
        }
    }
    return writes;
}

SteadyTime EventSeries::next_due() const {
    SteadyTime next = SteadyTime::max();
    for (auto const& [identity, series] : series_) {
        next = std::min(next, series.next_write);
    }
    return next;
}

}  // namespace rt::kube
