// SPDX-License-Identifier: MIT
// Sanitised HTML as a page shows it. That nothing dangerous comes of it is tested with the vectors of xss_test.cpp.
#include <gtest/gtest.h>

#include <agora/markup/markdown.hpp>
#include <agora/markup/page_html.hpp>
#include <agora/markup/sanitize.hpp>
#include <string>

namespace agora::markup {
namespace {

std::string shown(std::string_view html, const page_html_options& o = {})
{
    return page_html{sanitize_html(html), o}.text();
}

std::string link_to(std::string_view address, std::string_view text)
{
    return std::string{R"(<a class="img" href=")"}
        .append(address)
        .append(R"(" rel="nofollow ugc noopener">)")
        .append(text)
        .append("</a>");
}

struct picture {
    std::string source;
    std::string host;  ///< as shown; empty: the picture stays
};

const std::vector<picture> pictures = {
    {"/files/7.png", ""},
    {"/", ""},
    {"/a//b.png", ""},
    {"https://i.example/a.png", "i.example"},
    {"http://i.example:8080/a.png", "i.example:8080"},
    {"HTTPS://I.example", "I.example"},
    {"//i.example/a.png", "i.example"},
    {"///i.example/a.png", "i.example"},
    {"/\\i.example/a.png", "i.example"},
    {"\\\\i.example/a.png", "i.example"},
    {"\\/i.example\\a.png", "i.example"},
    {"/\t/i.example/a.png", "i.example"},
    {"\n//i.example/a.png", "i.example"},
    {"https:\\\\i.example\\a.png", "i.example"},
    {"https:i.example/a.png", "i.example"},
    {"https://own.example@i.example/a.png", "i.example"},
    {"https://own.example:x@y@i.example/a.png", "i.example"},
    {"https://i.example?/own.example", "i.example"},
    {"https://i.example#@own.example", "i.example"},
    {"https://[2001:db8::1]/a.png", "[2001:db8::1]"},
    {"https://i.%65xample/a.png", "another address"},
    {"https://\xE2\x80\xAE"
     "elpmaxe.i/a.png",
     "another address"},
    {"https://i.ex&amp;ample/", "another address"},
    {"https://", "another address"},
    {"a.png", "another address"},
    {"?a=/b", "another address"},
};

}  // namespace

TEST(page_html, pictures_of_other_sites_become_links)
{
    for (const auto& p : pictures) {
        SCOPED_TRACE(p.source);
        const auto safe = sanitize_html("<p><img src=\"" + p.source + "\" alt=\"A &lt;b&gt; &quot;c\"></p>");
        const auto made = page_html{safe}.text();
        if (p.host.empty()) {
            EXPECT_EQ(made, safe);
            continue;
        }
        EXPECT_EQ(made.find("<img"), std::string::npos) << made;
        EXPECT_NE(made.find("<p><a class=\"img\" href=\""), std::string::npos) << made;
        const auto text = "\">A &lt;b&gt; &quot;c <small>Image at " + p.host + "</small></a></p>";
        EXPECT_TRUE(made.ends_with(text)) << made;
    }
}

TEST(page_html, a_picture_within_a_link_leaves_its_text_there)
{
    EXPECT_EQ(shown("<a href=\"/x\"><img src=\"https://i.example/a.png\" alt=\"built\"></a>"
                    "<img src=\"https://i.example/b.png\">"),
              "<a href=\"/x\" rel=\"nofollow ugc noopener\">built <small>Image at i.example</small></a>" +
                  link_to("https://i.example/b.png", "<small>Image at i.example</small>"));
    const std::string_view own = R"(<a href="/x" rel="nofollow ugc noopener"><img src="/a.png" alt="a"></a>)";
    EXPECT_EQ(shown(own), own);
}

TEST(page_html, pictures_are_shown_if_the_operator_wants_it_and_the_address_is_secure)
{
    const page_html_options show{.pictures = foreign_pictures::show};
    const std::string_view secure = R"(<p><img src="https://i.example/a.png" alt="a"></p>)";
    EXPECT_EQ(shown(secure, show), secure);
    for (const char* other : {"http://i.example/a.png", "//i.example/a.png"})
        EXPECT_EQ(shown("<img src=\"" + std::string{other} + "\">", show),
                  link_to(other, "<small>Image at i.example</small>"));
}

TEST(page_html, values_of_attributes_are_not_taken_for_attributes)
{
    EXPECT_EQ(shown(R"(<img src="https://i.example/" alt=" src=" title=" alt=">)"),
              link_to("https://i.example/", " src= <small>Image at i.example</small>"));
    EXPECT_EQ(shown(R"(<img src="https://i.example/" title=" alt=">)"),
              link_to("https://i.example/", "<small>Image at i.example</small>"));
    EXPECT_EQ(shown(R"(<abbr title="&lt;h1&gt;&lt;img src=x&gt;">h1</abbr>)"),
              R"(<abbr title="&lt;h1&gt;&lt;img src=x&gt;">h1</abbr>)");
}

TEST(page_html, headings_begin_below_those_of_the_page)
{
    const std::string_view all = "<h1>a</h1><h2>b</h2><h3>c</h3><h4>d</h4><h5>e</h5><h6>f</h6>";
    EXPECT_EQ(shown(all), "<h3>a</h3><h4>b</h4><h5>c</h5><h6>d</h6><h6>e</h6><h6>f</h6>");
    EXPECT_EQ(shown(all, {.first_heading = 2}), "<h2>a</h2><h3>b</h3><h4>c</h4><h5>d</h5><h6>e</h6><h6>f</h6>");
}

TEST(page_html, what_scrolls_can_be_reached_and_boxes_have_names)
{
    EXPECT_EQ(shown("<pre>\n\na</pre>"), "<pre tabindex=\"0\">\n\na</pre>");
    EXPECT_EQ(shown("<table><tbody><tr><td>a</td></tr></tbody></table>"),
              "<table tabindex=\"0\"><tbody><tr><td>a</td></tr></tbody></table>");
    const auto boxes = page_html{render_markdown("- [x] a\n- [ ] b").value()}.text();
    EXPECT_NE(boxes.find(R"(checked="" aria-label="done"> a)"), std::string::npos) << boxes;
    EXPECT_NE(boxes.find(R"(disabled="" aria-label="to do"> b)"), std::string::npos) << boxes;
}

TEST(page_html, text_that_did_not_come_from_the_sanitiser_cannot_run_past_its_end)
{
    for (const char* broken : {"<", "a<img src=\"", "<img", "<a href=\"x", "</", "<h", "<img src=\">"})
        EXPECT_EQ(page_html{broken}.text().find("<img"), std::string::npos) << broken;
}

}  // namespace agora::markup
