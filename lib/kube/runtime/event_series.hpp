#pragma once

#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include "lib/base/clock.hpp"
#include "lib/base/json.hpp"
#include "lib/base/random.hpp"
#include "lib/kube/core/object.hpp"
#include "lib/kube/runtime/event_recorder.hpp"

namespace rt::kube {

/// One call of EventRecorder::record().
struct EventOccurrence {
    ObjectReference regarding;
    EventType type = EventType::Normal;
    std::string reason;
    std::string action;
    std::string note;
    WallTime at;
};

/// What is to be written to the API server.
struct EventWrite {
    struct Growth {
        int count = 0;
        WallTime last_at;
    };
    ObjectKey key;
    /// A new Event, or how the series of one that exists has grown.
    std::variant<EventOccurrence, Growth> what;

    [[nodiscard]] bool create() const { return std::holds_alternative<EventOccurrence>(what); }
};

/// Decides which occurrences become new Events and which lengthen a series (events.k8s.io/v1):
/// equal ones, by object, type, reason and note, are one Event whose `series` is written at most
/// once in six minutes; six minutes without one end the series. Pure but for the names it draws.
class EventSeries {
  public:
    EventSeries(std::string component, std::string instance, Random& random);

    /// Nothing where it only counts for now.
    [[nodiscard]] std::optional<EventWrite> add(EventOccurrence const& occurrence, SteadyTime now);
    /// The Event of that key was not created: the next occurrence begins anew.
    void forget(ObjectKey const& key);
    /// The series that are due to be written; forgets those that ended.
    [[nodiscard]] std::vector<EventWrite> due(SteadyTime now);
    /// When due() has something to do next; SteadyTime::max() where never.
    [[nodiscard]] SteadyTime next_due() const;
    [[nodiscard]] std::size_t size() const { return series_.size(); }
    /// The whole Event where it is to be created, else the merge patch of its series.
    [[nodiscard]] Json body_of(EventWrite const& write) const;

  private:
    using Identity = std::tuple<std::string, std::string, std::string, std::string, std::string,
                                EventType, std::string, std::string>;
    struct Series {
        ObjectKey key;
        int count = 1;
        int written_count = 1;
        WallTime last_at;
        SteadyTime last_seen;
        SteadyTime next_write;
    };
    [[nodiscard]] Json new_event(EventOccurrence const& occurrence, ObjectKey const& key) const;

    std::string const component_;
    std::string const instance_;
    Random& random_;
    std::map<Identity, Series> series_;
};

}  // namespace rt::kube
