#include "lib/base/text.hpp"

#include <gtest/gtest.h>

#include <array>

namespace rt {
namespace {

TEST(Printable, escapes_every_byte_outside_printable_ascii) {
    EXPECT_EQ(printable("plain text ~", 100), "plain text ~");
    EXPECT_EQ(printable("a\nb\x1b[0m", 100), "a\\x0Ab\\x1B[0m");
    EXPECT_EQ(printable("\xC3\xA9\x7f", 100), "\\xC3\\xA9\\x7F");
    EXPECT_EQ(printable(std::string_view("\0", 1), 100), "\\x00");
}

TEST(Printable, cuts_between_characters_and_never_exceeds_its_limit) {
    EXPECT_EQ(printable("abcdef", 6), "abcdef");
    EXPECT_EQ(printable("abcdefg", 6), "abc...");
    EXPECT_EQ(printable("a\n\n", 8), "a\\x0A...") << "no half an escape";
    EXPECT_EQ(printable("\n\n", 6), "...");
    EXPECT_EQ(printable("abc", 0), "");
    EXPECT_EQ(printable("abc", 2), "..");
    std::string const mixed = "ab\ncd\xff" + std::string(20, 'e') + "\n\n";
    for (std::size_t limit = 0; limit < 50; ++limit) {
        EXPECT_LE(printable(mixed, limit).size(), limit);
    }
}

TEST(Split, keeps_empty_parts) {
    using Parts = std::vector<std::string_view>;
    EXPECT_EQ(split("a,b", ','), (Parts{"a", "b"}));
    EXPECT_EQ(split(",a,,", ','), (Parts{"", "a", "", ""}));
    EXPECT_EQ(split("", ','), (Parts{""}));
}

TEST(Join, puts_the_separator_between) {
    EXPECT_EQ(join(std::vector<std::string>{"a", "", "b"}, ", "), "a, , b");
    EXPECT_EQ(join(std::vector<std::string>{}, ", "), "");
}

TEST(ToLowerAscii, leaves_other_bytes_alone) {
    EXPECT_EQ(to_lower_ascii("AbZ-\xC3\x89"), "abz-\xC3\x89");
}

// RFC 3986 section 2.3; what every cloud's request signing asks for.
TEST(PercentEncode, keeps_only_unreserved_characters) {
    EXPECT_EQ(percent_encode("AZaz09-._~"), "AZaz09-._~");
    EXPECT_EQ(percent_encode("a b/c+d*e&f=g%:"), "a%20b%2Fc%2Bd%2Ae%26f%3Dg%25%3A");
    EXPECT_EQ(percent_encode("\xC3\xA9"), "%C3%A9");
}

TEST(Nearest, offers_only_what_may_have_been_meant) {
    std::array<std::string_view, 3> const known{"clusterName", "excludedNamespaces", "webhook"};
    EXPECT_EQ(nearest("clustername", known), "clusterName");
    EXPECT_EQ(nearest("excludeNamespace", known), "excludedNamespaces");
    EXPECT_EQ(nearest("wehbook", known), "webhook");
    EXPECT_EQ(nearest("operator", known), "");
    EXPECT_EQ(nearest("", known), "");
    EXPECT_EQ(nearest("x", {}), "");
}

}  // namespace
}  // namespace rt
