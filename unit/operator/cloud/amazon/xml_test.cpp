#include "operator/cloud/amazon/xml.hpp"

#include <gtest/gtest.h>

namespace rt::op::amazon {
namespace {

TEST(Xml, ReadsWhatTheQueryProtocolAnswers) {
    auto const root = parse_xml(
        "<?xml version=\"1.0\"?>\n<!-- a comment -->\n"
        "<Root xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\" a='>'>\n"
        "  <A>\n    <B>x &lt;&amp;&gt; &quot;&apos; &#65;&#x42;</B><!-- in between --><C/>\n"
        "  </A>\n  <A><B>second</B></A>\n</Root>\n");
    ASSERT_TRUE(root.has_value()) << root.error().message;
    EXPECT_EQ(root->name, "Root");
    EXPECT_EQ(root->text_at({"A", "B"}), "x <&> \"' AB");
    EXPECT_EQ(root->text_at({"A", "C"}), "");
    EXPECT_EQ(root->text_at({"A", "B", "nothing"}), "");
    EXPECT_EQ(root->children.size(), 2U);
    EXPECT_EQ(root->text, "") << "space between elements is no text";
}

std::string nested(int levels) {
    std::string text;
    for (int i = 0; i < levels; ++i) {
        text += "<a>";
    }
    for (int i = 0; i < levels; ++i) {
        text += "</a>";
    }
    return text;
}

std::string many(int count) {
    std::string text = "<r>";
    for (int i = 1; i < count; ++i) {
        text += "<a/>";
    }
    return text + "</r>";
}

TEST(Xml, HasLimits) {
    EXPECT_TRUE(parse_xml(nested(16)).has_value());
    EXPECT_FALSE(parse_xml(nested(17)).has_value());
    EXPECT_TRUE(parse_xml(many(1000)).has_value());
    EXPECT_FALSE(parse_xml(many(1001)).has_value());
    EXPECT_FALSE(parse_xml("<a>" + std::string(64 * 1024, 'x') + "</a>").has_value());
}

TEST(Xml, RefusesWhatIsBrokenOrTooClever) {
    for (std::string_view const text : {
             "",
             " ",
             "text",
             "<",
             "<>",
             "<a",
             "<a>",
             "<a/",
             "<a></b>",
             "<a></a",
             "<a></a><b></b>",
             "<a></a>text",
             "<a><b></a></b>",
             "<a b></a>",
             "<a b=c></a>",
             "<a b=\"c></a>",
             "<a>&unknown;</a>",
             "<a>&#0;</a>",
             "<a>&#233;</a>",
             "<a>&#xZ;</a>",
             "<a>& </a>",
             "<a>&",
             "<a><!-- no end </a>",
             "<?xml version=\"1.0\"",
             "<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><a>&b;</a>",
             "<a><![CDATA[x]]></a>",
             "<a><?php x ?></a>",
         }) {
        auto const root = parse_xml(text);
        ASSERT_FALSE(root.has_value()) << text;
        EXPECT_EQ(root.error().kind, ErrorKind::Corrupt) << text;
    }
}

}  // namespace
}  // namespace rt::op::amazon
