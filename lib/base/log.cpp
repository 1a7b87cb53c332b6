#include "lib/base/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "lib/base/json.hpp"
#include "lib/base/time.hpp"

namespace rt {
namespace {

spdlog::level::level_enum spdlog_level(LogLevel level) {
    switch (level) {
        case LogLevel::Debug:
            return spdlog::level::debug;
        case LogLevel::Warn:
            return spdlog::level::warn;
        case LogLevel::Error:
            return spdlog::level::err;
        case LogLevel::Info:
            break;
    }
    return spdlog::level::info;
}

std::string_view name_of(LogLevel level) {
    switch (level) {
        case LogLevel::Debug:
            return "debug";
        case LogLevel::Warn:
            return "warn";
        case LogLevel::Error:
            return "error";
        case LogLevel::Info:
            break;
    }
    return "info";
}

spdlog::logger& logger() {
    // Never destroyed: threads may log until the very end of the process.
    static auto* const instance = [] {
        auto* const made =
            new spdlog::logger("rt", std::make_shared<spdlog::sinks::stderr_sink_mt>());
        made->set_pattern("%v");
        made->set_level(spdlog::level::info);
        made->flush_on(spdlog::level::info);
        return made;
    }();
    return *instance;
}

}  // namespace

void log_line(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
    spdlog::logger& out = logger();
    if (!out.should_log(spdlog_level(level))) {
        return;
    }
    nlohmann::ordered_json line;
    line["time"] = format_rfc3339_micro(system_clock().wall_now());
    line["level"] = name_of(level);
    line["message"] = message;
    for (LogField const& field : fields) {
        std::visit([&](auto const& value) { line[std::string(field.key)] = value; }, field.value);
    }
    out.log(spdlog_level(level),
            line.dump(-1, ' ', true, nlohmann::ordered_json::error_handler_t::replace));
}

void set_log_level(LogLevel level) {
    logger().set_level(spdlog_level(level));
}

void flush_log() {
    logger().flush();
}

}  // namespace rt
