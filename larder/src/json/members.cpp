// SPDX-License-Identifier: MIT
// JSON objects with unknown members. members::parse() first lets the JSON parser validate the whole text, so the
// functions here can assume valid JSON and only need to find where each value of the outermost object begins and ends.
// Values are stored as text, exactly as they were written.
#include <algorithm>
#include <larder/ascii.hpp>
#include <larder/json/members.hpp>

namespace larder::json {
namespace {

constexpr std::string_view space = " \t\r\n";

void skip_space(std::string_view& rest) { rest.remove_prefix(std::min(rest.find_first_not_of(space), rest.size())); }

std::size_t end_of_string(std::string_view text)
{
    std::size_t i = 1;
    while (text[i] != '"') i += text[i] == '\\' ? 2 : 1;
    return i + 1;
}

/// Returns where the value at the front of `text` ends. Requires: the text is part of valid JSON.
std::size_t end_of_value(std::string_view text)
{
    std::size_t depth = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '"') {
            i += end_of_string(text.substr(i)) - 1;
        } else if (c == '{' || c == '[') {
            ++depth;
        } else if (c == '}' || c == ']') {
            if (depth == 0) return i;
            --depth;
        } else if (c == ',' && depth == 0) {
            return i;
        }
    }
    return text.size();
}

std::string_view take(std::string_view& rest, std::size_t n)
{
    const auto front = rest.substr(0, n);
    rest.remove_prefix(n);
    return front;
}

}  // namespace

result<members> members::parse(std::string_view text, const read_limits& limits)
{
    detail::type_ops anything;
    anything.object = true;
    if (detail::read_into(nullptr, anything, text, limits).syntax) return make_error_code(errc::malformed);
    skip_space(text);
    if (text.front() != '{') return make_error_code(errc::malformed);
    text.remove_prefix(1);
    members out;
    for (skip_space(text); text.front() != '}'; skip_space(text)) {
        auto name = read<std::string>(take(text, end_of_string(text)));
        skip_space(text);
        text.remove_prefix(1);  // the colon
        skip_space(text);
        const auto value = trimmed(take(text, end_of_value(text)));
        if (!name || out.contains(*name)) return make_error_code(errc::malformed);
        out.all_.emplace_back(*std::move(name), value);
        if (text.front() == ',') text.remove_prefix(1);
    }
    return out;
}

const std::string* members::find(std::string_view name) const noexcept
{
    const auto found = std::ranges::find(all_, name, [](const auto& m) -> std::string_view { return m.first; });
    return found == all_.end() ? nullptr : &found->second;
}

void members::set_text(std::string_view name, std::string json)
{
    const auto found = std::ranges::find(all_, name, [](const auto& m) -> std::string_view { return m.first; });
    if (found != all_.end()) {
        found->second = std::move(json);
    } else {
        all_.emplace_back(name, std::move(json));
    }
}

void members::erase(std::string_view name)
{
    std::erase_if(all_, [&](const auto& m) { return m.first == name; });
}

std::string members::text() const
{
    std::string out = "{";
    for (const auto& [name, value] : all_) {
        if (out.size() > 1) out += ',';
        out.append(to_string(name)).append(":").append(value);
    }
    return out += "}";
}

}  // namespace larder::json
