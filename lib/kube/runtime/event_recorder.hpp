#pragma once

#include <memory>
#include <string>

#include "lib/base/clock.hpp"
#include "lib/kube/client/client.hpp"

namespace rt::kube {

/// What an Event is about.
struct ObjectReference {
    std::string api_version;
    std::string kind;
    std::string ns;
    std::string name;
    std::string uid{};
};

enum class EventType { Normal, Warning };

/// Writes events.k8s.io/v1 Events from a bounded queue on a thread of its own; record() never
/// blocks. Equal events (same object, reason, note) become one series, at most one write per 6
/// minutes after the first; a full queue drops and counts. Notes are cut to 1,024 bytes and made
/// printable.
class EventRecorder {
  public:
    EventRecorder(Client& client, std::string component, std::string instance, Clock& clock);
    ~EventRecorder();  ///< flushes for at most 2 s

    void record(ObjectReference const& regarding, EventType type, std::string const& reason,
                std::string const& action, std::string const& note);
    [[nodiscard]] std::size_t dropped() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace rt::kube
