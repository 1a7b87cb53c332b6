#pragma once

#include "e2e/sim/common/simulator.hpp"

namespace sim {

/// Everything about one request except the socket: re-reads world and faults, asks the simulator,
/// writes the log. Never throws: what goes wrong inside becomes an HTTP 500 that says so.
class Answerer {
  public:
    Answerer(Simulator& simulator, WorldFile& world, FaultFile& faults, RequestLog const& log)
        : simulator_(simulator), world_(world), faults_(faults), log_(log) {}

    Response answer(Request const& request, TimePoint now);

  private:
    Simulator& simulator_;
    WorldFile& world_;
    FaultFile& faults_;
    RequestLog const& log_;
};

}  // namespace sim
