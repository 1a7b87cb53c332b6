#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

namespace rt {

/// One typed field of a log line. SecretString does not convert to it, on purpose.
struct LogField {
    using Value = std::variant<std::string, std::int64_t, double, bool>;

    std::string_view key;
    Value value;

    LogField(std::string_view name, std::string_view text) : key(name), value(std::string(text)) {}
    LogField(std::string_view name, char const* text) : key(name), value(std::string(text)) {}
    LogField(std::string_view name, std::string const& text) : key(name), value(text) {}
    LogField(std::string_view name, double number) : key(name), value(number) {}
    LogField(std::string_view name, bool flag) : key(name), value(flag) {}
    template <std::integral Number>
        requires(!std::same_as<Number, bool>)
    LogField(std::string_view name, Number number)
        : key(name), value(static_cast<std::int64_t>(number)) {}
};

enum class LogLevel { Debug, Info, Warn, Error };

/// JSON lines on stderr: {"time","level","message",fields...}. `message` is a constant; what varies
/// goes into fields. Control bytes are escaped. Thread-safe; never call it per allowed request.
void log_line(LogLevel level, std::string_view message, std::initializer_list<LogField> fields);

inline void log_debug(std::string_view message, std::initializer_list<LogField> fields = {}) {
    log_line(LogLevel::Debug, message, fields);
}
inline void log_info(std::string_view message, std::initializer_list<LogField> fields = {}) {
    log_line(LogLevel::Info, message, fields);
}
inline void log_warn(std::string_view message, std::initializer_list<LogField> fields = {}) {
    log_line(LogLevel::Warn, message, fields);
}
inline void log_error(std::string_view message, std::initializer_list<LogField> fields = {}) {
    log_line(LogLevel::Error, message, fields);
}

/// Lines below `level` are dropped. Default: Info.
void set_log_level(LogLevel level);
/// Writes out what is buffered; call before the process ends.
void flush_log();

}  // namespace rt
