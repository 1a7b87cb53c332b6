#include "lib/base/time.hpp"

#include <gtest/gtest.h>

namespace rt {
namespace {

using namespace std::chrono;
using std::chrono_literals::operator""s;

WallTime at(int year_number, unsigned month_number, unsigned day_number, seconds of_day = 0s) {
    return WallTime(sys_days(year(year_number) / month(month_number) / day(day_number)) + of_day);
}

TEST(Rfc3339, formats_utc_with_whole_seconds_and_with_microseconds) {
    WallTime const time = at(2026, 1, 2, 3h + 4min + 5s);
    EXPECT_EQ(format_rfc3339(time), "2026-01-02T03:04:05Z");
    EXPECT_EQ(format_rfc3339_micro(time), "2026-01-02T03:04:05.000000Z");
    EXPECT_EQ(format_rfc3339(time + 999ms), "2026-01-02T03:04:05Z") << "cut, not rounded";
    EXPECT_EQ(format_rfc3339_micro(time + 42us), "2026-01-02T03:04:05.000042Z");
    EXPECT_EQ(format_rfc3339(at(1969, 12, 31, 86'399s)), "1969-12-31T23:59:59Z");
}

TEST(Rfc3339, parses_what_apis_send) {
    struct Case {
        char const* text;
        WallTime time;
    };
    Case const cases[] = {
        {"2026-01-02T03:04:05Z", at(2026, 1, 2, 3h + 4min + 5s)},
        {"2026-01-02t03:04:05z", at(2026, 1, 2, 3h + 4min + 5s)},
        {"2026-01-02T03:04:05.5Z", at(2026, 1, 2, 3h + 4min + 5s) + 500ms},
        {"2026-01-02T03:04:05.123456789Z", at(2026, 1, 2, 3h + 4min + 5s) + 123'456'789ns},
        {"2026-01-02T03:04:05.1234567899Z", at(2026, 1, 2, 3h + 4min + 5s) + 123'456'789ns},
        {"2026-01-02T03:04:05+08:00", at(2026, 1, 1, 19h + 4min + 5s)},
        {"2026-01-02T03:04:05-00:30", at(2026, 1, 2, 3h + 34min + 5s)},
        {"2024-02-29T00:00:00Z", at(2024, 2, 29)},
        {"2016-12-31T23:59:60Z", at(2017, 1, 1)},
        {"2261-12-31T23:59:59-23:59", at(2262, 1, 1, 23h + 58min + 59s)},
    };
    for (Case const& c : cases) {
        auto const parsed = parse_rfc3339(c.text);
        ASSERT_TRUE(parsed) << c.text << ": " << parsed.error().message;
        EXPECT_EQ(*parsed, time_point_cast<WallTime::duration>(c.time)) << c.text;
    }
}

TEST(Rfc3339, refuses_everything_else) {
    for (std::string_view const text : {"",
                                        "2026",
                                        "2026-01-02",
                                        "2026-01-02T03:04:05",
                                        "2026-01-02 03:04:05Z",
                                        "2026-1-2T03:04:05Z",
                                        "2026-13-01T00:00:00Z",
                                        "2026-02-29T00:00:00Z",
                                        "2026-00-10T00:00:00Z",
                                        "2026-01-02T24:00:00Z",
                                        "2026-01-02T03:60:00Z",
                                        "2026-01-02T03:04:61Z",
                                        "2026-01-02T03:04:05.Z",
                                        "2026-01-02T03:04:05,5Z",
                                        "2026-01-02T03:04:05+0800",
                                        "2026-01-02T03:04:05+24:00",
                                        "2026-01-02T03:04:05+00:60",
                                        "2026-01-02T03:04:05Zx",
                                        " 2026-01-02T03:04:05Z",
                                        "-026-01-02T03:04:05Z",
                                        "2026-01-02T-3:04:05Z",
                                        "9999-12-31T23:59:59Z",
                                        "0001-01-01T00:00:00Z"}) {
        auto const parsed = parse_rfc3339(text);
        ASSERT_FALSE(parsed) << text;
        EXPECT_EQ(parsed.error().kind, ErrorKind::InvalidArgument) << text;
    }
}

TEST(Rfc3339, quotes_foreign_bytes_harmlessly) {
    auto const parsed = parse_rfc3339("\x1b[31m" + std::string(1000, 'x'));
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().message.find('\x1b'), std::string::npos);
    EXPECT_LT(parsed.error().message.size(), 200U);
}

TEST(Rfc3339, round_trips) {
    for (int days_number = 0; days_number < 40'000; days_number += 37) {
        WallTime const time = at(1970, 1, 1) + days(days_number) + 12'345s;
        EXPECT_EQ(*parse_rfc3339(format_rfc3339(time)), time);
    }
}

TEST(HttpDate, formats_and_parses_the_fixed_form) {
    WallTime const time = at(1994, 11, 6, 8h + 49min + 37s);
    EXPECT_EQ(format_http_date(time), "Sun, 06 Nov 1994 08:49:37 GMT");
    EXPECT_EQ(*parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), time);
    EXPECT_EQ(format_http_date(at(2026, 2, 28)), "Sat, 28 Feb 2026 00:00:00 GMT");
    for (int days_number = 0; days_number < 800; ++days_number) {
        WallTime const day = at(2025, 1, 1) + days(days_number);
        EXPECT_EQ(*parse_http_date(format_http_date(day)), day);
    }
}

TEST(HttpDate, refuses_everything_else) {
    for (std::string_view const text :
         {"", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 UTC",
          "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
          "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 06 Foo 1994 08:49:37 GMT",
          "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 25:49:37 GMT",
          "Sun, 06 Nov 1994 08:49:37 GMT "}) {
        EXPECT_FALSE(parse_http_date(text)) << text;
    }
}

}  // namespace
}  // namespace rt
