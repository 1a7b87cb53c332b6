#include "e2e/sim/common/answer.hpp"

#include <exception>
#include <iostream>

namespace sim {

Response Answerer::answer(Request const& request, TimePoint now) {
    LogRecord record;
    Response response;
    try {
        auto const world = world_.current();
        faults_.refresh();
        Sealer const sealer(world->sealing_key);
        Scene scene{*world, sealer, faults_, now, record};
        response = simulator_.answer(request, scene);
    } catch (std::exception const& error) {
        // The simulator's own trouble, never to be mistaken for the cloud's.
        std::cerr << "cannot answer " << request.method << " " << request.path << ": "
                  << error.what() << "\n";
        record.code = "SimulatorBroken";
        response = simulator_.render_error({500, "SimulatorBroken", error.what()});
    }
    record.http = response.hang ? 0 : response.status;
    if (record.code.empty()) {
        record.code = "OK";
    }
    log_.append(now, record);
    return response;
}

}  // namespace sim
