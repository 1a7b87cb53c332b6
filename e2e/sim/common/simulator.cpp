#include "e2e/sim/common/simulator.hpp"

namespace sim {

std::string const& Request::header(std::string const& lower_case_name) const {
    static std::string const none;
    auto const at = headers.find(lower_case_name);
    return at == headers.end() ? none : at->second;
}

std::string_view name_of(FaultMode mode) {
    switch (mode) {
        case FaultMode::Error:
            return "error";
        case FaultMode::Throttle:
            return "throttle";
        case FaultMode::Garbage:
            return "garbage";
        case FaultMode::Timeout:
            return "timeout";
        case FaultMode::Empty:
            return "empty";
        case FaultMode::Expired:
            return "expired";
        case FaultMode::Slow:
            return "slow";
        case FaultMode::Short:
            return "short";
        case FaultMode::Clock:
            return "clock";
    }
    return "unknown";
}

std::optional<Fault> take_fault(Scene& scene, FaultTarget const& target) {
    auto fault = scene.faults.take(target);
    if (fault) {
        scene.log.fault = name_of(fault->mode);
        scene.log.code = "fault";
    }
    return fault;
}

}  // namespace sim
