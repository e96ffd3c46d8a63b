// SPDX-License-Identifier: MIT
// See discovery.hpp. Part 0 of the sitemap has the front page, the categories and the tags; part N has the posts of the
// N-th 10,000 ids. So a part changes only when its own posts change, and a new post never moves another one.
#include <agora/api/keys.hpp>
#include <agora/features/discovery/discovery.hpp>
#include <agora/services/services.hpp>
#include <agora/site/document.hpp>
#include <agora/site/text.hpp>
#include <agora/site/xml.hpp>
#include <charconv>
#include <larder/rfc3339.hpp>

namespace agora::discovery {
namespace {

constexpr larder::region_options hourly{
    .ttl = std::chrono::hours{1}, .stale = api::public_answers, .size = {.max_bytes = std::size_t{8} << 20}};
constexpr api::response_region<> index_of_sitemaps{"sitemap:index", hourly};
/// Key: number of the part.
constexpr api::response_region<std::int64_t> sitemap_parts{"sitemap:{}", hourly};

constexpr std::int64_t addresses_in_part = 10'000;
constexpr std::int64_t most_categories = 1'000;
constexpr std::int64_t most_tags = 8'000;

constexpr std::string_view sitemap_namespace = "http://www.sitemaps.org/schemas/sitemap/0.9";

/// The number in "7.xml"; nullopt for any other name.
std::optional<std::int64_t> number_of(std::string_view name)
{
    if (!name.ends_with(".xml")) return std::nullopt;
    name.remove_suffix(4);
    std::int64_t n = 0;
    const auto [end, ec] = std::from_chars(name.data(), name.data() + name.size(), n);
    const bool canonical = ec == std::errc{} && end == name.data() + name.size() && std::to_string(n) == name;
    return canonical && n >= 0 && n <= INT64_MAX / addresses_in_part - 1 ? std::optional{n} : std::nullopt;
}

std::string part_path(std::int64_t number) { return "/sitemap/" + std::to_string(number) + ".xml"; }

void write_address(site::xml_writer& out, const std::string& address, std::optional<larder::timestamp> changed = {})
{
    out.open("url");
    out.element("loc", address);
    if (changed) out.element("lastmod", larder::to_rfc3339(*changed));
    out.close();
}

}  // namespace

slice::slice(services& s, posts::slice& posts, categories::slice& categories, std::string security_contact)
    : posts_{posts.store()},
      categories_{categories.store()},
      site_{s.site},
      clock_{s.clock},
      security_contact_{std::move(security_contact)}
{
    s.cache.declare(index_of_sitemaps);
    s.cache.declare(sitemap_parts);
    const site::document_view text{site::text_type};
    const site::document_view xml{site::xml_type};
    s.routes.section("site");
    s.routes.page("/robots.txt", &slice::robots, *this, text);
    s.routes.page("/.well-known/security.txt", &slice::security, *this, text);
    s.routes.page("/sitemap.xml", &slice::sitemaps, *this, xml).cached(s.cache, [](http::anyone) {
        return std::optional{index_of_sitemaps()};
    });
    s.routes.page("/sitemap/{name}", &slice::sitemap, *this, xml)
        .cached(s.cache, [](http::anyone, const http::path<std::string>& name) {
            const auto number = number_of(*name);
            return number ? std::optional{sitemap_parts(*number)} : std::nullopt;
        });
}

outcome<site::document> slice::robots(http::anyone)
{
    std::string text = "User-agent: *\n";
    // "$" ends a path, because the address of a post can begin like that of a form: /posts/7/edit-wars.
    for (const auto* path : {"/api/", "/comments/", "/forgot", "/posts/*/delete$", "/posts/*/edit$", "/register",
                             "/reset", "/settings", "/sign-in", "/verify-email", "/write"})
        text.append("Disallow: ").append(path).append("\n");
    text.append("\nSitemap: ").append(site_.address("/sitemap.xml")).append("\n");
    return site::document{std::move(text)};
}

outcome<site::document> slice::security(http::anyone)
{
    if (security_contact_.empty()) return failure::not_found("a contact for reports");
    // The document must say until when it is valid (RFC 9116 2.5.5). Whole days, so that its ETag changes once a day.
    const auto expires = std::chrono::floor<std::chrono::days>(clock_.wall()) + std::chrono::days{180};
    std::string text = "Contact: " + security_contact_ + "\nExpires: ";
    text.append(larder::to_rfc3339(expires)).append("\nPreferred-Languages: en\nCanonical: ");
    text.append(site_.address("/.well-known/security.txt")).append("\n");
    return site::document{std::move(text)};
}

asio::awaitable<outcome<site::document>> slice::sitemaps(http::anyone)
{
    const auto ranges = co_await posts_.ranges(addresses_in_part);
    site::xml_writer out;
    out.open("sitemapindex", {{"xmlns", sitemap_namespace}});
    out.open("sitemap");
    out.element("loc", site_.address(part_path(0)));
    out.close();
    for (const auto& r : ranges) {
        out.open("sitemap");
        out.element("loc", site_.address(part_path(r.number + 1)));
        out.element("lastmod", larder::to_rfc3339(r.changed_at));
        out.close();
    }
    out.close();
    co_return site::document{out.take()};
}

asio::awaitable<outcome<site::document>> slice::sitemap(http::anyone, const http::path<std::string>& name)
{
    const auto number = number_of(*name);
    if (!number) co_return failure::not_found("this sitemap");
    if (*number == 0) co_return co_await sitemap_of_topics();
    const auto found = co_await posts_.addresses(*number - 1, addresses_in_part);
    if (found.empty()) co_return failure::not_found("this sitemap");
    site::xml_writer out;
    out.open("urlset", {{"xmlns", sitemap_namespace}});
    for (const auto& p : found) write_address(out, site_.address(site::post_path(p.id, p.title)), p.changed_at);
    out.close();
    co_return site::document{out.take()};
}

asio::awaitable<site::document> slice::sitemap_of_topics()
{
    api::window some;
    some.limit = most_tags;
    const auto categories = co_await categories_.largest(most_categories);
    const auto tags = co_await categories_.tags(some);
    site::xml_writer out;
    out.open("urlset", {{"xmlns", sitemap_namespace}});
    for (const auto* path : {"/", "/categories", "/tags"}) write_address(out, site_.address(path));
    for (const auto& c : categories) write_address(out, site_.address(html::path{"/c/{}", c.slug}.text()));
    for (const auto& t : tags) write_address(out, site_.address(html::path{"/t/{}", t.name}.text()));
    out.close();
    co_return site::document{out.take()};
}

}  // namespace agora::discovery
