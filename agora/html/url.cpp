// SPDX-License-Identifier: MIT
#include <agora/html/escape.hpp>
#include <agora/html/url.hpp>
#include <algorithm>
#include <larder/ascii.hpp>

namespace agora::html {

namespace {

/// Browsers remove tabs and newlines from URLs and read a backslash as a slash, so `/\t/host` and `/\host` would lead
/// to another host.
bool has_forbidden_character(std::string_view url)
{
    return std::any_of(url.begin(), url.end(),
                       [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7F' || c == '\\'; });
}

bool has_http_host(std::string_view url)
{
    const auto colon = url.find("://");
    if (colon == std::string_view::npos) return false;
    const auto scheme = url.substr(0, colon);
    if (!larder::iequals(scheme, "http") && !larder::iequals(scheme, "https")) return false;
    auto authority = url.substr(colon + 3);
    authority = authority.substr(0, authority.find_first_of("/?#"));
    return !authority.empty() && authority[0] != ':' && authority.find('@') == std::string_view::npos;
}

}  // namespace

std::optional<path> path::parse(std::string_view text)
{
    if (!detail::is_own_path(text) || has_forbidden_character(text)) return std::nullopt;
    path parsed;
    parsed.text_ = text;
    return parsed;
}

void path::append_part(std::string_view part)
{
    if (detail::is_in_query(text_)) {
        append_query_part(text_, part);
    } else {
        append_segment(text_, part);
    }
}

path& path::add(std::string_view name, std::string_view value)
{
    text_ += text_.find('?') == std::string::npos ? '?' : '&';
    append_query_part(text_, name);
    text_ += '=';
    append_query_part(text_, value);
    return *this;
}

std::optional<url> url::parse(std::string_view text)
{
    if (has_forbidden_character(text) || (!detail::is_own_path(text) && !has_http_host(text))) return std::nullopt;
    return url{text};
}

}  // namespace agora::html
