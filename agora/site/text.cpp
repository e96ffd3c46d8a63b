// SPDX-License-Identifier: MIT
// See text.hpp. A slug is made of code points in lower case; everything that is neither a letter nor a digit separates
// its words.
#include <utf8proc.h>
#include <agora/site/text.hpp>
#include <algorithm>
#include <array>
#include <chrono>
#include <larder/fnv.hpp>
#include <larder/rfc3339.hpp>

namespace agora::site {
namespace {

constexpr std::size_t max_slug = 80;  // bytes
constexpr std::array<std::string_view, 5> route_words{"edit", "delete", "comments", "like", "report"};
constexpr unsigned colours = 12;

bool is_letter_or_digit(utf8proc_int32_t c)
{
    switch (utf8proc_category(c)) {
        case UTF8PROC_CATEGORY_LU:
        case UTF8PROC_CATEGORY_LL:
        case UTF8PROC_CATEGORY_LT:
        case UTF8PROC_CATEGORY_LM:
        case UTF8PROC_CATEGORY_LO:
        case UTF8PROC_CATEGORY_MN:
        case UTF8PROC_CATEGORY_MC:
        case UTF8PROC_CATEGORY_ND:
            return true;
        default:
            return false;
    }
}

/// The first character, in upper case.
std::string initial(std::string_view name)
{
    utf8proc_int32_t c = 0;
    const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(name.data());
    if (utf8proc_iterate(bytes, static_cast<utf8proc_ssize_t>(name.size()), &c) <= 0) return "?";
    std::array<utf8proc_uint8_t, 4> out{};
    const auto n = utf8proc_encode_char(utf8proc_toupper(c), out.data());
    return {out.begin(), out.begin() + n};
}

}  // namespace

std::string slug(std::string_view title)
{
    std::string out;
    bool gap = false;
    for (std::size_t at = 0; at < title.size();) {
        utf8proc_int32_t c = 0;
        const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(title.data()) + at;
        const auto n = utf8proc_iterate(bytes, static_cast<utf8proc_ssize_t>(title.size() - at), &c);
        if (n <= 0) break;
        at += static_cast<std::size_t>(n);
        if (c == '\'' || c == 0x2019) continue;  // "don't" is one word
        if (!is_letter_or_digit(c)) {
            gap = true;
            continue;
        }
        std::array<utf8proc_uint8_t, 4> lower{};
        const auto size = static_cast<std::size_t>(utf8proc_encode_char(utf8proc_tolower(c), lower.data()));
        if (out.size() + size + 1 > max_slug) break;
        if (gap && !out.empty()) out += '-';
        gap = false;
        out.append(reinterpret_cast<const char*>(lower.data()), size);
    }
    if (out.empty()) return "post";
    if (std::ranges::find(route_words, out) != route_words.end()) out += "-post";
    return out;
}

std::string post_path(std::int64_t id, std::string_view title)
{
    return html::path{"/posts/{}/{}", id, slug(title)}.text();
}

std::string member_path(std::string_view username) { return html::path{"/u/{}", username}.text(); }

void write_time(html::writer& out, larder::timestamp t)
{
    using namespace std::chrono;
    constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const year_month_day day{floor<days>(t)};
    const auto exact = larder::to_rfc3339(floor<seconds>(t)).substr(0, 16) + "Z";
    out.write(R"(<time datetime="{}">{} {} {}</time>)", exact, unsigned{day.day()}, months[unsigned{day.month()} - 1],
              int{day.year()});
}

void write_avatar(html::writer& out, std::string_view username)
{
    out.write(R"(<span class="avatar h{}" aria-hidden="true">{}</span>)", larder::fnv1a(username) % colours,
              initial(username));
}

void write_member(html::writer& out, std::string_view username)
{
    out.write(R"(<a href="/u/{}">{}{}</a>)", username, [&](html::writer& a) { write_avatar(a, username); }, username);
}

std::string grouped(std::int64_t n)
{
    auto text = std::to_string(n);
    for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > (n < 0 ? 1 : 0); at -= 3)
        text.insert(static_cast<std::size_t>(at), ",");
    return text;
}

std::string counted(std::int64_t n, std::string_view one, std::string_view many)
{
    return grouped(n).append(" ").append(n == 1 ? one : many);
}

}  // namespace agora::site
