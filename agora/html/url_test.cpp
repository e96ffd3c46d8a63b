// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <agora/html/url.hpp>

namespace agora::html {
namespace {

enum class accepted { nowhere, as_url, as_url_and_path };

struct url_case {
    std::string_view text;
    accepted as;
};

constexpr url_case cases[] = {
    {"/", accepted::as_url_and_path},
    {"/posts/1?page=2#comment-3", accepted::as_url_and_path},
    {"/caf\xC3\xA9/\xD0\xBF", accepted::as_url_and_path},
    {"/already%20escaped%2F%3Ca&amp;b", accepted::as_url_and_path},
    {"/posts//1", accepted::as_url_and_path},
    {"/a\"<'", accepted::as_url_and_path},
    {"http://example.org", accepted::as_url},
    {"https://example.org:8080/a?b=c#d", accepted::as_url},
    {"HTTPS://EXAMPLE.ORG/", accepted::as_url},
    {"https://[::1]/", accepted::as_url},
    {"https://caf\xC3\xA9.example/", accepted::as_url},
    {"https://example.org/@name", accepted::as_url},
    {"", accepted::nowhere},
    {"posts/1", accepted::nowhere},
    {"#top", accepted::nowhere},
    {"?page=2", accepted::nowhere},
    {"//host", accepted::nowhere},
    {"///host", accepted::nowhere},
    {"/\\host", accepted::nowhere},
    {"\\\\host", accepted::nowhere},
    {"/\t/host", accepted::nowhere},
    {"/\n/host", accepted::nowhere},
    {"/a\\b", accepted::nowhere},
    {"/a b", accepted::nowhere},
    {{"/a\0b", 4}, accepted::nowhere},
    {"/a\x7F", accepted::nowhere},
    {" /a", accepted::nowhere},
    {"javascript:alert(1)", accepted::nowhere},
    {"JaVaScRiPt:alert(1)", accepted::nowhere},
    {"java\nscript:alert(1)", accepted::nowhere},
    {"\x01javascript:alert(1)", accepted::nowhere},
    {"javascript://example.org/%0Aalert(1)", accepted::nowhere},
    {"javascript&colon;alert(1)", accepted::nowhere},
    {"data:text/html,<script>alert(1)</script>", accepted::nowhere},
    {"vbscript:x", accepted::nowhere},
    {"file:///etc/passwd", accepted::nowhere},
    {"ftp://example.org/", accepted::nowhere},
    {"mailto:a@example.org", accepted::nowhere},
    {"http:example.org", accepted::nowhere},
    {"http:/example.org", accepted::nowhere},
    {"http://", accepted::nowhere},
    {"https:///host", accepted::nowhere},
    {"https://:80/", accepted::nowhere},
    {"https://?a", accepted::nowhere},
    {"https:\\\\host", accepted::nowhere},
    {"https://example.org@host/", accepted::nowhere},
    {"https://user:password@host/", accepted::nowhere},
    {"https://exa\tmple.org/", accepted::nowhere},
    {" https://example.org/", accepted::nowhere},
};

TEST(html_url, is_only_an_http_address_or_a_path_of_this_site)
{
    for (const auto& [text, as] : cases) {
        const auto parsed = url::parse(text);
        EXPECT_EQ(parsed.has_value(), as != accepted::nowhere) << text;
        EXPECT_EQ(parsed ? parsed->text() : text, text);
        const auto own = path::parse(text);
        EXPECT_EQ(own.has_value(), as == accepted::as_url_and_path) << text;
        EXPECT_EQ(own ? own->text() : text, text);
    }
}

TEST(html_path, encodes_what_fills_its_holes)
{
    EXPECT_EQ(path{"/"}.text(), "/");
    EXPECT_EQ((path{"/posts/{}/{}", 12, "a/b?c#d \xC3\xA9"}.text()), "/posts/12/a%2Fb%3Fc%23d%20%C3%A9");
    EXPECT_EQ((path{"/u/{}/edit", ".."}.text()), "/u/%252E%252E/edit");
    EXPECT_EQ((path{"/search?q={}", ".."}.text()), "/search?q=..");
    EXPECT_EQ((path{"/t/{}", "already%20encoded"}.text()), "/t/already%2520encoded");
    EXPECT_EQ((path{"/t/{}/", ""}.text()), "/t//");
}

TEST(html_path, adds_parameters_to_its_query)
{
    EXPECT_EQ(path{"/search"}.add("q", "a&b=c+d").add("page", "2").text(), "/search?q=a%26b%3Dc%2Bd&page=2");
    EXPECT_EQ((path{"/sign-in?next={}", "/a?b"}.add("x", "").text()), "/sign-in?next=%2Fa%3Fb&x=");
}

}  // namespace
}  // namespace agora::html
