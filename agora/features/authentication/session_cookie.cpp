// SPDX-License-Identifier: MIT
// See session_cookie.hpp. Reading follows the npm package `cookie` 0.7, writing follows express-session 1.19.
// cookie_at() reads a cookie, cookie_text() writes one.
#include <agora/features/authentication/session_cookie.hpp>
#include <agora/http/admission.hpp>
#include <agora/http/fields.hpp>

#include <algorithm>
#include <charconv>

namespace agora::authentication {
namespace {

using larder::json::members;
using std::chrono::milliseconds;

std::string_view unquoted(std::string_view text) noexcept
{
    const bool quoted = text.size() >= 2 && text.front() == '"' && text.back() == '"';
    return quoted ? text.substr(1, text.size() - 2) : text;
}

members cookie_in(const members& data)
{
    const auto* text = data.find("cookie");
    auto cookie = members::parse(text != nullptr ? std::string_view{*text} : "{}");
    return cookie ? *std::move(cookie) : members{};
}

/// The value of an attribute; empty if it is missing or contains characters that would start another attribute.
std::string attribute(const members& cookie, std::string_view name)
{
    auto text = cookie.get<std::string>(name).value_or("");
    const bool plain = std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7F && c != ';' && c != ','; });
    return plain ? std::move(text) : std::string{};
}

std::string_view same_site(const members& cookie)
{
    if (cookie.get<bool>("sameSite").value_or(false)) return "Strict";
    const auto text = attribute(cookie, "sameSite");
    if (http::iequals(text, "strict")) return "Strict";
    if (http::iequals(text, "none")) return "None";
    return text.empty() ? std::string_view{} : "Lax";
}

/// The value of Set-Cookie. `lives`: the Max-Age; without it the browser deletes the cookie when it closes.
std::string cookie_text(std::string_view name, std::string_view value, const members& cookie,
                        std::optional<std::chrono::seconds> lives)
{
    std::string text{name};
    text.append("=").append(value);
    if (const auto domain = attribute(cookie, "domain"); !domain.empty()) text += "; Domain=" + domain;
    const auto path = attribute(cookie, "path");
    text += "; Path=" + (path.starts_with('/') ? path : "/");
    if (lives) text += "; Max-Age=" + std::to_string(lives->count());
    if (cookie.get<bool>("httpOnly").value_or(true)) text += "; HttpOnly";
    if (const auto site = same_site(cookie); !site.empty()) text.append("; SameSite=").append(site);
    if (cookie.get<bool>("secure").value_or(false)) text += "; Secure";
    if (cookie.get<bool>("partitioned").value_or(false)) text += "; Partitioned";
    if (const auto priority = attribute(cookie, "priority"); !priority.empty()) text += "; Priority=" + priority;
    return text;
}

/// The Max-Age of a session's cookie; nullopt: it lives until the browser closes.
std::optional<std::chrono::seconds> life_of(const members& cookie)
{
    const auto age = cookie.get<std::int64_t>("originalMaxAge");
    if (!age || *age <= 0) return std::nullopt;
    return std::chrono::ceil<std::chrono::seconds>(milliseconds{*age});
}

std::int64_t owner_in(const larder::session& s)
{
    if (const auto number = s.get<std::int64_t>(larder::session::owner_field)) return *number;
    const auto text = s.get<std::string>(larder::session::owner_field).value_or("");
    std::int64_t id = 0;
    const auto* end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, id);
    return error == std::errc{} && stopped == end ? id : 0;
}

}  // namespace

std::optional<std::string_view> cookie_at(const http::request& r, std::string_view name, std::size_t position) noexcept
{
    for (const auto& f : r.headers()) {
        if (!http::iequals(f.name, "cookie")) continue;
        for (auto rest = f.value; !rest.empty();) {
            const auto end = rest.find(';');
            const auto pair = rest.substr(0, end);
            rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
            const auto equals = pair.find('=');
            if (equals == std::string_view::npos || http::trim_blanks(pair.substr(0, equals)) != name) continue;
            if (position-- == 0) return unquoted(http::trim_blanks(pair.substr(equals + 1)));
        }
    }
    return std::nullopt;
}

std::string set_cookie(std::string_view name, std::string_view value, const larder::session& s)
{
    const auto cookie = cookie_in(s.data());
    return cookie_text(name, value, cookie, life_of(cookie));
}

std::string clear_cookie(std::string_view name, const larder::session& s)
{
    return cookie_text(name, {}, cookie_in(s.data()), std::chrono::seconds{0});
}

std::string set_mark(const larder::session& s)
{
    const auto cookie = cookie_in(s.data());
    std::string text{http::signed_in_mark};
    text += "; Path=/";
    if (const auto lives = life_of(cookie)) text += "; Max-Age=" + std::to_string(lives->count());
    text += "; HttpOnly; SameSite=Lax";
    if (cookie.get<bool>("secure").value_or(false)) text += "; Secure";
    return text;
}

std::string clear_mark()
{
    const auto name = http::signed_in_mark.substr(0, http::signed_in_mark.find('='));
    return std::string{name} + "=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax";
}

members with_own_cookie(members data, const larder::session_options& o)
{
    auto cookie = cookie_in(data);
    if (o.cookie.secure) cookie.set("secure", true);
    cookie.set("httpOnly", true);
    cookie.set("sameSite", o.cookie.same_site);
    data.set_text("cookie", cookie.text());
    return data;
}

session_facts facts_of(const larder::session& s)
{
    session_facts f;
    f.owner = owner_in(s);
    f.signed_in = s.get<larder::timestamp>(since_field);
    if (f.signed_in) return f;
    const auto cookie = cookie_in(s.data());
    const auto expires = cookie.get<larder::timestamp>("expires");
    const auto age = cookie.get<std::int64_t>("originalMaxAge");
    if (expires && age && *age > 0) f.signed_in = *expires - milliseconds{*age};
    return f;
}

}  // namespace agora::authentication
