#include "e2e/sim/common/request_log.hpp"

#include <cpprest/json.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <iostream>
#include <stdexcept>
#include <utility>

namespace sim {

RequestLog::RequestLog(std::string const& path, std::string simulator)
    : simulator_(std::move(simulator)) {
    if (path.empty()) {
        return;
    }
    file_ = open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    if (file_ < 0) {
        throw std::runtime_error(path + ": " + std::strerror(errno));
    }
}

RequestLog::~RequestLog() {
    if (file_ >= 0) {
        close(file_);
    }
}

void RequestLog::append(TimePoint time, LogRecord const& record) const {
    if (file_ < 0) {
        return;
    }
    web::json::value line = web::json::value::object(true);
    auto const put = [&line](char const* key, std::string const& text) {
        if (!text.empty()) {
            line[key] = web::json::value::string(text);
        }
    };
    put("time", format_time_ms(time));
    put("simulator", simulator_);
    put("action", record.action);
    put("caller", record.caller);
    put("role", record.role);
    put("session", record.session);
    put("externalId", record.external_id);
    put("policy", record.policy);
    put("instance", record.instance);
    put("scope", record.scope);
    put("granted", record.granted);
    put("fault", record.fault);
    put("code", record.code);
    line["http"] = web::json::value::number(record.http);
    std::string const text = line.serialize() + "\n";
    // One write with O_APPEND: lines of several processes never mix.
    if (write(file_, text.data(), text.size()) < 0) {
        std::cerr << "request log: " << std::strerror(errno) << "\n";
    }
}

}  // namespace sim
