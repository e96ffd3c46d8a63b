// SPDX-License-Identifier: MIT
// Converts names of a dump into agora's slugs, usernames and tags. Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace agora::import {

/// Lower-cases the name. Any run of characters other than [a-z0-9_.-] becomes one '-'. May be empty.
std::string slug(std::string_view name);

/// The slug and the suffix. The slug is cut so that both together fit into users::max_username.
std::string username(std::string_view slug, std::string_view suffix);

/// Parses `<a><b>` or `|a|b|`. The result is in lower case, sorted and without duplicates.
std::vector<std::string> split_tags(std::string_view tags);

}  // namespace agora::import
