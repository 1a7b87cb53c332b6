#include "lib/base/secret.hpp"

#include <gtest/gtest.h>

#include <concepts>
#include <ostream>
#include <string>
#include <type_traits>
#include <utility>

#include "lib/base/log.hpp"

namespace rt {
namespace {

template <class T>
concept Printed = requires(std::ostream& out, T const& value) { out << value; };

// What must not compile.
static_assert(!Printed<SecretString>);
static_assert(!std::is_copy_constructible_v<SecretString>);
static_assert(!std::is_copy_assignable_v<SecretString>);
static_assert(!std::convertible_to<SecretString, std::string>);
static_assert(!std::convertible_to<SecretString, std::string_view>);
static_assert(!std::convertible_to<std::string, SecretString>, "only on purpose");
static_assert(!std::constructible_from<LogField, std::string_view, SecretString const&>);

TEST(SecretString, reveals_what_it_was_given) {
    SecretString const secret("pass\0word");
    EXPECT_EQ(secret.reveal(), "pass");
    EXPECT_EQ(SecretString(std::string_view("a\0b", 3)).size(), 3U);
    EXPECT_TRUE(SecretString().empty());
    EXPECT_EQ(SecretString("").reveal(), "");
}

TEST(SecretString, moves_hand_over_the_one_buffer) {
    SecretString first("secret");
    char const* const bytes = first.reveal().data();
    SecretString second(std::move(first));
    EXPECT_EQ(second.reveal().data(), bytes);
    EXPECT_TRUE(first.empty());
    EXPECT_EQ(first.reveal(), "");
    SecretString third("older");
    third = std::move(second);
    EXPECT_EQ(third.reveal(), "secret");
    EXPECT_TRUE(second.empty());
    third = std::move(*&third);
    EXPECT_EQ(third.reveal(), "secret") << "self-assignment";
}

TEST(SecretString, clones_are_independent) {
    SecretString original("secret");
    SecretString const copy = original.clone();
    original = SecretString("other");
    EXPECT_EQ(copy.reveal(), "secret");
}

TEST(SecretString, compares_by_content) {
    EXPECT_TRUE(SecretString("a").equals(SecretString("a")));
    EXPECT_FALSE(SecretString("a").equals(SecretString("b")));
    EXPECT_FALSE(SecretString("a").equals(SecretString("ab")));
    EXPECT_TRUE(SecretString().equals(SecretString("")));
}

}  // namespace
}  // namespace rt
