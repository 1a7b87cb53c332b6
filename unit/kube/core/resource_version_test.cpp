#include "lib/kube/core/resource_version.hpp"

#include <gtest/gtest.h>

#include <string>

namespace rt::kube {
namespace {

TEST(ResourceVersion, OnlyDigitsWithoutLeadingZeroAreWellFormed) {
    for (std::string const version : {"1", "10", "340282366920938463463374607431768211455"}) {
        EXPECT_TRUE(well_formed_resource_version(version)) << version;
    }
    for (std::string const version : {"", "0", "01", "-1", "1a", " 1", "1.0"}) {
        EXPECT_FALSE(well_formed_resource_version(version)) << version;
    }
}

TEST(ResourceVersion, AreOrderedByLengthThenText) {
    using Order = std::strong_ordering;
    EXPECT_EQ(compare_resource_versions("9", "10"), Order::less);
    EXPECT_EQ(compare_resource_versions("100", "99"), Order::greater);
    EXPECT_EQ(compare_resource_versions("123", "124"), Order::less);
    EXPECT_EQ(compare_resource_versions("7", "7"), Order::equal);
    EXPECT_EQ(compare_resource_versions("99999999999999999999", "100000000000000000000"),
              Order::less);
    EXPECT_EQ(compare_resource_versions("0", "1"), std::nullopt);
    EXPECT_EQ(compare_resource_versions("abc", "abc"), std::nullopt);
}

TEST(ResourceVersion, WithoutAnOrderOnlyEqualityCounts) {
    EXPECT_TRUE(at_least_resource_version("abc", "abc"));
    EXPECT_FALSE(at_least_resource_version("abd", "abc"));
    EXPECT_TRUE(at_least_resource_version("12", "9"));
    EXPECT_FALSE(at_least_resource_version("9", "12"));
}

}  // namespace
}  // namespace rt::kube
