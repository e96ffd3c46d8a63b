// SPDX-License-Identifier: MIT
// Markdown rendering, sanitising, the estimate of parsing cost, and excerpts. Hostile input is tested in
// hostile_test.cpp and xss_test.cpp.
#include <gtest/gtest.h>

#include <agora/markup/markdown.hpp>
#include <agora/markup/parse_cost.hpp>
#include <agora/markup/sanitize.hpp>
#include <algorithm>
#include <chrono>
#include <functional>
#include <string>

namespace agora::markup {

namespace {

std::string many_times(std::string_view text, std::size_t times)
{
    std::string all;
    for (std::size_t i = 0; i < times; ++i) all += text;
    return all;
}

/// Quadratic work on a megabyte takes minutes, linear work a fraction of a second. The limit between them leaves enough
/// room for a loaded machine and a sanitizer build.
void expect_quick(std::string_view what, const std::function<void()>& work)
{
    const auto start = std::chrono::steady_clock::now();
    work();
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds{10}) << what;
}

}  // namespace

TEST(markdown, renders_the_ordinary_constructs)
{
    EXPECT_EQ(render_markdown("# Title"), "<h1>Title</h1>\n");
    EXPECT_EQ(render_markdown("*a* **b** `c`"), "<p><em>a</em> <strong>b</strong> <code>c</code></p>\n");
    EXPECT_EQ(render_markdown("- a\n- b"), "<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n");
    EXPECT_EQ(render_markdown("3. a\n4. b"), "<ol start=\"3\">\n<li>a</li>\n<li>b</li>\n</ol>\n");
    EXPECT_EQ(render_markdown("> a"), "<blockquote>\n<p>a</p>\n</blockquote>\n");
    EXPECT_EQ(render_markdown("```cpp\nif (a < b)\n```"),
              "<pre><code class=\"language-cpp\">if (a &lt; b)\n</code></pre>\n");
    EXPECT_EQ(render_markdown("a  \nb\n\n---"), "<p>a<br>\nb</p>\n<hr>\n");
    EXPECT_EQ(render_markdown("![alt](https://e.example/a.png \"t\")"),
              "<p><img src=\"https://e.example/a.png\" alt=\"alt\" title=\"t\"></p>\n");
    EXPECT_EQ(render_markdown(""), "");
}

TEST(markdown, marks_links_as_written_by_users)
{
    EXPECT_EQ(render_markdown("[a](https://e.example/?x=1&y=2)"),
              "<p><a href=\"https://e.example/?x=1&amp;y=2\" rel=\"nofollow ugc noopener\">a</a></p>\n");
    EXPECT_EQ(render_markdown("www.e.example"),
              "<p><a href=\"http://www.e.example\" rel=\"nofollow ugc noopener\">www.e.example</a></p>\n");
    EXPECT_EQ(render_markdown("[a](/posts/7#c)"),
              "<p><a href=\"/posts/7#c\" rel=\"nofollow ugc noopener\">a</a></p>\n");
    EXPECT_EQ(render_markdown("<me@e.example>"),
              "<p><a href=\"mailto:me@e.example\" rel=\"nofollow ugc noopener\">me@e.example</a></p>\n");
}

TEST(markdown, knows_githubs_extensions)
{
    EXPECT_EQ(render_markdown("~~a~~"), "<p><del>a</del></p>\n");
    EXPECT_EQ(render_markdown("- [x] a\n- [ ] b"),
              "<ul>\n<li><input type=\"checkbox\" disabled=\"\" checked=\"\"> a</li>\n"
              "<li><input type=\"checkbox\" disabled=\"\"> b</li>\n</ul>\n");
    EXPECT_EQ(render_markdown("| a | b |\n|---|:-:|\n| 1 | 2 |"),
              "<table>\n<thead>\n<tr>\n<th>a</th>\n<th align=\"center\">b</th>\n</tr>\n</thead>\n"
              "<tbody>\n<tr>\n<td>1</td>\n<td align=\"center\">2</td>\n</tr>\n</tbody>\n</table>\n");
}

TEST(markdown, shows_html_as_text)
{
    EXPECT_EQ(render_markdown("a vector<int> b"), "<p>a vector&lt;int&gt; b</p>\n");
    EXPECT_EQ(render_markdown("<div>\nx\n</div>"), "<p>&lt;div&gt;\nx\n&lt;/div&gt;\n</p>\n");
}

TEST(markdown, replaces_bytes_that_are_not_utf8)
{
    EXPECT_EQ(render_markdown("a\xFF\xC3(\xE2\x82"), "<p>a\xEF\xBF\xBD\xEF\xBF\xBD(\xEF\xBF\xBD</p>\n");
    EXPECT_EQ(render_markdown(std::string_view{"a\0b", 3}),
              "<p>a\xEF\xBF\xBD"
              "b</p>\n");
}

