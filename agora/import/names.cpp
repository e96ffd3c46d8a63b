// SPDX-License-Identifier: MIT
// How names of a dump are converted into slugs, usernames and tags.
#include <agora/features/users/users.hpp>
#include <agora/import/names.hpp>
#include <algorithm>
#include <iterator>
#include <larder/ascii.hpp>

namespace agora::import {

std::string slug(std::string_view name)
{
    std::string out;
    for (const char c : name) {
        const char small = larder::to_lower(c);
        const bool kept =
            (small >= 'a' && small <= 'z') || (small >= '0' && small <= '9') || small == '_' || small == '.';
        if (kept) {
            out += small;
        } else if (!out.empty() && out.back() != '-') {
            out += '-';
        }
    }
    if (out.ends_with('-')) out.pop_back();
    return out;
}

std::string username(std::string_view slug, std::string_view suffix)
{
    if (slug.starts_with(users::left_prefix)) return username(std::string{"author-"}.append(slug), suffix);
    return std::string{slug.substr(0, users::max_username - suffix.size())}.append(suffix);
}

std::vector<std::string> split_tags(std::string_view tags)
{
    std::vector<std::string> names;
    while (true) {
        tags.remove_prefix(std::min(tags.find_first_not_of("<>|"), tags.size()));
        if (tags.empty()) break;
        const std::string_view name = tags.substr(0, tags.find_first_of("<>|"));
        std::ranges::transform(name, std::back_inserter(names.emplace_back()), larder::to_lower);
        tags.remove_prefix(name.size());
    }
    std::ranges::sort(names);
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
}

}  // namespace agora::import
