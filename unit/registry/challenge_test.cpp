#include "lib/registry/challenge.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rt::registry {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<Challenge> parse(std::string value) {
    return parse_challenges({{"WWW-Authenticate", std::move(value)}});
}

TEST(Challenges, AreReadAsRfc7235Says) {
    Challenge const bearer{"bearer",
                           {{"realm", "https://auth.example.com/token"}, {"service", "a,b"}}};
    EXPECT_THAT(parse(R"(Bearer realm="https://auth.example.com/token",service="a,b")"),
                ElementsAre(bearer));
    EXPECT_THAT(parse(R"(BEARER  Realm = "https://auth.example.com/token" , SERVICE="a,b" ,)"),
                ElementsAre(bearer));
    EXPECT_THAT(parse(R"(Basic realm="a \"quoted\" \\ word")"),
                ElementsAre(Challenge{"basic", {{"realm", R"(a "quoted" \ word)"}}}));
    EXPECT_THAT(parse("Negotiate"), ElementsAre(Challenge{"negotiate"}));
}

TEST(Challenges, ComeSeveralInAFieldAndInSeveralFields) {
    auto const in_one = parse(R"(Basic realm="x", Bearer realm="https://a/",service=s)");
    EXPECT_THAT(in_one,
                ElementsAre(Challenge{"basic", {{"realm", "x"}}},
                            Challenge{"bearer", {{"realm", "https://a/"}, {"service", "s"}}}));
    auto const in_two = parse_challenges({{"www-authenticate", R"(Basic realm="x")"},
                                          {"Server", "y"},
                                          {"Www-Authenticate", R"(Bearer realm="https://a/")"}});
    EXPECT_THAT(in_two, ElementsAre(Challenge{"basic", {{"realm", "x"}}},
                                    Challenge{"bearer", {{"realm", "https://a/"}}}));
    EXPECT_EQ(find_scheme(in_two, "bearer"), &in_two[1]);
    EXPECT_EQ(find_scheme(in_two, "digest"), nullptr);
}

TEST(Challenges, OfMalformedFieldsGiveWhatCameBefore) {
    EXPECT_THAT(parse(""), IsEmpty());
    EXPECT_THAT(parse(R"(realm="without a scheme")"), IsEmpty());
    EXPECT_THAT(parse(R"(Bearer realm="never ends)"),
                ElementsAre(Challenge{"bearer", {{"realm", "never ends"}}}));
    EXPECT_THAT(parse("Bearer realm=a \x01 service=b"),
                ElementsAre(Challenge{"bearer", {{"realm", "a"}}}));
    // The first of two equal parameters counts; a field has no end of challenges.
    EXPECT_THAT(parse("Bearer realm=a, realm=b"),
                ElementsAre(Challenge{"bearer", {{"realm", "a"}}}));
    std::string many;
    for (int i = 0; i < 1000; ++i) {
        many += "Scheme, ";
    }
    EXPECT_EQ(parse(many).size(), 16U);
}

}  // namespace
}  // namespace rt::registry