TEST(markdown, code_fences_keep_their_language)
{
    EXPECT_EQ(render_markdown("```c++ title\nx\n```"), "<pre><code class=\"language-c++\">x\n</code></pre>\n");
    EXPECT_EQ(render_markdown("```a\"b\nx\n```"), "<pre><code>x\n</code></pre>\n");
    EXPECT_EQ(render_markdown("~~~ language-x onload=y\nx\n~~~"),
              "<pre><code class=\"language-language-x\">x\n</code></pre>\n");
    EXPECT_EQ(sanitize_html("<code class=\"language-c admin\">x</code><p class=\"language-c\">y</p>"),
              "<code>x</code><p>y</p>");
}

TEST(markdown, any_text_can_be_shown_as_code)
{
    for (const std::string text : {"", "a", "a\n", "```\n*a*\n```", "~~~ and ``` and <b>", "\n\n"}) {
        const auto html = render_markdown(as_code_block(text));
        ASSERT_TRUE(html) << text;
        std::string shown = excerpt(*html, 1'000);
        std::string typed = text;
        std::ranges::replace(typed, '\n', ' ');
        EXPECT_NE((" " + typed + " ").find(shown), std::string::npos) << text;
        EXPECT_TRUE(html->starts_with("<pre><code>") && html->ends_with("</code></pre>\n")) << *html;
    }
}

TEST(sanitize, keeps_allowed_elements)
{
    const std::string html =
        "<h2>a</h2><p>b <b>c</b> <kbd>d</kbd><br>e</p><pre><code>f\n</code></pre><ul><li>g<ol><li>h</li></ol></li></ul>"
        "<dl><dt>i</dt><dd>j</dd></dl><blockquote><p>k</p></blockquote><details><summary>l</summary>m</details>";
    EXPECT_EQ(sanitize_html(html), html);
    EXPECT_EQ(sanitize_html(""), "");
    EXPECT_EQ(sanitize_html("plain & <3"), "plain &amp; &lt;3");
}

TEST(sanitize, unknown_elements_are_replaced_by_their_content_and_dangerous_ones_removed)
{
    EXPECT_EQ(sanitize_html("<center>a<font color=red>b</font></center>"), "ab");
    EXPECT_EQ(sanitize_html("a<script>b</script><style>c</style><svg><text>d</text></svg><textarea>e</textarea>f"),
              "af");
    EXPECT_EQ(sanitize_html("<a href=javascript:x>a</a><img src=data:x alt=b>c"), "ac");
    EXPECT_EQ(sanitize_html("a<!-- b -->c"), "ac");
}

TEST(sanitize, closes_open_elements_in_order)
{
    EXPECT_EQ(sanitize_html("<p>a<p>b<ul><li>c<li>d"), "<p>a</p><p>b</p><ul><li>c</li><li>d</li></ul>");
    EXPECT_EQ(sanitize_html("<b><i>a</b>b</i>"), "<b><i>a</i></b><i>b</i>");
    EXPECT_EQ(sanitize_html("<table><td>a"), "<table><tbody><tr><td>a</td></tr></tbody></table>");
    EXPECT_EQ(sanitize_html("</div></p>a</b>"), "<p></p>a");
}

TEST(sanitize, writes_only_nesting_that_parses_back)
{
    EXPECT_EQ(sanitize_html("<a href=/x><div>a</div></a>"), "<a href=\"/x\" rel=\"nofollow ugc noopener\">a</a>");
    EXPECT_EQ(sanitize_html("<li>a</li><td>b</td>"), "ab");
    EXPECT_EQ(sanitize_html("<pre>\n\na</pre>"), "<pre>\n\na</pre>");
}

TEST(sanitize, repairs_malformed_utf8)
{
    for (const char* bad :
         {"a\xFF", "\xC0\x80", "\xED\xA0\x80", "\xF8\x88\x80\x80\x80", "\xE2\x82", "<b>\xC3</b>", "\x80\x80"}) {
        const std::string safe = sanitize_html(bad);
        EXPECT_NE(safe.find("\xEF\xBF\xBD"), std::string::npos) << bad;
        EXPECT_EQ(sanitize_html(safe), safe);
    }
}

TEST(sanitize, depth_is_bounded)
{
    const std::string safe = sanitize_html(many_times("<div>", 300) + "x" + many_times("</div>", 300));
    EXPECT_EQ(safe, many_times("<div>", max_depth) + "x" + many_times("</div>", max_depth));
}

TEST(sanitize, input_built_to_be_slow_is_shown_as_text)
{
    const std::string deep = sanitize_html(many_times("<div>", 200'000));
    EXPECT_TRUE(deep.starts_with("&lt;div&gt;")) << deep.substr(0, 40);
    EXPECT_EQ(sanitize_html(deep), deep);
}

TEST(sanitize, a_megabyte_of_anything_takes_linear_time)
{
    for (const char* piece : {"<div>",
                              "<b>",
                              "<b><div>",
                              "<b><div></b>",
                              "<p><b>",
                              "<a href=/x>",
                              "<table>",
                              "<table><td>",
                              "</p>",
                              "</x>",
                              "</br>",
                              "<x a b c",
                              "<svg>",
                              "<svg><p>",
                              "<!--",
                              "<!",
                              "<",
                              "&amp;",
                              "&",
                              "<i></p>x",
                              "<div><!--</div>-->",
                              "<div a='</div>'>",
                              "<script></script>",
                              "<p>x</p>",
                              "a<br>",
                              "<select>"}) {
        const std::string html = many_times(piece, max_html / std::string_view{piece}.size());
        expect_quick(piece, [&] { EXPECT_LE(sanitize_html(html).size(), max_html); });
    }
    std::string attributes = "<a";
    for (int i = 0; attributes.size() < max_html - 20; ++i) attributes += " a" + std::to_string(i);
    expect_quick("attributes", [&] { sanitize_html(attributes + ">"); });
    std::string formatting = "<p>";
    for (int i = 0; i < 300; ++i) formatting += "<b title=" + std::to_string(i) + ">";
    expect_quick("formatting", [&] { sanitize_html(formatting + many_times("<div>x</div>", 80'000)); });
}

TEST(parse_cost, counts_no_closing_tag_that_a_parser_may_not_see)
{
    for (const char* piece :
         {"<div><script></div></script>", "<div><!-->--></div>", "<div><!--</div>-->", "<div><!--xxxx></div>-->",
          "<div a='</div>'>", "<div><b></div></b>", "<div/a=\"></div>\">", "<html a></html>"}) {
        EXPECT_GT(parse_cost(many_times(piece, 10'000)), max_parse_cost) << piece;
    }
    EXPECT_EQ(parse_cost(many_times("<p title='>' x>a</p>\n", 100)), 100u * (1 + 4 + 2));
    EXPECT_EQ(parse_cost("a < b &lt; c"), 0u);
}

TEST(sanitize, cleans_the_urls_it_keeps)
{
    EXPECT_EQ(sanitize_html("<a href=' /a b\n\tc '>x</a>"), "<a href=\"/a%20bc\" rel=\"nofollow ugc noopener\">x</a>");
    EXPECT_EQ(sanitize_html("<a href='HTTPS://e.example/?a=\"<b>'>x</a>"),
              "<a href=\"HTTPS://e.example/?a=&quot;&lt;b&gt;\" rel=\"nofollow ugc noopener\">x</a>");
}

TEST(sanitize, long_ordinary_texts_are_parsed)
{
    const std::string html =
        many_times("<p>Some <b>words</b> and a <a href=\"/x\">link</a>.</p>\n<!-- language: c -->\n", 5'000);
    EXPECT_LE(parse_cost(html), max_parse_cost);
    EXPECT_TRUE(sanitize_html(html).starts_with("<p>Some <b>words</b>"));
}

TEST(sanitize, text_over_the_limit_is_cut)
{
    EXPECT_LE(sanitize_html(many_times("a", max_html + 1)).size(), max_html);
    EXPECT_LE(sanitize_html(many_times("\"", max_html)).size(), max_html);
}

TEST(excerpt, is_the_collapsed_text)
{
    EXPECT_EQ(excerpt("<p>a <b>b</b>c</p>\n\n<p>d<br>e</p>", 100), "a bc d e");
    EXPECT_EQ(excerpt("1 &lt; 2 &amp;amp; &quot;x&quot;", 100), "1 < 2 &amp; \"x\"");
    EXPECT_EQ(excerpt(" \n<p> a\xC2\xA0 b </p> ", 100), "a b");
    EXPECT_EQ(excerpt("", 10), "");
    EXPECT_EQ(excerpt("<", 10), "");
}

TEST(excerpt, is_cut_between_words)
{
    EXPECT_EQ(excerpt("one two three", 13), "one two three");
    EXPECT_EQ(excerpt("one two three", 12), "one two\xE2\x80\xA6");
    EXPECT_EQ(excerpt("one two three", 8), "one two\xE2\x80\xA6");
    EXPECT_EQ(excerpt("one two three", 7), "one\xE2\x80\xA6");
    EXPECT_EQ(excerpt("one two", 0), "");
}

TEST(excerpt, cuts_a_long_word_between_characters)
{
    EXPECT_EQ(excerpt("\xC3\xA4\xC3\xB6\xC3\xBC\xC3\x9F", 3), "\xC3\xA4\xC3\xB6\xE2\x80\xA6");
    EXPECT_EQ(excerpt("\xC3\xA4\xC3\xB6\xC3\xBC", 3), "\xC3\xA4\xC3\xB6\xC3\xBC");
    EXPECT_EQ(excerpt("abc", 1), "\xE2\x80\xA6");
}

}  // namespace agora::markup
