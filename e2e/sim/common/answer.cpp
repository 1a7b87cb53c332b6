#include "e2e/sim/common/answer.hpp"

#include <exception>
#include <iostream>

namespace sim {

Response Answerer::answer(const Request& request, TimePoint now) {
    LogRecord record;
    Response response;
    try {
        const auto world = world_.current();
        faults_.refresh();
        const Sealer sealer(world->sealing_key);
        Scene scene{*world, sealer, faults_, now, record};
        response = simulator_.answer(request, scene);
    } catch (const std::exception& error) {
        // The simulator's own trouble, never to be mistaken for the cloud's.
        std::cerr << "cannot answer " << request.method << " " << request.path << ": "
                  << error.what() << "\n";
        record.code = "SimulatorBroken";
        response = simulator_.render_error({500, "SimulatorBroken", error.what()});
    }
    record.http = response.hang ? 0 : response.status;
    if (record.code.empty()) record.code = "OK";
    log_.append(now, record);
    return response;
}

}  // namespace sim
