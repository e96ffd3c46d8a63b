// SPDX-License-Identifier: MIT
// Conversion of imported HTML to Markdown: examples, escaping, text that cannot be converted, and random mixtures.
#include <gtest/gtest.h>

#include <agora/markup/from_html.hpp>
#include <agora/markup/markdown.hpp>
#include <agora/markup/sanitize.hpp>
#include <random>
#include <string>

namespace agora::markup {

namespace {

std::string markdown_of(std::string_view html)
{
    const converted_text c = from_html(sanitize_html(html));
    EXPECT_TRUE(c.faithful) << html;
    return c.markdown;
}

}  // namespace

TEST(from_html, writes_ordinary_markdown)
{
    EXPECT_EQ(markdown_of("<h2>A <b>title</b></h2>\n<p>Some <em>words</em>,\nand <strong>more</strong>.</p>"),
              "## A **title**\n\nSome *words*, and **more**.");
    EXPECT_EQ(markdown_of("<p>a <a href='https://e.example/' title='t'>link</a>, <a href='http://x.example'>"
                          "http://x.example</a> <img src='/i.png' alt='an image'></p>"),
              "a [link](https://e.example/ \"t\"), <http://x.example> ![an image](/i.png)");
    EXPECT_EQ(markdown_of("<ul><li>a</li><li>b<ol start=3><li>c</li></ol></li></ul>"), "- a\n\n- b\n\n  3. c");
    EXPECT_EQ(markdown_of("<ol><li><p>a</p><pre><code>x\n\n y\n</code></pre></li></ol>"),
              "1. a\n\n   ```\n   x\n\n    y\n   ```");
    EXPECT_EQ(markdown_of("<blockquote><p>a</p><p>b<br>c</p></blockquote>"), "> a\n>\n> b\\\n> c");
    EXPECT_EQ(markdown_of("<pre><code class='language-cpp'>a &lt; b;\n</code></pre>"), "```cpp\na < b;\n```");
    EXPECT_EQ(markdown_of("<p>press <kbd>Ctrl</kbd>, H<sub>2</sub>O</p><hr>"), "press `Ctrl`, H2O\n\n___");
    EXPECT_EQ(markdown_of("<table><thead><tr><th>a</th><th>b|c</th></tr></thead><tr><td>1</td></tr></table>"),
              "| a | b\\|c |\n|---|---|\n| 1 |  |");
    EXPECT_EQ(markdown_of("<ul><li>a</li></ul><ul><li>b</li></ul>"), "- a\n\n+ b");
    EXPECT_EQ(markdown_of(""), "");
}

TEST(from_html, text_that_looks_like_markdown_stays_text)
{
    EXPECT_EQ(markdown_of("<p># 1. *a* snake_case [b] &lt;i&gt; `c` \\ a&amp;b &amp;amp;</p>"),
              "\\# 1. \\*a\\* snake_case \\[b\\] \\<i> \\`c\\` \\\\ a\\&b \\&amp;");
    EXPECT_EQ(markdown_of("<p>1. a<br>- b<br>+ c<br>&gt; d<br>1999) e<br>=== f</p>"),
              "1\\. a\\\n\\- b\\\n\\+ c\\\n\\> d\\\n1999\\) e\\\n\\=== f");
    EXPECT_EQ(markdown_of("<p>see http://a.example, www.b.example and c@d.example</p>"),
              "see http\\://a.example, www\\.b.example and `c@d.example`");
    EXPECT_EQ(markdown_of("<p>wow!<a href='/x'>y</a></p>"), "wow\\![y](/x)");
}

TEST(from_html, emphasis_is_omitted_where_markdown_cannot_express_it)
{
    EXPECT_EQ(markdown_of("<p>a<b>(b)</b>c</p>"), "a(b)c");
    EXPECT_EQ(markdown_of("<p>a<b> b </b>c</p>"), "a **b** c");
    EXPECT_EQ(markdown_of("<p><b>a</b><b>b</b></p>").find('\\'), std::string::npos);
    EXPECT_EQ(markdown_of("<p><em><strong>a</strong></em> b</p>"), "***a*** b");
}

TEST(from_html, blocks_that_cannot_be_converted_are_shown_as_code)
{
    const std::string deep = "<p>before *</p>" + std::string("<p>") + [] {
        std::string many;
        for (int i = 0; i < 12'000; ++i) many += "<i>a</i> ";
        return many;
    }() + "</p><p>after</p>";
    const converted_text c = from_html(sanitize_html(deep));
    EXPECT_TRUE(c.html.find("before *") != std::string::npos && c.html.find("<p>after</p>") != std::string::npos);
    EXPECT_FALSE(c.html.empty());
}

TEST(plain_text, has_a_line_for_each_block_and_line)
{
    EXPECT_EQ(plain_text(sanitize_html("<p>a <b>b</b>\nc</p>\n<p>d<br>e &lt;f&gt;</p><ul><li>g"), 100),
              "a b c\nd\ne <f>\ng");
    EXPECT_EQ(plain_text("<p>\xC3\xA4\xC3\xB6\xC3\xBC</p>", 2), "\xC3\xA4\xC3\xB6");
}

/// For any HTML, the words and the targets are kept, or `faithful` is false.
TEST(from_html, random_mixtures_keep_the_words_and_the_targets)
{
    const char* pieces[] = {"<p>",
                            "</p>",
                            "<b>",
                            "</b>",
                            "<i>",
                            "</i>",
                            "<ul>",
                            "</ul>",
                            "<li>",
                            "</li>",
                            "<ol>",
                            "</ol>",
                            "<br>",
                            "<pre>",
                            "</pre>",
                            "<code>",
                            "</code>",
                            "<h1>",
                            "</h1>",
                            "<hr>",
                            "<table>",
                            "</table>",
                            "<tr>",
                            "<td>",
                            "</td>",
                            "<blockquote>",
                            "</blockquote>",
                            "<a href='/a(b)'>",
                            "</a>",
                            "<a href='http://x.example/?a=1&amp;b_c*d'>",
                            "<img src='/i.png' alt='a]b'>",
                            "<dl><dt>",
                            "<dd>",
                            "</dl>",
                            "<del>",
                            "</del>",
                            "<sup>",
                            "</sup>",
                            "text",
                            " ",
                            " ",
                            "\n",
                            "*",
                            "_",
                            "`",
                            "``",
                            "~",
                            "[",
                            "]",
                            "(",
                            ")",
                            "!",
                            "#",
                            "# ",
                            "- ",
                            "+ ",
                            "1. ",
                            "&lt;b&gt;",
                            "&amp;lt;",
                            "&amp;",
                            "|",
                            "\\",
                            "http://y.example",
                            "www.z.example",
                            "m@n.example",
                            ":",
                            "://",
                            "=",
                            "---",
                            "\xC2\xA0",
                            "\xC3\xA9",
                            "\xE2\x80\x94",
                            ".",
                            "a",
                            "7"};
    std::mt19937 random{20'261'127};
    int unfaithful = 0;
    constexpr int rounds = 4'000;
    for (int round = 0; round < rounds; ++round) {
        std::string html;
        for (auto n = random() % 14; n > 0; --n) html += pieces[random() % std::size(pieces)];
        const std::string safe = sanitize_html(html);
        const converted_text c = from_html(safe);
        EXPECT_EQ(render_markdown(c.markdown), c.html) << safe;
        if (!c.faithful) {
            ++unfaithful;
            continue;
        }
        EXPECT_EQ(visible_content_of(c.html), visible_content_of(safe)) << safe << "\n" << c.markdown;
        if (HasFailure()) break;
    }
    EXPECT_LE(unfaithful, rounds / 100);
}

}  // namespace agora::markup
