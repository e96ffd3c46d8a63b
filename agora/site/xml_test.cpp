// SPDX-License-Identifier: MIT
// The XML of feeds and sitemaps: whatever the texts are, the document is well-formed.
#include <gtest/gtest.h>

#include <agora/site/xml.hpp>

namespace agora::site {
namespace {

std::string text_of(std::string_view content)
{
    xml_writer out;
    out.element("a", content, {{"b", content}});
    auto all = out.take();
    const auto begin = all.find("<a");
    return all.substr(begin, all.size() - begin - 1);
}

TEST(xml, text_and_attributes_are_escaped)
{
    EXPECT_EQ(text_of("<&>\"'"), "<a b=\"&lt;&amp;&gt;&quot;'\">&lt;&amp;&gt;&quot;'</a>");
    EXPECT_EQ(text_of("]]>"), "<a b=\"]]&gt;\">]]&gt;</a>");
}

TEST(xml, what_xml_forbids_is_left_out)
{
    using namespace std::string_view_literals;
    EXPECT_EQ(text_of("a\0b\x01\x0B\x0C\x1F\x08z"sv), "<a b=\"abz\">abz</a>");
    EXPECT_EQ(text_of("a\xEF\xBF\xBE\xEF\xBF\xBFz"), "<a b=\"az\">az</a>") << "U+FFFE, U+FFFF";
    EXPECT_EQ(text_of("\r"), "<a b=\"&#13;\">&#13;</a>");
    EXPECT_EQ(text_of("\xC3\xA4\xF0\x9F\x98\x80"), "<a b=\"\xC3\xA4\xF0\x9F\x98\x80\">\xC3\xA4\xF0\x9F\x98\x80</a>");
}

TEST(xml, bytes_that_are_not_utf8_are_replaced)
{
    EXPECT_EQ(text_of("\xFF"), "<a b=\"\xEF\xBF\xBD\">\xEF\xBF\xBD</a>");
    EXPECT_EQ(text_of("a\xC3"), "<a b=\"a\xEF\xBF\xBD\">a\xEF\xBF\xBD</a>");
    const auto surrogate = text_of("\xED\xA0\x80");
    EXPECT_EQ(surrogate.find('\xED'), std::string::npos);
}

TEST(xml, elements_nest)
{
    xml_writer out;
    out.open("a", {{"x", "1"}});
    out.empty("b", {{"y", "2"}});
    out.element("c", "d");
    out.close();
    EXPECT_EQ(out.take(), "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<a x=\"1\"><b y=\"2\"/>\n<c>d</c>\n</a>\n");
}

}  // namespace
}  // namespace agora::site
