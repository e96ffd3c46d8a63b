// SPDX-License-Identifier: MIT
// The margin, responses with pages, and the embedded assets. An asset is prepared once for each coding; an address with
// another hash gets the current file and must not be stored, because it comes from a page of an older or newer node.
#include <agora/http/encoder.hpp>
#include <agora/http/problem.hpp>
#include <agora/http/problem_codes.hpp>
#include <agora/http/request.hpp>
#include <agora/http/segmented_page.hpp>
#include <agora/site/site.hpp>
#include <agora/web/assets.hpp>
#include <algorithm>
#include <array>
#include <chrono>

namespace agora::site {
namespace {

constexpr larder::region<margin()> margins{"page:margin", {.ttl = std::chrono::minutes{1}}};

constexpr std::string_view immutable = "public, max-age=31536000, immutable";

/// The address of a file without the hash: "site.1a2b3c.css" is "site.css".
std::string without_hash(std::string_view name)
{
    const auto first = name.find('.');
    const auto last = name.rfind('.');
    return first < last ? std::string{name.substr(0, first)}.append(name.substr(last)) : std::string{name};
}

http::response asset_response(const web::asset& a, const http::request& r, std::string_view cache_control)
{
    http::response out{200, a.content_type, {}};
    const auto c = http::coding_for(r);
    out.body = c == http::coding::br ? a.brotli : c == http::coding::gzip ? a.gzip : a.plain;
    if (c != http::coding::identity) out.headers.emplace_back("Content-Encoding", http::to_string(c));
    out.headers.emplace_back("Vary", "Accept-Encoding");
    out.cache_control = cache_control;
    out.encoded = true;
    return out;
}

}  // namespace

site::site(http::router& routes, larder::cache& cache, site_options o) : cache_{cache}, options_{std::move(o)}
{
    cache.declare(margins);
    routes.section("site");
    routes.get("/assets/{name}", &site::asset, *this).undocumented();
    routes.get("/favicon.ico", &site::favicon, *this).undocumented();
    routes.show_unmatched_by(std::make_unique<site_view>(view()));
}

asio::awaitable<margin> site::beside() const
{
    auto load = [this]() -> asio::awaitable<margin> {
        margin all;
        for (const auto& part : parts_) all.push_back(co_await part());
        co_return all;
    };
    const auto got = co_await cache_.get_or_load(margins(), load);
    co_return *got;
}

http::response site::show(unsigned status, const page& p) const
{
    auto made = view().show(p);
    http::response out{status, view().content_type(), std::move(made.body)};
    out.page = std::move(made.page);
    out.page->canonical.clear();  // this is the answer to a form, at the form's address
    out.cache_control = "private, no-cache";
    if (status == 401) out.headers.emplace_back("WWW-Authenticate", "Bearer");
    return out;
}

http::response site::show(const failure& why, const page& p) const
{
    auto out = show(why.status, p);
    if (why.status == 429 || why.status == 503)
        out.headers.emplace_back("Retry-After", std::to_string(why.retry_after.count()));
    return out;
}

http::response site::show_to_new_member(std::int64_t user_id, const page& p) const
{
    auto out = show(200, p);
    http::request as;
    as.caller.user_id = user_id;
    as.caller.role = http::role::user;
    std::vector<std::string> contents(out.page->slots.size());
    for (std::size_t i = 0; i < contents.size(); ++i) view().fill(contents[i], out.page->slots[i], as);
    out.body = http::with_slots(out.body, out.page->slots, contents);
    out.page.reset();
    return out;
}

http::response site::asset(http::anyone, const http::request& r, const http::path<std::string>& name)
{
    const auto same = std::ranges::find(web::assets, std::string_view{*name}, &web::asset::name);
    if (same != web::assets.end()) return asset_response(*same, r, immutable);
    const auto file = without_hash(*name);
    const auto current = std::ranges::find(web::assets, std::string_view{file}, &web::asset::file);
    if (current != web::assets.end()) return asset_response(*current, r, "no-store");
    return http::problem(r, problems::not_found, "there is no such file");
}

http::response site::favicon(http::anyone, const http::request& r)
{
    const auto icon = std::ranges::find(web::assets, std::string_view{"favicon.svg"}, &web::asset::file);
    return asset_response(*icon, r, "public, max-age=86400");
}

http::response see_other(std::string path)
{
    http::response out;
    out.status = 303;
    out.headers.emplace_back("Location", std::move(path));
    return out;
}

}  // namespace agora::site
