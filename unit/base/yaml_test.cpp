#include "lib/base/yaml.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace rt {
namespace {

TEST(YamlStandstill, IsFoundWhereAValueCannotBegin) {
    EXPECT_EQ(yaml_standstill(", a"), 1);
    EXPECT_EQ(yaml_standstill(",- a\n[%a\n"), 1);
    EXPECT_EQ(yaml_standstill("a: 1\n---\n, b\n"), 3);
}

TEST(YamlStandstill, IsNotSeenInWhatCanBeRead) {
    for (std::string const text : {"", "\n", "# only a comment\n", "a: 1\n", "---\n---\n",
                                   "---\n---\na: 1\n---\n", "...\n...\n", "a: 1\n---\nb: 2\n...\n",
                                   "- a\n- b\n", "{\"a\": [1, {\"b\": null}]}", "a: {b: 1"}) {
        EXPECT_EQ(yaml_standstill(text), std::nullopt) << text;
    }
}

}  // namespace
}  // namespace rt
