#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "e2e/sim/common/crypto.hpp"
#include "e2e/sim/common/faults.hpp"
#include "e2e/sim/common/http_values.hpp"
#include "e2e/sim/common/request_log.hpp"
#include "e2e/sim/common/world.hpp"

namespace sim {

/// What a simulator knows while it answers one request.
struct Scene {
    World const& world;
    Sealer const& sealer;
    FaultFile& faults;
    TimePoint now;
    LogRecord& log;
};

/// A simulated service: answers requests as values, without sockets. `answer` is called from
/// several threads at once.
class Simulator {
  public:
    virtual ~Simulator() = default;
    virtual Response answer(Request const& request, Scene& scene) = 0;
    /// How this service writes an error, for those found before `answer` is reached.
    virtual Response render_error(CloudError const& error) const = 0;
};

/// The name of a fault's mode, for the log.
std::string_view name_of(FaultMode mode);

/// Looks for a fault that meets the request, notes it in the log and returns it.
std::optional<Fault> take_fault(Scene& scene, FaultTarget const& target);

}  // namespace sim
