// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <agora/html/html.hpp>
#include <agora/markup/sanitize.hpp>
#include <agora/markup/sanitized.hpp>

namespace agora::html {
namespace {

template <class... Args>
std::string written(const literal<std::type_identity_t<Args>...>& text, const Args&... args)
{
    writer out;
    out.write(text, args...);
    return out.take();
}

struct hostile_case {
    std::string_view input;
    std::string_view escaped;  ///< in text and in attributes
    std::string_view segment;
    std::string_view query;
};

constexpr hostile_case hostile[] = {
    {"", "", "", ""},
    {"plain", "plain", "plain", "plain"},
    {"<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;", "%3Cscript%3Ealert%281%29%3C%2Fscript%3E",
     "%3Cscript%3Ealert%281%29%3C%2Fscript%3E"},
    {"\" onmouseover=\"f()", "&quot; onmouseover=&quot;f()", "%22%20onmouseover%3D%22f%28%29",
     "%22%20onmouseover%3D%22f%28%29"},
    {"' x='", "&#39; x=&#39;", "%27%20x%3D%27", "%27%20x%3D%27"},
    {"-->", "--&gt;", "--%3E", "--%3E"},
    {"</title></textarea>", "&lt;/title&gt;&lt;/textarea&gt;", "%3C%2Ftitle%3E%3C%2Ftextarea%3E",
     "%3C%2Ftitle%3E%3C%2Ftextarea%3E"},
    {"&amp;", "&amp;amp;", "%26amp%3B", "%26amp%3B"},
    {"lt;", "lt;", "lt%3B", "lt%3B"},
    {"{}", "{}", "%7B%7D", "%7B%7D"},
    {"a\tb\nc\rd", "a\tb\nc&#13;d", "a%09b%0Ac%0Dd", "a%09b%0Ac%0Dd"},
    {{"a\0b\1\x1F\x7F\v\fc", 9}, "abc", "a%00b%01%1F%7F%0B%0Cc", "a%00b%01%1F%7F%0B%0Cc"},
    {"caf\xC3\xA9 \xF0\x9F\x98\x80", "caf\xC3\xA9 \xF0\x9F\x98\x80", "caf%C3%A9%20%F0%9F%98%80",
     "caf%C3%A9%20%F0%9F%98%80"},
    {"javascript:f()", "javascript:f()", "javascript%3Af%28%29", "javascript%3Af%28%29"},
    {"//host", "//host", "%2F%2Fhost", "%2F%2Fhost"},
    {"/\\host", "/\\host", "%2F%5Chost", "%2F%5Chost"},
    {".", ".", "%252E", "."},
    {"..", "..", "%252E%252E", ".."},
    {"...", "...", "...", "..."},
    {"a?b#c&d=e;%2e", "a?b#c&amp;d=e;%2e", "a%3Fb%23c%26d%3De%3B%252e", "a%3Fb%23c%26d%3De%3B%252e"},
};

TEST(html_escaping, makes_hostile_text_harmless_in_every_place)
{
    for (const auto& [input, escaped, segment, query] : hostile) {
        const std::string e{escaped};
        EXPECT_EQ(written("<b>{}</b>", input), "<b>" + e + "</b>");
        EXPECT_EQ(written("<title>{}</title>", input), "<title>" + e + "</title>");
        EXPECT_EQ(written("<textarea>\n{}</textarea>", input), "<textarea>\n" + e + "</textarea>");
        EXPECT_EQ(written(R"(<b title="{}"></b>)", input), "<b title=\"" + e + "\"></b>");
        EXPECT_EQ(written(R"(<b class="a {} b"></b>)", input), "<b class=\"a " + e + " b\"></b>");
        EXPECT_EQ(written(R"(<b id="{}"></b>)", std::optional{input}), "<b id=\"" + e + "\"></b>");
        EXPECT_EQ(written(R"(<a href="/t/{}"></a>)", input), "<a href=\"/t/" + std::string{segment} + "\"></a>");
        EXPECT_EQ(written(R"(<a href="/t?a={}&amp;b=1"></a>)", input),
                  "<a href=\"/t?a=" + std::string{query} + "&amp;b=1\"></a>");
        EXPECT_EQ(written(R"(<a href="#{}"></a>)", input), "<a href=\"#" + std::string{query} + "\"></a>");
    }
}

TEST(html_arguments, may_be_any_kind_of_text_or_number)
{
    const char* const pointer = "d";
    EXPECT_EQ(written("{}{}{}{}", "a", std::string{"b"}, std::string_view{"c"}, pointer), "abcd");
    EXPECT_EQ(written("{} {} {} {}", 7, -3, std::uint64_t{18446744073709551615U}, 2.5),
              "7 -3 18446744073709551615 2.5");
    EXPECT_EQ(written(R"(<b data-n="{}"></b>)", 7), R"(<b data-n="7"></b>)");
}

TEST(html_literal, is_copied_unchanged_around_its_holes)
{
    EXPECT_EQ(written(""), "");
    EXPECT_EQ(written("<!doctype html><!-- a < b --><p>&lt;\n</p>"), "<!doctype html><!-- a < b --><p>&lt;\n</p>");
    EXPECT_EQ(written("<script>if (a < b && c) { f({x: 1}); }</script>"),
              "<script>if (a < b && c) { f({x: 1}); }</script>");
}

TEST(html_attribute, is_left_out_when_its_argument_is_false_or_empty)
{
    EXPECT_EQ(written(R"(<details open="{}" class="a"></details>)", true), R"(<details open class="a"></details>)");
    EXPECT_EQ(written(R"(<details open="{}" class="a"></details>)", false), R"(<details class="a"></details>)");
    EXPECT_EQ(written("<input\n  checked=\"{}\">", false), "<input>");
    EXPECT_EQ(written("<input\n  checked=\"{}\">", true), "<input\n  checked>");
    EXPECT_EQ(written(R"(<a aria-current="{}"></a>)", std::optional<std::string_view>{}), "<a></a>");
    EXPECT_EQ(written(R"(<a aria-current="{}"></a>)", std::optional{"page"}), R"(<a aria-current="page"></a>)");
    EXPECT_EQ(written(R"(<td colspan="{}"></td>)", std::optional{2}), R"(<td colspan="2"></td>)");
    EXPECT_EQ(written(R"(<a href="{}">x</a>)", url::parse("javascript:f()")), "<a>x</a>");
    EXPECT_EQ(written(R"(<a href="{}">x</a>)", url::parse("https://example.org/?a=1&b=2")),
              R"(<a href="https://example.org/?a=1&amp;b=2">x</a>)");
}

TEST(html_url_attribute, takes_urls_and_paths_and_may_go_on)
{
    const path own{"/posts/{}/{}", 7, "caf\xC3\xA9"};
    EXPECT_EQ(written(R"(<a href="{}">x</a>)", own), R"(<a href="/posts/7/caf%C3%A9">x</a>)");
    EXPECT_EQ(written(R"(<a href="{}#comment-{}">x</a>)", own, 3), R"(<a href="/posts/7/caf%C3%A9#comment-3">x</a>)");
    EXPECT_EQ(written(R"(<form action="{}"></form>)", own), R"(<form action="/posts/7/caf%C3%A9"></form>)");
    EXPECT_EQ(written(R"(<link rel="canonical" href="{}/t/{}">)", *url::parse("https://example.org"), "a b"),
              R"(<link rel="canonical" href="https://example.org/t/a%20b">)");
    EXPECT_EQ(written(R"(<img src="{}">)", *url::parse("/a?q='\"<&amp;")),
              R"(<img src="/a?q=&#39;&quot;&lt;&amp;amp;">)");
}

TEST(html_content, is_nested_without_being_escaped_again)
{
    const std::vector<std::string> tags{"a", "<b>"};
    const auto tag_list = each(tags, [](writer& row, const std::string& tag) { row.write("<li>{}</li>", tag); });
    EXPECT_EQ(written("<ul>{}</ul>{}", tag_list, 1), "<ul><li>a</li><li>&lt;b&gt;</li></ul>1");
    const auto note = [](writer& out) { out.write("<i>new</i>"); };
    EXPECT_EQ(written("<b>{}{}</b>", when(true, note), when(false, note)), "<b><i>new</i></b>");
}

TEST(html_safe, is_the_output_of_the_sanitiser_as_it_is)
{
    const auto body = markup::sanitize_html("<p onclick=f()>a <b>b</b></p><script>f()</script>");
    EXPECT_EQ(written("<div>{}</div>", markup::sanitized::view(body)), "<div><p>a <b>b</b></p></div>");
    static_assert(!std::is_constructible_v<safe, std::string_view> && !std::is_default_constructible_v<safe>);
    static_assert(!std::is_constructible_v<url, std::string_view> && !std::is_default_constructible_v<url>);
    static_assert(!std::is_constructible_v<path, std::string> && !std::is_default_constructible_v<path>);
}

constexpr std::uint32_t account_box = 1;
constexpr std::uint32_t edit_link = 2;

TEST(html_slots, remember_their_places_and_are_filled_later)
{
    writer page;
    const std::vector<int> comments{41, 42};
    page.write("<p>{}</p><ol>{}</ol>{}", slot{account_box},
               each(comments, [](writer& row, int id) { row.write("<li>&amp;{}{}</li>", id, slot{edit_link, id}); }),
               "end");
    ASSERT_EQ(page.slots().size(), 3U);
    EXPECT_EQ(page.slots()[0].offset, std::string_view{"<p>"}.size());
    EXPECT_EQ(page.slots()[2].slot.subject, 42);

    const auto fill = [](writer& out, const slot& s) {
        if (s.kind == account_box) out.write("<b>{}</b>", "A & B");
        if (s.kind == edit_link && s.subject == 42) out.write(R"(<a href="/comments/{}/edit">edit</a>)", s.subject);
    };
    std::string spliced = "HTTP ";
    splice(spliced, page.text(), page.slots(), fill);
    EXPECT_EQ(spliced,
              "HTTP <p><b>A &amp; B</b></p><ol><li>&amp;41</li>"
              "<li>&amp;42<a href=\"/comments/42/edit\">edit</a></li></ol>end");
}

TEST(html_slots, that_stay_empty_leave_the_page_as_it_is)
{
    writer page;
    page.write("{}<b>{}{}</b>{}", slot{1}, slot{2}, slot{3}, slot{4});
    std::string spliced;
    splice(spliced, page.text(), page.slots(), [](writer&, const slot&) {});
    EXPECT_EQ(spliced, "<b></b>");
    page.clear();
    EXPECT_TRUE(page.text().empty());
    EXPECT_TRUE(page.slots().empty());
}

}  // namespace
}  // namespace agora::html
