// SPDX-License-Identifier: MIT
// Names of a dump, as agora writes them. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace agora::import {

inline constexpr std::size_t max_username = 32;

/// Lower case [a-z0-9_.-], any other run of characters as one '-'; empty when nothing is left.
std::string slug(std::string_view name);

/// The slug with the suffix, shortened in front of it to max_username.
std::string username(std::string_view slug, std::string_view suffix);

/// `<a><b>` or `|a|b|`, sorted, each once.
std::vector<std::string> split_tags(std::string_view tags);

}  // namespace agora::import
