// SPDX-License-Identifier: MIT
// List fields, and header fields that occur in several lines: the rule for each field that the server reads.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <agora/http/compression.hpp>
#include <agora/http/entity_tag.hpp>
#include <agora/http/fields.hpp>
#include <agora/http/framing.hpp>
#include <agora/http/idempotency.hpp>

namespace agora::http {
namespace {

using ::testing::ElementsAre;

std::vector<std::string_view> elements(std::string_view list, quoting q = quoting::none)
{
    std::vector<std::string_view> all;
    for (auto e = next_element(list, q); !e.empty(); e = next_element(list, q)) all.push_back(e);
    return all;
}

TEST(list_field, is_split_at_commas)
{
    EXPECT_THAT(elements(""), ElementsAre());
    EXPECT_THAT(elements(" , ,"), ElementsAre());
    EXPECT_THAT(elements("a"), ElementsAre("a"));
    EXPECT_THAT(elements(", a ,\tb c,,d"), ElementsAre("a", "b c", "d"));
    EXPECT_THAT(elements("\"a,b\", c"), ElementsAre("\"a", "b\"", "c"));
    EXPECT_THAT(elements("\"a,b\", W/\"c\\\", d", quoting::tags), ElementsAre("\"a,b\"", "W/\"c\\\"", "d"));
    EXPECT_THAT(elements("\"a\\\",b\", c", quoting::strings), ElementsAre("\"a\\\",b\"", "c"));
    EXPECT_THAT(elements("\"open, c", quoting::tags), ElementsAre("\"open, c"));
    EXPECT_THAT(elements("\"\\", quoting::strings), ElementsAre("\"\\"));
}

/// A valid value for each field that the server reads.
std::string value_for(std::string_view name)
{
    if (name == "content-length") return "0";
    if (name == "transfer-encoding") return "chunked";
    if (name == "expect") return "100-continue";
    return "a";
}

TEST(repeated_fields, are_refused_when_two_lines_are_ambiguous)
{
    for (const auto& rule : field_rules) {
        const auto line = std::string{rule.name} + ": " + value_for(rule.name) + "\r\n";
        const std::string host = rule.name == "host" ? "" : "Host: a\r\n";
        const auto status = [&](const std::string& lines) {
            const auto c = check_head("POST / HTTP/1.1\r\n" + host + lines + "\r\n", {});
            return c.state == head_state::refused ? c.why.code->status : 200U;
        };
        EXPECT_EQ(status(line), 200U) << rule.name;
        std::string upper = line;
        for (auto& c : upper) c = c >= 'a' && c <= 'z' && &c < &upper[rule.name.size()] ? static_cast<char>(c - 32) : c;
        EXPECT_EQ(status(line + "X: y\r\n" + upper), rule.when == repeated::refuse ? 400U : 200U) << rule.name;
    }
    const auto unread = check_head("GET / HTTP/1.1\r\nHost: a\r\nReferer: b\r\nReferer: c\r\n\r\n", {});
    EXPECT_EQ(unread.state, head_state::complete);
}

request with(std::initializer_list<header_field> fields)
{
    request r;
    for (const auto& f : fields) r.add_header(f.name, f.value);
    return r;
}

TEST(repeated_fields, lists_continue_in_the_next_line)
{
    const auto edit = with({{"If-Match", "\"1-a\", \"2-b\""}, {"X", "y"}, {"if-match", "W/\"3-c\""}});
    for (const auto version : {1, 2, 3}) EXPECT_TRUE(if_match::of(edit).allows(version)) << version;
    EXPECT_FALSE(if_match::of(edit).allows(4));
    EXPECT_TRUE(if_match::of(with({{"If-Match", "\"1-a\""}, {"If-Match", "*"}})).allows(9));
    EXPECT_FALSE(if_match::of(with({{"If-None-Match", "*"}})).given());
    EXPECT_FALSE(if_match::of(with({{"If-Match", ""}})).given());

    const auto read = with({{"If-None-Match", "\"x\", W/\"y\""}, {"IF-NONE-MATCH", " , W/\"z\""}});
    for (const auto* tag : {"\"x\"", "\"y\"", "\"z\""}) EXPECT_TRUE(names_etag(read, tag)) << tag;
    EXPECT_FALSE(names_etag(read, "\"w\""));
    EXPECT_TRUE(names_etag(with({{"If-None-Match", "\"x\""}, {"If-None-Match", "*"}}), "\"w\""));
    EXPECT_FALSE(names_etag(with({{"If-None-Match", "\"a, \"w\""}}), "\"w\"")) << "the text is part of another tag";

    coding_choice choice;
    for (const auto* line : {"br;q=0.1", "gzip;q=0.5, identity", "br;q=0.9"}) choice.add(line);
    EXPECT_EQ(choice.best(), coding::br);
}

TEST(repeated_fields, for_other_fields_the_first_line_is_used)
{
    const auto r = with({{"User-Agent", "one"}, {"User-Agent", "two"}});
    EXPECT_EQ(r.header("user-agent"), "one");
}

}  // namespace
}  // namespace agora::http
