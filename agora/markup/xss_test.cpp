// SPDX-License-Identifier: MIT
// Attack vectors for cross-site scripting. Each goes through the sanitiser, and the result is checked by code that
// shares nothing with it: a strict grammar of the allowed output, with its own lists of elements, attributes and URL
// schemes.
#include <gtest/gtest.h>

#include <agora/markup/markdown.hpp>
#include <agora/markup/page_html.hpp>
#include <agora/markup/sanitize.hpp>
#include <algorithm>
#include <random>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace agora::markup {

namespace {

using namespace std::string_literals;

const std::vector<std::string> vectors = {
    // scripts and their disguises
    "<script>alert(1)</script>",
    "<ScRiPt SRC=//evil.example/x.js></sCrIpT>",
    "<script/src=data:,alert(1)>",
    "<script\t\n>alert(1)</script\t\n>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<<script>alert(1)//<</script>",
    "<script>alert(1)",
    "<!--<script>--><script>alert(1)</script>-->",
    "</script><script>alert(1)</script>",
    "<script x=\">\">alert(1)</script>",
    "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
    "<s\0cript>alert(1)</script>"s,
    "\uFF1Cscript\uFF1Ealert(1)",
    "+ADw-script+AD4-alert(1)+ADw-/script+AD4-",
    // handlers
    "<img src=x onerror=alert(1)>",
    "<img src=x oNeRrOr=alert(1)>",
    "<img src=\"x\"onerror=\"alert(1)\">",
    "<img/src/onerror=alert(1)>",
    "<img src=x: onerror=alert(1)//",
    "<IMG \"\"\"><SCRIPT>alert(1)</SCRIPT>\">",
    "<body onload=alert(1)>",
    "<p onclick=alert(1) onmouseover = 'alert(1)'>x</p>",
    "<a href=\"/x\" onclick=\"alert(1)\">x</a>",
    "<details open ontoggle=alert(1)>x</details>",
    "<td background=\"javascript:alert(1)\">x",
    "<b/onmouseenter=alert(1)>x</b>",
    "<p \x0confocus=alert(1) tabindex=1 autofocus>x",
    "<x onclick=alert(1)>x</x>",
    "<a title='\" onmouseover=alert(1) x=\"' href=/>x</a>",
    "<img alt=\"`><img src=x onerror=alert(1)>\" src=/a.png>",
    "<ol start=\"1\" onload=alert(1)><li>x</ol>",
    // URLs
    "<a href=javascript:alert(1)>x</a>",
    "<a href=\"JaVaScRiPt:alert(1)\">x</a>",
    "<a href=\" javascript:alert(1)\">x</a>",
    "<a href=\"\x01javascript:alert(1)\">x</a>",
    "<a href=\"java\tscript:alert(1)\">x</a>",
    "<a href=\"java\nscript:alert(1)\">x</a>",
    "<a href=\"jav&#x09;ascript:alert(1)\">x</a>",
    "<a href=\"jav&Tab;ascript&colon;alert(1)\">x</a>",
    "<a href=\"java&NewLine;script:alert(1)\">x</a>",
    "<a href=\"&#106;&#97;vascript:alert(1)\">x</a>",
    "<a href=\"&#0000106avascript:alert(1)\">x</a>",
    "<a href=\"&#x6A&#x61vascript:alert(1)\">x</a>",
    "<a href=\"javascript&#58;alert(1)\">x</a>",
    "<a href=\"javascript&#x3a;alert(1)\">x</a>",
    "<a href=\"j\0avascript:alert(1)\">x</a>"s,
    "<a href=\"\xC2\xA0javascript:alert(1)\">x</a>",
    "<a href=\"javascript://%0aalert(1)\">x</a>",
    "<a href=\"vbscript:msgbox(1)\">x</a>",
    "<a href=\"v&#98;script:msgbox(1)\">x</a>",
    "<a href=\"data:text/html,<script>alert(1)</script>\">x</a>",
    "<a href=\"data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==\">x</a>",
    "<a href=\"feed:javascript:alert(1)\">x</a>",
    "<a href=\"view-source:javascript:alert(1)\">x</a>",
    "<a href=\"blob:https://x/y\">x</a>",
    "<a href=\"file:///etc/passwd\">x</a>",
    "<a href='javascript:alert(1)' href='https://ok.example/'>x</a>",
    "<a xlink:href=\"javascript:alert(1)\">x</a>",
    "<img src=\"data:image/svg+xml,<svg onload=alert(1)>\">",
    "<img src=javascript:alert(1)>",
    "<img src=\"mailto:a@b.c\">",
    "<img srcset=\"x 1x, javascript:alert(1) 2x\">",
    "<img longdesc=javascript:alert(1) src=/a.png>",
    "<blockquote cite=\"javascript:alert(1)\">x</blockquote>",
    "<a href=/x ping=//evil.example target=_blank download>x</a>",
    // elements that load, embed, change styles or submit
    "<iframe src=javascript:alert(1)></iframe>",
    "<iframe srcdoc=\"<script>alert(1)</script>\"></iframe>",
    "<object data=javascript:alert(1)><param name=x value=y></object>",
    "<embed src=javascript:alert(1)>",
    "<applet code=Evil></applet>",
    "<frameset><frame src=javascript:alert(1)></frameset>",
    "<base href=javascript:alert(1)//>",
    "<meta http-equiv=refresh content=\"0;url=javascript:alert(1)\">",
    "<link rel=stylesheet href=javascript:alert(1)>",
    "<style>@import 'javascript:alert(1)';</style>",
    "<p style=\"background:url(javascript:alert(1))\">x</p>",
    "<p class=admin id=login name=body>x</p>",
    "<pre class=language-c><code class='language-c admin'>x</code><code class=admin>y</code></pre>",
    "<code class='language-\"onload=alert(1)'>x</code><code class='language-'>y</code>",
    "<form action=javascript:alert(1)><input type=submit></form>",
    "<button formaction=javascript:alert(1)>x</button>",
    "<input type=image src=x onerror=alert(1)>",
    "<input type=checkbox onfocus=alert(1) autofocus>",
    "<isindex action=javascript:alert(1) type=image>",
    "<video><source onerror=alert(1)></video>",
    "<audio src=x onerror=alert(1)></audio>",
    "<marquee onstart=alert(1)>x</marquee>",
    "<select autofocus onfocus=alert(1)><option>x</select>",
    "<keygen autofocus onfocus=alert(1)>",
    "<image src=x onerror=alert(1)>",
    "<portal src=javascript:alert(1)></portal>",
    // HTML that changes its meaning when it is parsed a second time
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><a xlink:href=javascript:alert(1)><text>x</text></a></svg>",
    "<svg><animate attributeName=href values=javascript:alert(1) /></svg>",
    "<svg></p><style><a id=\"</style><img src=1 onerror=alert(1)>\">",
    "<svg><foreignObject><p><style><!--</style><img src=x onerror=alert(1)>--></style>",
    "<svg><title><style><img title=\"</style><img src=x onerror=alert(1)>\"></title></svg>",
    "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=alert(1)&gt;\">",
    "<math href=javascript:alert(1)>x</math>",
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<math><annotation-xml encoding=\"text/html\"><script>alert(1)</script></annotation-xml></math>",
    "<noscript><style></noscript><img src=x onerror=alert(1)></style></noscript>",
    "<textarea><img title=\"</textarea><img src=x onerror=alert(1)>\"></textarea>",
    "<title><img title=\"</title><img src=x onerror=alert(1)>\"></title>",
    "<xmp><p title=\"</xmp><img src=x onerror=alert(1)>\"></xmp>",
    "<noembed><p title=\"</noembed><img src=x onerror=alert(1)>\"></noembed>",
    "<template><script>alert(1)</script></template>",
    "<template><img src=x onerror=alert(1)></template>",
    "<plaintext><img src=x onerror=alert(1)>",
    "<!--><img src=x onerror=alert(1)>-->",
    "<!--x--!><img src=x onerror=alert(1)>-->",
    "<![CDATA[<img src=x onerror=alert(1)>]]>",
    "<svg><![CDATA[><img src=x onerror=alert(1)>]]></svg>",
    "<!DOCTYPE x[<!ENTITY y \"<img src=x onerror=alert(1)>\">]>&y;",
    "<?xml version=\"1.0\"?><?php <img src=x onerror=alert(1)> ?>",
    "<%<img src=x onerror=alert(1)>%>",
    "<table><a href=javascript:alert(1)><tr><td><a href=/x>y</a></td></tr></a></table>",
    "<p title=\"&lt;/p&gt;&lt;img src=x onerror=alert(1)&gt;\">x",
    "&lt;img src=x onerror=alert(1)&gt;",
    "&amp;lt;script&amp;gt;alert(1)&amp;lt;/script&amp;gt;",
    "<a href=\"/?a=&quot;><img src=x onerror=alert(1)>\">x</a>",
    "<img alt='--><script>alert(1)</script>' src='/x.png'>",
    "<select><template><style><!--</style><img src=x onerror=alert(1)>--></style>",
    "<p><svg><p><style><g title=\"</style><img src=x onerror=alert(1)>\">",
};

const std::set<std::string> elements = {
    "a",     "abbr", "b",     "blockquote", "br",     "cite", "code",    "dd",  "del",   "details", "dfn",
    "div",   "dl",   "dt",    "em",         "h1",     "h2",   "h3",      "h4",  "h5",    "h6",      "hr",
    "i",     "img",  "input", "ins",        "kbd",    "li",   "mark",    "ol",  "p",     "pre",     "q",
    "s",     "samp", "small", "strike",     "strong", "sub",  "summary", "sup", "table", "tbody",   "td",
    "tfoot", "th",   "thead", "tr",         "u",      "ul",   "var"};
const std::set<std::string> attributes = {"href", "title",   "src",     "alt",  "width",   "height",   "start", "align",
                                          "rel",  "colspan", "rowspan", "type", "checked", "disabled", "class"};

/// The value of a quoted attribute as a browser sees it, with entities decoded.
std::string decode_entities(std::string text)
{
    const std::pair<const char*, const char*> entities[] = {
        {"&quot;", "\""}, {"&lt;", "<"}, {"&gt;", ">"}, {"&amp;", "&"}};
    for (const auto& [entity, character] : entities) {
        for (auto at = text.find(entity); at != std::string::npos; at = text.find(entity, at + 1)) {
            text.replace(at, std::string_view{entity}.size(), character);
        }
    }
    return text;
}

void expect_safe_url(const std::string& url)
{
    static const std::regex safe{"(https?:|mailto:).*|[^:/?#]*([/?#].*)?", std::regex::icase};
    EXPECT_TRUE(std::regex_match(url, safe)) << url;
    EXPECT_TRUE(std::ranges::none_of(url, [](char c) { return static_cast<unsigned char>(c) <= ' '; })) << url;
}

void expect_safe_tag(const std::string& tag)
{
    static const std::regex shape{R"re(<(/?)([a-z0-9]+)((?: [a-z]+="[^"<>]*")*)>)re"};
    static const std::regex attribute{R"re( ([a-z]+)="([^"<>]*)")re"};
    std::smatch parts;
    ASSERT_TRUE(std::regex_match(tag, parts, shape)) << tag;
    EXPECT_TRUE(elements.contains(parts[2])) << tag;
    const std::string list = parts[3];
    for (std::sregex_iterator a{list.begin(), list.end(), attribute}, end; a != end; ++a) {
        EXPECT_TRUE(attributes.contains((*a)[1])) << tag;
        static const std::regex language{"language-[A-Za-z0-9+#._-]+"};
        EXPECT_TRUE((*a)[1] != "class" || (parts[2] == "code" && std::regex_match((*a)[2].str(), language))) << tag;
        if ((*a)[1] == "href" || (*a)[1] == "src") expect_safe_url(decode_entities((*a)[2]));
    }
    const bool link = parts[2] == "a" && parts[1] == "";
    EXPECT_TRUE(!link || list.ends_with(" rel=\"nofollow ugc noopener\"")) << tag;
    EXPECT_TRUE(parts[2] != "input" || list.starts_with(" type=\"checkbox\" disabled=\"\"")) << tag;
}

/// Checks that every '<' starts a tag of the grammar, that tags are properly nested, and that every '&' starts one of
/// the four entities.
void expect_safe(const std::string& html)
{
    static const std::set<std::string> voids{"br", "hr", "img", "input"};
    static const std::regex entity{"&(amp|lt|gt|quot);"};
    std::vector<std::string> open;
    for (std::size_t at = html.find_first_of("<>&"); at != std::string::npos; at = html.find_first_of("<>&", at)) {
        const std::size_t end = html.find_first_of(html[at] == '&' ? ";" : ">", at);
        ASSERT_NE(end, std::string::npos) << html;
        const std::string piece = html.substr(at, end + 1 - at);
        at = end + 1;
        if (piece[0] == '&') {
            EXPECT_TRUE(std::regex_match(piece, entity)) << piece;
            continue;
        }
        expect_safe_tag(piece);
        const bool closes = piece[1] == '/';
        const std::string name = piece.substr(closes ? 2 : 1, piece.find_first_of(" >") - (closes ? 2 : 1));
        if (voids.contains(name)) continue;
        if (!closes) {
            open.push_back(name);
        } else {
            ASSERT_TRUE(!open.empty() && open.back() == name) << html;
            open.pop_back();
        }
    }
    EXPECT_TRUE(open.empty()) << html;
}

/// Checks what a page makes of it. Apart from what only pages add, the sanitiser would write it in the same way.
void expect_safe_on_page(const std::string& safe)
{
    const auto without_additions = [](std::string html) {
        for (const std::string_view added :
             {R"( class="img")", R"( tabindex="0")", R"( aria-label="done")", R"( aria-label="to do")"})
            for (auto at = html.find(added); at != std::string::npos; at = html.find(added, at))
                html.erase(at, added.size());
        return html;
    };
    for (const auto pictures : {foreign_pictures::link, foreign_pictures::show}) {
        const auto page = without_additions(page_html{safe, {.pictures = pictures}}.text());
        expect_safe(page);
        const auto again = try_sanitize_html(page);
        EXPECT_TRUE(!again || *again == page) << page;
    }
}

}  // namespace

TEST(xss, there_are_more_than_a_hundred_vectors) { EXPECT_GE(vectors.size(), 100u); }

TEST(xss, no_vector_survives)
{
    for (const std::string& vector : vectors) {
        SCOPED_TRACE(vector);
        const std::string safe = sanitize_html(vector);
        expect_safe(safe);
        EXPECT_EQ(sanitize_html(safe), safe);
    }
}

TEST(xss, no_vector_survives_in_the_places_that_parsers_treat_specially)
{
    const std::pair<const char*, const char*> places[] = {{"<table><tr><td>", "</td></tr></table>"},
                                                          {"<table>", "</table>"},
                                                          {"<p><b>", "</p>x"},
                                                          {"<a href=/>", "</a>"},
                                                          {"<select>", "</select>"},
                                                          {"<svg><desc>", "</svg>"},
                                                          {"<pre>", "</pre>"},
                                                          {"<ul><li>", "</ul>"},
                                                          {"<math><mi>", "</math>"},
                                                          {"<!--", "-->"},
                                                          {"<p title='", "'>"}};
    for (const auto& [before, after] : places) {
        for (const std::string& vector : vectors) {
            const std::string html = before + vector + after;
            SCOPED_TRACE(html);
            const std::string safe = sanitize_html(html);
            expect_safe(safe);
            expect_safe_on_page(safe);
            EXPECT_EQ(sanitize_html(safe), safe);
        }
    }
}

TEST(xss, no_vector_survives_markdown)
{
    const char* shapes[] = {"", "> ", "- ", "# ", "    ", "| a |\n|---|\n| ", "[x](", "![", "`"};
    for (const char* shape : shapes) {
        for (const std::string& vector : vectors) {
            SCOPED_TRACE(shape + vector);
            expect_safe(render_markdown(shape + vector).value_or("refused"));
            expect_safe(render_markdown("[x](<" + vector + ">)").value_or("refused"));
        }
    }
    for (const char* link : {"[x](javascript:alert(1))", "[x](JAVASCRIPT:alert(1))", "[x](java&#115;cript:alert(1))",
                             "<javascript:alert(1)>", "[x]: data:text/html,x\n\n[x]", "![x](vbscript:x)",
                             "[x](javascript\\:alert(1))", "[x](&#x01;javascript:alert(1))"}) {
        SCOPED_TRACE(link);
        expect_safe(render_markdown(link).value());
    }
}

TEST(xss, random_mixtures_of_fragments_are_safe_and_stay_as_they_are)
{
    std::vector<std::string> pieces = vectors;
    for (const std::string& e : elements) {
        pieces.push_back("<" + e + ">");
        pieces.push_back("</" + e + ">");
    }
    for (const char* p : {"text",
                          "\n",
                          " ",
                          "\t\r\n",
                          "&",
                          "&lt",
                          "&#13;",
                          "&#10;",
                          "&nbsp;",
                          "<",
                          ">",
                          "\"",
                          "<pre>\n\n",
                          "<caption>",
                          "<colgroup><col>",
                          "<center>",
                          "<font color=red>",
                          "<a href=/a>",
                          "<a href=/b title='\"'>",
                          "<nobr>",
                          "</p>",
                          "</br>",
                          "<img src=/x>",
                          "<input type=checkbox checked>",
                          "<rt>",
                          "\xFF\xFE",
                          "\xED\xA0\x80",
                          "\xF0\x9F\x98\x80",
                          "\xE2\x80",
                          "<svg><p>",
                          "</svg>",
                          "<math><mi>",
                          "<option>",
                          "<ol start=7>"}) {
        for (int i = 0; i < 4; ++i) pieces.emplace_back(p);
    }
    std::mt19937 random{20'240'607};
    for (int round = 0; round < 20'000; ++round) {
        std::string html;
        for (auto n = random() % 12; n > 0; --n) html += pieces[random() % pieces.size()];
        const std::string safe = sanitize_html(html);
        ASSERT_EQ(sanitize_html(safe), safe) << html;
        if (round % 10 == 0) {
            SCOPED_TRACE(html);
            expect_safe(safe);
            expect_safe_on_page(safe);
        }
        if (HasFailure()) break;
    }
}

}  // namespace agora::markup
