// SPDX-License-Identifier: MIT
// Properties: whatever the text of a hole is, a parser finds the literal's structure unchanged, and in the place of the
// hole exactly the text. The parser here shares no code with the writer. It knows character references and percent
// encoding, and ends text and attribute values where a browser would.
#include <gtest/gtest.h>
#include <agora/html/html.hpp>

#include <random>

namespace agora::html {
namespace {

constexpr int rounds = 5'000;

/// Random text of hostile fragments, single bytes of ASCII, and some code points.
class text_source {
 public:
    std::string next()
    {
        std::string text;
        for (auto parts = random_() % 9; parts > 0; --parts) {
            if (random_() % 3 == 0) {
                text += static_cast<char>(random_() % 128);
            } else {
                text += fragments[random_() % std::size(fragments)];
            }
        }
        return text;
    }

 private:
    static constexpr std::string_view fragments[] = {"<",
                                                     ">",
                                                     "\"",
                                                     "'",
                                                     "&",
                                                     ";",
                                                     "&lt;",
                                                     "&#60;",
                                                     "&#x3C;",
                                                     "lt;",
                                                     "amp;",
                                                     "#",
                                                     "/",
                                                     "//",
                                                     "\\",
                                                     "?",
                                                     "=",
                                                     "%",
                                                     "%2e",
                                                     ".",
                                                     "..",
                                                     "{}",
                                                     "{",
                                                     "}",
                                                     "\r",
                                                     "\n",
                                                     "\r\n",
                                                     "\t",
                                                     " ",
                                                     "<script>",
                                                     "</script>",
                                                     "</b>",
                                                     "<!--",
                                                     "-->",
                                                     "</title>",
                                                     "</textarea>",
                                                     "javascript:",
                                                     " onclick=\"f()\"",
                                                     "abc",
                                                     "\xC3\xA9",
                                                     "\xE2\x80\xA8",
                                                     "\xF0\x9F\x98\x80"};
    std::mt19937 random_{20260301};  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same texts in every run
};

/// What is left of a text when the characters that HTML forbids are removed.
std::string permitted(std::string_view text)
{
    std::string kept;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 ? byte != 0x7F : byte == 9 || byte == 10 || byte == 13) kept += c;
    }
    return kept;
}

/// Reads a document piece by piece. Every function removes what it read from the front.
class parser {
 public:
    explicit parser(std::string_view html) : rest_{html} {}

    bool skip(std::string_view expected)
    {
        if (rest_.substr(0, expected.size()) != expected) return false;
        rest_.remove_prefix(expected.size());
        return true;
    }
    bool at_end() const { return rest_.empty(); }
    /// The text up to the next tag.
    std::string text() { return decoded(until("<")); }
    /// The value of an attribute, up to the quote.
    std::string value() { return decoded(until("\"")); }
    /// A part of a URL, up to a character that ends it.
    std::string url_part() { return percent_decoded(until("\"/?#&=")); }

 private:
    std::string_view until(std::string_view end)
    {
        const auto found = rest_.substr(0, rest_.find_first_of(end));
        rest_.remove_prefix(found.size());
        return found;
    }

    static std::string decoded(std::string_view html)
    {
        static constexpr std::pair<std::string_view, char> references[] = {
            {"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&#39;", '\''}, {"&#13;", '\r'}};
        std::string text;
        while (!html.empty()) {
            char c = html[0];
            std::size_t length = 1;
            for (const auto& [name, character] : references) {
                if (html.substr(0, name.size()) != name) continue;
                c = character;
                length = name.size();
            }
            if (c == '\r' && length == 1) c = '\n';  // as a browser reads a raw carriage return
            text += c;
            html.remove_prefix(length);
        }
        return text;
    }

    static std::string percent_decoded(std::string_view part)
    {
        std::string text;
        for (std::size_t i = 0; i < part.size(); ++i) {
            if (part[i] != '%') {
                text += part[i];
                continue;
            }
            text += static_cast<char>(std::stoi(std::string{part.substr(i + 1, 2)}, nullptr, 16));
            i += 2;
        }
        return text;
    }

    std::string_view rest_;
};

TEST(html_round_trip, gives_back_the_text_of_every_place)
{
    text_source source;
    for (int i = 0; i < rounds; ++i) {
        const auto text = source.next();
        const auto kept = permitted(text);
        writer out;
        out.write(R"(<title>{}</title><b class="a {} b" id="{}">{}</b>)"
                  "<textarea>\n{}</textarea>",
                  text, text, std::optional{text}, text, text);
        parser in{out.text()};
        ASSERT_TRUE(in.skip("<title>")) << out.text();
        EXPECT_EQ(in.text(), kept);
        ASSERT_TRUE(in.skip("</title><b class=\"")) << out.text();
        EXPECT_EQ(in.value(), "a " + kept + " b");
        ASSERT_TRUE(in.skip("\" id=\"")) << out.text();
        EXPECT_EQ(in.value(), kept);
        ASSERT_TRUE(in.skip("\">")) << out.text();
        EXPECT_EQ(in.text(), kept);
        ASSERT_TRUE(in.skip("</b><textarea>\n")) << out.text();
        EXPECT_EQ(in.text(), kept);
        ASSERT_TRUE(in.skip("</textarea>") && in.at_end()) << out.text();
    }
}

TEST(html_round_trip, gives_back_the_parts_of_urls)
{
    text_source source;
    for (int i = 0; i < rounds; ++i) {
        const auto text = source.next();
        const bool resolved = text == "." || text == "..";
        writer out;
        out.write(R"(<a href="/t/{}/edit?a={}&amp;b={}#{}"></a><form action="{}"></form>)", text, text, text, text,
                  path("/t/{}", text).add(text, text));
        parser in{out.text()};
        ASSERT_TRUE(in.skip("<a href=\"/t/")) << out.text();
        EXPECT_EQ(in.url_part() == text, !resolved) << out.text();
        ASSERT_TRUE(in.skip("/edit?a=")) << out.text();
        EXPECT_EQ(in.url_part(), text);
        ASSERT_TRUE(in.skip("&amp;b=")) << out.text();
        EXPECT_EQ(in.url_part(), text);
        ASSERT_TRUE(in.skip("#")) << out.text();
        EXPECT_EQ(in.url_part(), text);
        ASSERT_TRUE(in.skip("\"></a><form action=\"/t/")) << out.text();
        EXPECT_EQ(in.url_part() == text, !resolved) << out.text();
        ASSERT_TRUE(in.skip("?")) << out.text();
        EXPECT_EQ(in.url_part(), text);
        ASSERT_TRUE(in.skip("=")) << out.text();
        EXPECT_EQ(in.url_part(), text);
        ASSERT_TRUE(in.skip("\"></form>") && in.at_end()) << out.text();
    }
}

TEST(html_round_trip, keeps_accepted_urls_as_they_are)
{
    text_source source;
    int accepted = 0;
    for (int i = 0; i < rounds; ++i) {
        const auto text = (i % 2 == 0 ? "/" : "https://example.org/") + source.next();
        const auto parsed = url::parse(text);
        writer out;
        out.write(R"(<a href="{}">x</a>)", parsed);
        parser in{out.text()};
        ASSERT_TRUE(in.skip("<a")) << out.text();
        if (in.skip(" href=\"")) {
            EXPECT_EQ(in.value(), text);
            ++accepted;
            ASSERT_TRUE(in.skip("\"")) << out.text();
        }
        ASSERT_TRUE(in.skip(">x</a>") && in.at_end()) << out.text();
    }
    EXPECT_GT(accepted, rounds / 10);
}

}  // namespace
}  // namespace agora::html
