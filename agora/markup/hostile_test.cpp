// SPDX-License-Identifier: MIT
// Texts that are built to be slow, and large ordinary texts. The tests count work instead of measuring time: the bytes
// that the parser allocates, the nodes it makes, the bytes it writes, and the upper bounds computed before it runs.
#include <gtest/gtest.h>

#include <agora/markup/markdown.hpp>
#include <agora/markup/parse_cost.hpp>
#include <agora/markup/render_cost.hpp>
#include <agora/markup/sanitize.hpp>
#include <string>
#include <vector>

namespace agora::markup {

namespace {

constexpr std::size_t longest_body = 100'000;  // of a post, in characters

std::string repeated(std::string_view text, std::size_t times)
{
    std::string all;
    for (std::size_t i = 0; i < times; ++i) all += text;
    return all;
}

std::string filled(std::string_view piece) { return repeated(piece, longest_body / piece.size()); }

struct shape {
    std::string name;
    std::string text;
};

/// Texts that would each take cmark seconds or gigabytes.
std::vector<shape> slow_shapes()
{
    std::string stairs;
    for (std::size_t i = 0; i < 600; ++i) stairs += std::string(i / 2, '\t') + "- a\n";
    std::vector<shape> all{
        {"a long target, used often",
         "[a]: " + repeated("\xF0\x9F\x98\x80", 30'000) + "\n\n" + repeated("[a] ", 9'500)},
        {"a long target, used in paragraphs of their own",
         "[a]: " + repeated("\xF0\x9F\x98\x80", 30'000) + "\n\n" + repeated("[a]\n\n", 9'500)},
        {"a long title, used often", "[a]: b \"" + repeated("x\n", 25'000) + "\"\n\n" + repeated("[a] ", 12'000)},
        {"a target in brackets", "[a]: <" + repeated("x ", 25'000) + ">\n\n" + repeated("![a] ", 9'000)},
        {"a quoted definition", "> [a]: " + repeated("x", 50'000) + "\n\n" + repeated("[a] ", 12'000)},
        {"nested items and empty lines", repeated("- ", 20'000) + "a" + repeated("\n", 50'000)},
        {"mixed items and empty lines", repeated("+ - 1. ", 6'000) + repeated("\n", 50'000)},
        {"stairs of items and empty lines", stairs + repeated("\n", 50'000)},
        {"lazy lines between", repeated("- ", 5'000) + "a\n" + repeated("b\n", 20'000) + repeated("\n", 40'000)},
        {"nested quotes", repeated(">", 50'000) + repeated("a**", 16'000)},
        {"quotes and items", repeated("> - ", 12'000) + repeated("\n", 50'000)},
    };
    for (const char* piece :
         {"[a](",      "[a](<b", "[a](b \"", "![a](b '(", "<!--", "<?",        "<![CDATA[", "<!A",
          "a<!-",      "_www.a", "a_www.",   "www._",     "~<?",  "[a]:\n",    "[a]: b\n",  "*a **a ",
          "a***",      "*_~",    "_a __",    "[]",        "[[a]", "`a``",      "<a b='",    "</a",
          "http://a_", "a@b.",   "~~a~",     "[^a]",      "a*\n", "*\xC2\xA0", "~_~*"}) {
        all.push_back({piece, filled(piece)});
    }
    return all;
}

void expect_linear(const shape& s, const std::optional<std::string>& html, const render_work& work)
{
    constexpr std::size_t for_nothing = 64 << 10;
    EXPECT_LE(work.parser_bytes, 1'000 * s.text.size() + for_nothing) << s.name;
    EXPECT_LE(work.nodes, 8 * s.text.size() + 16) << s.name;
    EXPECT_LE(work.html_bytes, 32 * s.text.size() + for_nothing) << s.name;
    EXPECT_LE(html.value_or("").size(), max_html) << s.name;
}

}  // namespace

TEST(hostile_markdown, is_refused_before_it_is_parsed)
{
    for (const shape& s : slow_shapes()) {
        render_work work;
        EXPECT_FALSE(render_markdown(s.text, &work)) << s.name;
        EXPECT_EQ(work.parser_bytes, 0U) << s.name;
        EXPECT_FALSE(may_be_rendered(cost_of_markdown(s.text))) << s.name;
    }
}

TEST(hostile_markdown, costs_linear_work_below_the_limits)
{
    for (const shape& s : slow_shapes()) {
        const shape smaller{s.name, s.text.substr(0, 2'000)};
        render_work work;
        const auto html = render_markdown(smaller.text, &work);
        expect_linear(smaller, html, work);
    }
}

TEST(hostile_markdown, tables_that_would_grow_are_shown_as_text)
{
    for (const shape& s :
         {shape{"wide head, many rows",
                repeated("|a", 10'000) + "\n" + repeated("|-", 10'000) + "\n" + repeated("|a\n", 20'000)},
          shape{"many heads", filled("|\n-|\n")}, shape{"heads in lines", filled("-|\n|\n")},
          shape{"heads with colons", filled("a|b\n:-|-:\n")},
          shape{"heads among rows", repeated("ble|a|b|\n|-|:-:|\n|c|.......................\n", 500)}}) {
        render_work work;
        const auto html = render_markdown(s.text, &work);
        expect_linear(s, html, work);
        EXPECT_EQ(html.value_or("").find("<table>"), std::string::npos) << s.name;
        EXPECT_FALSE(may_have_tables(cost_of_markdown(s.text))) << s.name;
    }
}

TEST(hostile_markdown, a_large_ordinary_text_is_rendered)
{
    std::string rows = "| a | b | c |\n|---|---|---|\n";
    while (rows.size() < 40'000) rows += "| some words | *more* of them | [a link](https://e.example/) |\n";
    std::string numbered;
    for (int i = 1; numbered.size() < 90'000; ++i) numbered += std::to_string(i) + ". An *item* with a [link](/x).\n";
    std::string definitions;
    for (int i = 0; i < 300; ++i)
        definitions += "[" + std::to_string(i) + "]: https://e.example/a/rather/long/path/" + std::to_string(i) + "\n";
    for (const shape& s :
         {shape{"paragraphs", filled("Some *words* of **a** text, with [a link](https://e.example/) and `code`.\n\n")},
          shape{"long paragraphs", repeated(filled("Words *and* more of a `text`. ").substr(0, 5'000) + "\n\n", 19)},
          shape{"one line", filled("Plain words, without an end, and some more. ")},
          shape{"items", filled("- An *item* with a [link](https://e.example/), and more words.\n")},
          shape{"numbers", numbered}, shape{"a table", rows},
          shape{"definitions", repeated("See [the one][1] and [another][299].\n\n", 500) + "\n" + definitions},
          shape{"fenced code", "```cpp\n" + filled("std::vector<int> a[10]; *b = c_d[e]; // <!-- www.x\n") + "```\n"},
          shape{"indented lines", filled(std::string(210, ' ') + "x\n")},
          shape{"thematic breaks", filled("* * * * * * * * * * * * * * * *\n\n")},
          shape{"one long break", repeated("- ", 40'000) + "\n\n" + repeated("_", 10'000)},
          shape{"quotes", filled("> > A quoted line.\n\n")}, shape{"empty lines", filled("\n")},
          shape{"emoji", repeated("\xF0\x9F\x98\x80", longest_body)}}) {
        render_work work;
        const auto html = render_markdown(s.text, &work);
        const auto cost = cost_of_markdown(s.text);
        EXPECT_TRUE(html) << s.name << ": depth " << cost.depth << ", work " << cost.inline_work << ", expansion "
                          << cost.expansion << ", html " << work.html_bytes;
        expect_linear(s, html, work);
    }
}

TEST(render_cost, is_an_upper_bound_of_the_nesting)
{
    EXPECT_EQ(cost_of_markdown("a\n\n    b").depth, 0U);
    EXPECT_EQ(cost_of_markdown("- - - -").depth, 0U) << "a thematic break";
    EXPECT_EQ(cost_of_markdown("- - - - a").depth, 4U);
    EXPECT_EQ(cost_of_markdown("> 1. - a").depth, 3U);
    EXPECT_EQ(cost_of_markdown("- a\n  - b\n    - c").depth, 3U);
    EXPECT_EQ(cost_of_markdown("- a\n\nb\n\n- c").depth, 1U);
    EXPECT_GE(cost_of_markdown("- - a\nb\n\n    - c").depth, 3U) << "a lazy continuation line closes nothing";
}

TEST(render_cost, code_in_fences_has_no_marks_and_text_that_only_looks_like_it_has)
{
    const std::string marks = repeated("*a ", 1'000);
    const auto work = [](const std::string& text) { return cost_of_markdown(text).inline_work; };
    EXPECT_EQ(work("```\n" + marks + "\n```\n"), 0U);
    EXPECT_EQ(work("~~~~ x\n" + marks + "\n```\n" + marks), 0U);
    for (const char* before : {"````\n````\n", "```\n   ```  \n", "<pre>\n```\n", "<!--\n\n```\n", "```a`\n", " ```\n",
                               "> ```\n", "- ```\n", "~~~a~\n", "```\n```\n", "<p>\n```\n"}) {
        EXPECT_GE(work(before + marks), 1'000'000U) << before;
    }
}

/// Inputs that are slow for Gumbo; see parse_cost.hpp.
TEST(hostile_html, is_refused_before_it_is_parsed)
{
    for (const shape& s : {
             shape{"deep", repeated("<div>", 200'000)},
             shape{"formatting", repeated("<b>", 200'000)},
             shape{"reopened", repeated("<p><b>", 100'000)},
             shape{"adopted", repeated("<b><div></b>", 80'000)},
             shape{"fostered breaks", "<table>" + repeated("<br>", 200'000)},
             shape{"fostered texts", "<table>" + repeated("<x>a</x>", 100'000)},
             shape{"fostered words", "<table>" + repeated("a<tr>", 100'000)},
             shape{"fostered out of rows", "<table><tr><td>" + repeated("<p></td><br>", 80'000)},
         }) {
        EXPECT_GT(parse_cost(s.text), max_parse_cost) << s.name;
        EXPECT_FALSE(try_sanitize_html(s.text)) << s.name;
    }
}

TEST(hostile_html, a_large_ordinary_table_is_kept)
{
    std::string table =
        "<p>" + repeated("Some <b>words</b>. ", 1'000) + "</p><table><thead><tr><th>a</th></tr></thead><tbody>";
    table +=
        repeated("<tr><td>some <b>words</b></td><td><a href=\"/x\">a link</a></td></tr>\n", 1'500) + "</tbody></table>";
    const auto safe = try_sanitize_html(table);
    ASSERT_TRUE(safe);
    EXPECT_NE(safe->find("<td>some <b>words</b></td>"), std::string::npos);
}

}  // namespace agora::markup
