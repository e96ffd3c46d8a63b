// SPDX-License-Identifier: MIT
// Which names members may take. A username is part of URLs and identifies a member; a display name is free text on one
// line. Names that seem to speak for the community, or that routes and programs use, are reserved. Pure functions.
#pragma once

#include <agora/outcome.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace agora::users {

inline constexpr std::size_t min_username = 2;
inline constexpr std::size_t max_username = 30;      ///< characters
inline constexpr std::size_t max_display_name = 60;  ///< characters

/// Usernames of deleted accounts begin with this prefix; new accounts and imported authors may not use it.
inline constexpr std::string_view left_prefix = "deleted-";

/// Whether the name is reserved. Punctuation between its letters is ignored (`ad.min`, `_root_`).
bool is_reserved(std::string_view normalized);

/// Checks the username of a new account. Returns what is wrong with it, or nullopt. `reserved_too` permits reserved
/// names, for accounts that the operator creates.
std::optional<field_error> refuse_username(std::string_view normalized, bool reserved_too);

/// Returns the display name as it is stored. Problems are appended to `errors`.
std::string checked_display_name(std::string_view written, std::vector<field_error>& errors);

}  // namespace agora::users
