#include "e2e/sim/common/answer.hpp"

#include <exception>
#include <iostream>

namespace sim {
namespace {

/// What a request says: its address and body, and the claims of the JWTs in it.
std::string text_of(Request const& request) {
    std::string text = request.path + '?' + request.query + ' ' + request.body;
    std::string const sent = text;
    constexpr std::string_view letters =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
    for (std::size_t at = sent.find("eyJ"); at != std::string::npos; at = sent.find("eyJ", at)) {
        std::string const token = sent.substr(at, sent.find_first_not_of(letters, at) - at);
        auto const parts = split(token, '.');
        if (parts.size() == 3) {
            text += ' ' + base64url_decode(parts[1]).value_or("");
        }
        at += token.size();
    }
    return text;
}

}  // namespace

Response Answerer::answer(Request const& request, TimePoint now) {
    LogRecord record;
    Response response;
    try {
        auto const world = world_.current();
        faults_.refresh();
        Sealer const sealer(world->sealing_key);
        auto const clock = faults_.clock_for(text_of(request));
        TimePoint const here = now + std::chrono::seconds(clock ? clock->offset_seconds : 0);
        Scene scene{*world, sealer, faults_, here, record};
        response = simulator_.answer(request, scene);
        if (clock && record.fault.empty()) {
            record.fault = name_of(clock->mode);
        }
        if (clock && clock->date_header) {
            response.headers.emplace_back("Date", format_http_date(here));
        }
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
