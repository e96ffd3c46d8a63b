// SPDX-License-Identifier: MIT
// Writes ETags (make_etag()) and reads the tags of If-None-Match (names_etag()) and If-Match (if_match). A tag's row
// version is the number before its dash.
#include <agora/http/entity_tag.hpp>
#include <agora/http/fields.hpp>
#include <algorithm>
#include <charconv>
#include <functional>
#include <span>

namespace agora::http {
namespace {

/// Calls `use` for each tag of a list, without its `W/`.
template <class F>
void each_tag(std::string_view list, F use)
{
    for (auto tag = next_element(list, quoting::tags); !tag.empty(); tag = next_element(list, quoting::tags)) {
        if (tag.starts_with("W/")) tag.remove_prefix(2);
        use(tag);
    }
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

bool names_etag(const request& r, std::string_view etag) noexcept
{
    bool found = false;
    r.each_line("if-none-match", [&](std::string_view line) {
        each_tag(line, [&](std::string_view tag) { found |= tag == "*" || tag == etag; });
    });
    return found;
}

if_match if_match::of(const request& r) noexcept
{
    if_match m;
    r.each_line("if-match", [&](std::string_view line) { m.add_line(line); });
    return m;
}

if_match if_match::parse(std::string_view line) noexcept
{
    if_match m;
    m.add_line(line);
    return m;
}

void if_match::add_line(std::string_view line) noexcept
{
    given_ |= !line.empty();
    each_tag(line, [this](std::string_view tag) { add_tag(tag); });
}

void if_match::add_tag(std::string_view tag) noexcept
{
    if (tag == "*") any_ = true;
    const auto dash = tag.find('-');
    if (tag.size() < 3 || tag.front() != '"' || dash == std::string_view::npos || count_ == versions_.size()) return;
    std::int64_t version = 0;
    const auto [end, ec] = std::from_chars(tag.data() + 1, tag.data() + dash, version);
    if (ec == std::errc{} && end == tag.data() + dash) versions_[count_++] = version;
}

bool if_match::allows(std::int64_t version) const noexcept
{
    const std::span named{versions_.data(), count_};
    return any_ || std::find(named.begin(), named.end(), version) != named.end();
}

}  // namespace agora::http
