// SPDX-License-Identifier: MIT
// The rules for the URLs that literals contain, and for the holes inside of them. Constant expressions.
#pragma once

#include <string_view>

namespace agora::html::detail {

constexpr bool is_letter_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// Whether a URL begins with one slash. Two slashes, or a slash and a backslash, begin the name of another host.
constexpr bool is_own_path(std::string_view url)
{
    return url.starts_with('/') && !url.starts_with("//") && !url.starts_with("/\\");
}

/// The part of an absolute URL behind `http://` or `https://`; empty if it is not one.
constexpr std::string_view after_scheme(std::string_view url)
{
    if (url.starts_with("http://")) return url.substr(7);
    return url.starts_with("https://") ? url.substr(8) : std::string_view{};
}

/// Whether a literal may contain this URL. A relative reference such as `edit` is refused, because the same page may
/// be at another depth.
constexpr bool is_literal_url(std::string_view url)
{
    return is_own_path(url) || url.starts_with('#') || url.starts_with('?') || url.starts_with("mailto:") ||
           (!after_scheme(url).empty() && is_letter_or_digit(after_scheme(url)[0]));
}

/// Whether a percent-encoded hole may follow this beginning of a URL without changing which site the URL leads to.
/// `/{}/{}` with an empty first part would be `//` and a host, so the first segment must begin with a letter or digit
/// of the literal. A `{}` at the beginning is a whole URL, possibly `/`.
constexpr bool part_may_follow(std::string_view begin)
{
    if (begin.ends_with("{}")) return false;
    if (begin.starts_with("{}")) begin.remove_prefix(2);
    if (begin.starts_with('/'))
        return begin.size() > 1 && (is_letter_or_digit(begin[1]) || begin[1] == '?' || begin[1] == '#');
    if (const auto host = after_scheme(begin); !host.empty())
        return host.find_first_of("/?#") != std::string_view::npos;
    return begin.starts_with('?') || begin.starts_with('#') || begin.starts_with("mailto:");
}

/// Whether what follows this beginning of a URL belongs to its query or fragment.
constexpr bool is_in_query(std::string_view begin) { return begin.find_first_of("?#") != std::string_view::npos; }

}  // namespace agora::html::detail
