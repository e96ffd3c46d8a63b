// SPDX-License-Identifier: MIT
// Start with write_document(). Addresses that leave the site (canonical, previews) begin with PUBLIC_URL, because the
// page is cached for all host names.
#include <agora/html/url.hpp>
#include <agora/site/layout.hpp>
#include <agora/site/site.hpp>
#include <agora/site/text.hpp>
#include <agora/web/assets.hpp>

namespace agora::site {
namespace {

/// What search engines and previews read.
void write_previews(html::writer& out, const site& in, const page& p)
{
    if (!p.indexed) out.write(R"(<meta name="robots" content="noindex">)");
    const auto address = p.canonical.empty() ? std::string{} : in.address(p.canonical + p.parameters);
    const auto canonical = html::url::parse(address);
    if (!canonical || !p.indexed) return;
    out.write(R"(<link rel="canonical" href="{}"><meta property="og:title" content="{}">)"
              R"(<meta property="og:type" content="{}"><meta property="og:url" content="{}">)"
              R"(<meta property="og:site_name" content="{}">)",
              *canonical, p.title.empty() ? in.name() : p.title, p.kind, address, in.name());
    if (p.description.empty()) return;
    out.write(R"(<meta name="description" content="{}"><meta property="og:description" content="{}">)", p.description,
              p.description);
}

void write_head(html::writer& out, const site& in, const page& p)
{
    static const html::path css = *html::path::parse(web::site_css);
    static const html::path js = *html::path::parse(web::site_js);
    static const html::path icon = *html::path::parse(web::favicon_svg);
    write_previews(out, in, p);
    if (p.no_referrer) out.write(R"(<meta name="referrer" content="no-referrer">)");
    if (p.reloads) out.write(R"(<meta http-equiv="refresh" content="0">)");
    if (!p.feed.empty())
        out.write(R"(<link rel="alternate" type="application/atom+xml" href="{}">)", html::path::parse(p.feed));
    out.write(R"(<link rel="icon" type="image/svg+xml" href="{}"><link rel="stylesheet" href="{}">)"
              R"(<script defer src="{}"></script>)",
              icon, css, js);
}

void write_sections(html::writer& out, section current)
{
    using optional_text = std::optional<std::string_view>;
    const auto mark = [&](section s) { return s == current ? optional_text{"page"} : optional_text{}; };
    out.write(R"(<a href="/" aria-current="{}">Discussions</a><a href="/categories" aria-current="{}">Categories</a>)"
              R"(<a href="/tags" aria-current="{}">Tags</a>)",
              mark(section::discussions), mark(section::categories), mark(section::tags));
}

void write_header(html::writer& out, const site& in, const page& p)
{
    const auto next = p.canonical.empty() ? std::string{"/"} : p.canonical + p.parameters;
    const auto guests_box = [next](html::writer& box) {
        box.write(R"(<a href="/sign-in?next={}">Sign in</a><a class="button" href="/register">Join</a>)", next);
    };
    out.write(
        R"(<a class="skip hide" href="#main">Skip to the content</a><header class="bar"><div>)"
        R"(<a class="name" href="/">{}</a><nav aria-label="Sections">{}</nav><div class="account">{}</div>)"
        R"(</div></header>)",
        in.name(), [&](html::writer& nav) { write_sections(nav, p.in); },
        html::guests_see(slot(slot_kind::account), guests_box));
}

void write_margin(html::writer& out, const margin& beside)
{
    const auto write_link = [](html::writer& item, const margin_link& l) {
        item.write(R"(<li><a href="{}">{}</a>{}</li>)", html::path::parse(l.path), l.text, grouped(l.count));
    };
    for (const auto& part : beside) {
        if (part.links.empty() && part.text.empty()) continue;
        out.write(
            "<section><h2>{}</h2>{}{}</section>", part.heading,
            html::when(!part.links.empty(),
                       [&](html::writer& list) { list.write("<ul>{}</ul>", html::each(part.links, write_link)); }),
            html::when(!part.text.empty(), [&](html::writer& text) { text.write("<p>{}</p>", part.text); }));
    }
}

/// The class of the column, if it is not the full one.
std::optional<std::string_view> width_of(const page& p)
{
    if (p.slim) return "slim";
    if (p.mid) return "mid";
    return std::nullopt;
}

}  // namespace

void write_document(html::writer& out, const site& in, const page& p)
{
    const auto title = p.title.empty() ? in.name() : p.title + " – " + in.name();
    const auto feed = html::path::parse(p.feed.empty() ? "/feed.atom" : p.feed);
    const auto margin = [&](html::writer& beside) {
        if (p.beside)
            beside.write(R"(<aside class="margin" aria-label="About the community">{}</aside>)",
                         [&](html::writer& parts) { write_margin(parts, *p.beside); });
    };
    out.write(
        R"(<!doctype html><html lang="en"><head><meta charset="utf-8">)"
        R"(<meta name="viewport" content="width=device-width,initial-scale=1">)"
        R"(<meta name="color-scheme" content="light dark"><title>{}</title>{}</head><body>{})"
        R"(<div class="wide"><main id="main" class="{}">{}</main>{}</div><footer class="foot"><div>)"
        R"(<a href="/docs">API</a><a href="{}">Atom feed</a></div></footer></body></html>)",
        title, [&](html::writer& head) { write_head(head, in, p); },
        [&](html::writer& header) { write_header(header, in, p); }, width_of(p), html::written(p.main), margin, feed);
}

void write_account_box(html::writer& out, const std::optional<std::string>& username)
{
    out.write(R"(<a class="button main" href="/write">Write</a>)");
    if (username)
        out.write(
            R"(<a class="who" href="/u/{}">{}<span>{}</span></a>)", *username,
            [&](html::writer& avatar) { write_avatar(avatar, *username); }, *username);
    out.write(
        R"(<a href="/settings">Settings</a><form method="post" action="/sign-out"><button>Sign out</button></form>)");
}

}  // namespace agora::site
