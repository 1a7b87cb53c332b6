#include "lib/base/json.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace rt {
namespace {

std::string nested(int levels) {
    return std::string(static_cast<std::size_t>(levels), '[') +
           std::string(static_cast<std::size_t>(levels), ']');
}

TEST(ParseJson, reads_a_document) {
    auto const value = parse_json(R"({"a":[1,2.5,"x",null,true],"b":{}})");
    ASSERT_TRUE(value) << value.error().message;
    EXPECT_EQ((*value)["a"][2], "x");
    EXPECT_EQ(dump_json(*value), R"({"a":[1,2.5,"x",null,true],"b":{}})");
}

TEST(ParseJson, refuses_what_is_no_single_document) {
    for (std::string_view const text :
         {"", " ", "{", "{}x", "{} {}", "[1,]", "{\"a\":}", "{'a':1}", "nul", "01", "1e999",
          "\"\x01\"", "\"\xff\"", "{\"a\":1,}", "// comment\n{}", "NaN"}) {
        auto const value = parse_json(text);
        ASSERT_FALSE(value) << text;
        EXPECT_EQ(value.error().kind, ErrorKind::Corrupt) << text;
    }
}

TEST(ParseJson, bounds_size_and_depth) {
    JsonLimits limits;
    limits.depth_max = 5;
    limits.bytes_max = 20;
    EXPECT_TRUE(parse_json(nested(5), limits));
    auto const deep = parse_json(nested(6), limits);
    ASSERT_FALSE(deep);
    EXPECT_NE(deep.error().message.find("deeper than 5"), std::string::npos);
    auto const deep_object = parse_json(R"({"a":{"a":{"a":{"a":{"a":{}}}}}})", {1000, 5});
    EXPECT_FALSE(deep_object);
    EXPECT_FALSE(parse_json("\"" + std::string(19, 'x') + "\"", limits));
    EXPECT_TRUE(parse_json("\"" + std::string(18, 'x') + "\"", limits));
}

TEST(ParseJson, a_hostile_depth_costs_no_stack) {
    EXPECT_FALSE(parse_json(nested(1'000'000)));
    EXPECT_FALSE(parse_json(std::string(1'000'000, '[')));
}

TEST(ParseJson, refuses_duplicate_keys_in_one_object_only) {
    EXPECT_FALSE(parse_json(R"({"a":1,"a":1})"));
    EXPECT_FALSE(parse_json(R"([{"b":{"a":1,"c":2,"a":3}}])"));
    EXPECT_FALSE(parse_json(R"({"a":1,"\u0061":2})")) << "the same key, written differently";
    EXPECT_TRUE(parse_json(R"({"a":{"a":1},"b":{"a":1},"c":[{"a":1},{"a":2}]})"));
}

TEST(ParseJson, errors_never_quote_the_document) {
    for (std::string const text :
         {R"({"password":"canary")", R"({"canary":1,"canary":2})", R"(["canary",)"}) {
        auto const value = parse_json(text);
        ASSERT_FALSE(value);
        EXPECT_EQ(value.error().message.find("canary"), std::string::npos);
    }
}

TEST(DumpJson, replaces_invalid_utf8_instead_of_throwing) {
    EXPECT_EQ(dump_json(Json("a\xff")), "\"a\xEF\xBF\xBD\"");
}

TEST(JsonPointer, escapes_as_rfc_6901_says) {
    EXPECT_EQ(json_pointer("/metadata/annotations", "example.com/a~b"),
              "/metadata/annotations/example.com~1a~0b");
    EXPECT_EQ(json_pointer("/spec/containers", 3), "/spec/containers/3");
    EXPECT_EQ(json_pointer("", ""), "/");
}

TEST(JsonLookups, are_total) {
    Json const object{{"text", "x"}, {"number", 1}, {"null", nullptr}};
    EXPECT_EQ(string_at(object, "text"), "x");
    EXPECT_EQ(string_at(object, "number"), "");
    EXPECT_EQ(string_at(object, "missing"), "");
    EXPECT_EQ(find(object, "null"), nullptr);
    for (Json const& other : {Json(), Json(1), Json("text"), Json::array({1})}) {
        EXPECT_EQ(find(other, "text"), nullptr);
        EXPECT_EQ(string_at(other, "text"), "");
    }
}

}  // namespace
}  // namespace rt
