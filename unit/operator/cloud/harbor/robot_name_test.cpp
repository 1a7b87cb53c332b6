#include "operator/cloud/harbor/robot_name.hpp"

#include <gtest/gtest.h>

#include <regex>

namespace rt::op::harbor {
namespace {

std::string const mark = cluster_mark("0b7e4f0e-uid-of-kube-system");
WallTime const then{std::chrono::seconds(1'767'323'045)};

/// Harbor's own rule (validateName).
bool harbor_takes(std::string const& name) {
    static std::regex const rule("[a-z0-9]+(?:[._-][a-z0-9]+)*");
    return std::regex_match(name, rule) && name.size() <= 255;
}

TEST(RobotName, tells_people_and_us_whose_it_is) {
    std::string const name = robot_name(mark, "demo", "cainiao-prod", "harbor", then);
    EXPECT_EQ(name, "rt." + mark + ".demo.cainiao-prod." + owner_mark("cainiao-prod", "harbor") +
                        ".1767323045");
    EXPECT_EQ(parse_robot_name("robot$" + name, mark),
              (OwnedName{owner_mark("cainiao-prod", "harbor"), then}));
}

TEST(RobotName, is_one_that_Harbor_takes) {
    for (std::string const text :
         {"demo", "a--b", "-", "UPPER", "with.dots", "9", "", "ends-", "cluster of ours/2"}) {
        for (std::string const& ns :
             {std::string("ns"), std::string(63, 'a'), std::string("a--b")}) {
            std::string const name = robot_name(mark, text, ns, "r", then);
            EXPECT_TRUE(harbor_takes(name)) << name;
            EXPECT_TRUE(parse_robot_name(name, mark)) << name;
        }
    }
    EXPECT_TRUE(harbor_takes(robot_name(mark, std::string(63, '-') + "a", std::string(63, 'n'),
                                        std::string(253, 'r'), then)));
}

TEST(RobotName, keeps_owners_apart_that_read_the_same) {
    EXPECT_NE(robot_name(mark, "c", "a-b", "r", then), robot_name(mark, "c", "a--b", "r", then));
    EXPECT_NE(robot_name(mark, "c", "a", "r", then), robot_name(mark, "c", "a", "s", then));
    EXPECT_NE(owner_mark("a", "b"), owner_mark("ab", ""));
}

TEST(RobotName, is_not_ours_unless_every_part_says_so) {
    std::string const name = robot_name(mark, "demo", "ns", "harbor", then);
    EXPECT_FALSE(parse_robot_name(name, cluster_mark("another cluster")));
    std::string const start = robot_name_start(mark);
    std::string const owner = owner_mark("ns", "harbor");
    for (std::string const& foreign :
         {std::string("robot$backup"), std::string("robot$rt"), start, start + "demo",
          start + "demo.ns." + owner, start + "demo.ns." + owner + ".",
          start + "demo.ns." + owner + ".12x", start + "demo.ns." + owner + ".0",
          start + "demo.ns." + owner + ".-5", start + "demo.ns.short.1767323045",
          start + "demo.ns." + owner + ".1767323045.more",
          start + "demo.ns." + owner + ".176732304500"}) {
        EXPECT_FALSE(parse_robot_name(foreign, mark)) << foreign;
    }
}

}  // namespace
}  // namespace rt::op::harbor
