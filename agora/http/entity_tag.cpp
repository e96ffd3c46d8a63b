// SPDX-License-Identifier: MIT
#include <agora/http/entity_tag.hpp>
#include <algorithm>
#include <charconv>
#include <functional>
#include <span>

namespace agora::http {
namespace {

/// Calls `use(tag without W/)` for each element of a list until it returns true.
template <class F>
bool any_tag(std::string_view list, F use)
{
    while (!list.empty()) {
        const auto comma = list.find(',');
        auto tag = list.substr(0, comma);
        while (!tag.empty() && (tag.front() == ' ' || tag.front() == '\t')) tag.remove_prefix(1);
        while (!tag.empty() && (tag.back() == ' ' || tag.back() == '\t')) tag.remove_suffix(1);
        if (tag.starts_with("W/")) tag.remove_prefix(2);
        if (use(tag)) return true;
        list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
    }
    return false;
}

}  // namespace

std::string make_etag(std::int64_t version, std::string_view body, coding c)
{
    char text[48];
    char* at = text;
    *at++ = '"';
    if (version != 0) {
        at = std::to_chars(at, text + sizeof text, version).ptr;
        *at++ = '-';
    }
    at = std::to_chars(at, text + sizeof text, std::hash<std::string_view>{}(body), 16).ptr;
    if (c == coding::gzip) *at++ = 'z';
    if (c == coding::br) *at++ = 'r';
    *at++ = '"';
    return {text, at};
}

bool matches_etag(std::string_view if_none_match, std::string_view etag) noexcept
{
    return any_tag(if_none_match, [&](std::string_view tag) { return tag == "*" || tag == etag; });
}

std::optional<if_match> if_match::parse(std::string_view header)
{
    if_match m;
    any_tag(header, [&](std::string_view tag) {
        const auto dash = tag.find('-');
        if (tag == "*") {
            m.any_ = true;
        } else if (tag.size() > 2 && tag.front() == '"' && dash != std::string_view::npos) {
            std::int64_t version = 0;
            const auto [end, ec] = std::from_chars(tag.data() + 1, tag.data() + dash, version);
            if (ec == std::errc{} && end == tag.data() + dash) m.versions_[m.count_++] = version;
        }
        return m.count_ == m.versions_.size();
    });
    if (!m.any_ && m.count_ == 0) return std::nullopt;
    return m;
}

bool if_match::allows(std::int64_t version) const noexcept
{
    const std::span named{versions_.data(), count_};
    return any_ || std::find(named.begin(), named.end(), version) != named.end();
}

}  // namespace agora::http
