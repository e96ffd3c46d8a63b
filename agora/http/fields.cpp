// SPDX-License-Identifier: MIT
// Looks up header fields by name (find_field_rule()) and splits list fields into elements (next_element()). The table
// of fields is sorted by the length of the name, so a lookup compares only the few names of the same length.
#include <agora/http/fields.hpp>
#include <agora/http/request.hpp>
#include <algorithm>

namespace agora::http {
namespace {

static_assert(std::is_sorted(field_rules.begin(), field_rules.end(),
                             [](const field_rule& a, const field_rule& b) { return a.name.size() < b.name.size(); }));

/// For each length, the index of the first name of that length.
constexpr auto by_length = [] {
    std::array<std::uint8_t, field_rules.back().name.size() + 2> begin{};
    for (std::size_t length = 0; length < begin.size(); ++length) {
        while (begin[length] < field_rules.size() && field_rules[begin[length]].name.size() < length) ++begin[length];
    }
    return begin;
}();

/// The end of the first element of a list.
std::size_t element_end(std::string_view list, quoting q) noexcept
{
    if (q == quoting::none) return std::min(list.find(','), list.size());
    bool quoted = false;
    for (std::size_t i = 0; i < list.size(); ++i) {
        if (list[i] == ',' && !quoted) return i;
        if (list[i] == '"') quoted = !quoted;
        if (list[i] == '\\' && quoted && q == quoting::strings) ++i;
    }
    return list.size();
}

}  // namespace

const field_rule* find_field_rule(std::string_view name) noexcept
{
    if (name.size() + 1 >= by_length.size()) return nullptr;
    for (auto i = by_length[name.size()]; i < by_length[name.size() + 1]; ++i) {
        if (iequals(field_rules[i].name, name)) return &field_rules[i];
    }
    return nullptr;
}

std::string_view trim_blanks(std::string_view text) noexcept { return larder::trimmed(text, " \t"); }

std::string_view next_element(std::string_view& list, quoting q) noexcept
{
    std::string_view element;
    while (element.empty() && !list.empty()) {  // empty elements are allowed and skipped (RFC 9110 5.6.1.2)
        const auto end = element_end(list, q);
        element = trim_blanks(list.substr(0, end));
        list.remove_prefix(std::min(end + 1, list.size()));
    }
    return element;
}

}  // namespace agora::http
