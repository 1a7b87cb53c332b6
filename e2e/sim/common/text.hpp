#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sim {

using TimePoint = std::chrono::system_clock::time_point;
using Parameters = std::vector<std::pair<std::string, std::string>>;

/// RFC 3986 percent encoding: keeps A-Z a-z 0-9 - _ . ~ and nothing else; upper-case hex.
std::string percent_encode(std::string_view text);

/// The reverse, with '+' for a space as in forms. Nothing for a broken escape.
std::optional<std::string> percent_decode(std::string_view text);

/// Parses `a=b&c=d` (a query or an urlencoded form), in the order written. Nothing when malformed.
std::optional<Parameters> parse_form(std::string_view text);

/// The first value of a parameter, or nothing.
std::optional<std::string> find_parameter(Parameters const& parameters, std::string_view name);

std::string lower_case(std::string_view text);
std::string trim(std::string_view text);
std::vector<std::string> split(std::string_view text, char separator);

/// Wildcards as in RAM policies: '*' is any run of bytes ('/' included), '?' one byte.
bool wildcard_match(std::string_view pattern, std::string_view text);

/// 2024-01-02T03:04:05Z, the only form the clouds accept.
std::string format_time(TimePoint time);
/// The same with milliseconds, for the request log.
std::string format_time_ms(TimePoint time);
/// RFC 9110 date, for the Date header.
std::string format_http_date(TimePoint time);
std::optional<TimePoint> parse_time(std::string_view text);

/// Strictly decimal and within [low, high]; nothing otherwise.
std::optional<long> parse_number(std::string_view text, long low, long high);

}  // namespace sim
