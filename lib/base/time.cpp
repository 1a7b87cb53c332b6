#include "lib/base/time.hpp"

#include <array>
#include <charconv>
#include <cstdio>

#include "lib/base/text.hpp"

namespace rt {
namespace {

using namespace std::chrono;

constexpr std::array<std::string_view, 12> month_names{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/// How much of a text that is no time is quoted.
constexpr std::size_t text_shown_max = 64;

struct Civil {
    int year = 0;
    unsigned month = 0;
    unsigned day = 0;
    int hour = 0;
    int minute = 0;
    int second = 0;
};

bool read_number(std::string_view& text, std::size_t digits, int& out) {
    if (text.size() < digits) {
        return false;
    }
    auto const [end, code] = std::from_chars(text.data(), text.data() + digits, out);
    if (code != std::errc{} || end != text.data() + digits || text.front() == '-') {
        return false;
    }
    text.remove_prefix(digits);
    return true;
}

bool read_char(std::string_view& text, char expected) {
    if (text.empty() || text.front() != expected) {
        return false;
    }
    text.remove_prefix(1);
    return true;
}

Result<WallTime> to_wall(Civil const& civil, std::string_view text) {
    year_month_day const date{year(civil.year), month(civil.month), day(civil.day)};
    bool const clock_ok = civil.hour < 24 && civil.minute < 60 && civil.second < 61;
    // Nanoseconds since 1970 in 64 bits, with room for an offset at both ends.
    bool const representable = civil.year >= 1678 && civil.year <= 2261;
    if (!date.ok() || !clock_ok || !representable) {
        return fail(invalid_argument("not a time between the years 1678 and 2261: " +
                                     printable(text, text_shown_max)));
    }
    return WallTime(sys_days(date).time_since_epoch() + hours(civil.hour) + minutes(civil.minute) +
                    seconds(civil.second));
}

Civil civil_of(WallTime time) {
    auto const day_point = floor<days>(time);
    year_month_day const date(day_point);
    hh_mm_ss const clock(floor<seconds>(time - day_point));
    return Civil{static_cast<int>(date.year()),
                 static_cast<unsigned>(date.month()),
                 static_cast<unsigned>(date.day()),
                 static_cast<int>(clock.hours().count()),
                 static_cast<int>(clock.minutes().count()),
                 static_cast<int>(clock.seconds().count())};
}

/// ".123456789" to nanoseconds; digits beyond the ninth are dropped.
bool read_fraction(std::string_view& text, nanoseconds& fraction) {
    if (!read_char(text, '.')) {
        return true;
    }
    std::int64_t scale = 100'000'000;
    bool any = false;
    while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
        fraction += nanoseconds(scale * (text.front() - '0'));
        scale /= 10;
        any = true;
        text.remove_prefix(1);
    }
    return any;
}

bool read_offset(std::string_view& text, minutes& offset) {
    if (read_char(text, 'Z') || read_char(text, 'z')) {
        return true;
    }
    int const sign = read_char(text, '+') ? 1 : (read_char(text, '-') ? -1 : 0);
    int hour = 0;
    int minute = 0;
    if (sign == 0 || !read_number(text, 2, hour) || !read_char(text, ':') ||
        !read_number(text, 2, minute) || hour > 23 || minute > 59) {
        return false;
    }
    offset = sign * (hours(hour) + minutes(minute));
    return true;
}

}  // namespace

std::string format_rfc3339(WallTime time) {
    Civil const c = civil_of(time);
    std::array<char, 32> buffer{};
    std::snprintf(buffer.data(), buffer.size(), "%04d-%02u-%02uT%02d:%02d:%02dZ", c.year, c.month,
                  c.day, c.hour, c.minute, c.second);
    return buffer.data();
}

std::string format_rfc3339_micro(WallTime time) {
    auto const micro = duration_cast<microseconds>(time - floor<seconds>(time)).count();
    std::string text = format_rfc3339(time);
    std::array<char, 16> buffer{};
    std::snprintf(buffer.data(), buffer.size(), ".%06dZ", static_cast<int>(micro));
    text.replace(text.size() - 1, 1, buffer.data());
    return text;
}

Result<WallTime> parse_rfc3339(std::string_view text) {
    std::string_view const whole = text;
    int year_number = 0;
    int month_number = 0;
    int day_number = 0;
    Civil civil;
    nanoseconds fraction{0};
    minutes offset{0};
    bool const shaped = read_number(text, 4, year_number) && read_char(text, '-') &&
                        read_number(text, 2, month_number) && read_char(text, '-') &&
                        read_number(text, 2, day_number) &&
                        (read_char(text, 'T') || read_char(text, 't')) &&
                        read_number(text, 2, civil.hour) && read_char(text, ':') &&
                        read_number(text, 2, civil.minute) && read_char(text, ':') &&
                        read_number(text, 2, civil.second) && read_fraction(text, fraction) &&
                        read_offset(text, offset) && text.empty();
    if (!shaped) {
        return fail(invalid_argument("not an RFC 3339 time: " + printable(whole, text_shown_max)));
    }
    civil.year = year_number;
    civil.month = static_cast<unsigned>(month_number);
    civil.day = static_cast<unsigned>(day_number);
    RT_TRY(WallTime const seconds_part, to_wall(civil, whole));
    return seconds_part + duration_cast<WallTime::duration>(fraction) - offset;
}

std::string format_http_date(WallTime time) {
    static constexpr std::array<char const*, 7> weekdays{"Sun", "Mon", "Tue", "Wed",
                                                         "Thu", "Fri", "Sat"};
    Civil const c = civil_of(time);
    unsigned const weekday_index = weekday(floor<days>(time)).c_encoding();
    std::array<char, 40> buffer{};
    std::snprintf(buffer.data(), buffer.size(), "%s, %02u %s %04d %02d:%02d:%02d GMT",
                  weekdays[weekday_index], c.day, month_names[c.month - 1].data(), c.year, c.hour,
                  c.minute, c.second);
    return buffer.data();
}

Result<WallTime> parse_http_date(std::string_view text) {
    std::string_view const whole = text;
    auto const malformed = [&] {
        return fail(invalid_argument("not an HTTP date: " + printable(whole, text_shown_max)));
    };
    auto const comma = text.find(", ");
    if (comma == std::string_view::npos) {
        return malformed();
    }
    text.remove_prefix(comma + 2);
    Civil civil;
    int day_number = 0;
    if (!read_number(text, 2, day_number) || !read_char(text, ' ') || text.size() < 3) {
        return malformed();
    }
    for (unsigned index = 0; index < month_names.size(); ++index) {
        if (text.starts_with(month_names[index])) {
            civil.month = index + 1;
        }
    }
    text.remove_prefix(3);
    bool const shaped = civil.month != 0 && read_char(text, ' ') &&
                        read_number(text, 4, civil.year) && read_char(text, ' ') &&
                        read_number(text, 2, civil.hour) && read_char(text, ':') &&
                        read_number(text, 2, civil.minute) && read_char(text, ':') &&
                        read_number(text, 2, civil.second) && text == " GMT";
    if (!shaped) {
        return malformed();
    }
    civil.day = static_cast<unsigned>(day_number);
    return to_wall(civil, whole);
}

}  // namespace rt
