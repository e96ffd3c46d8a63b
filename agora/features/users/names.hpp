// SPDX-License-Identifier: MIT
// Which names people may take. A username is part of addresses and is how members are told apart; a display name is
// free text on one line. Names that speak for the community, or that programs and routes use, are reserved. Pure.
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

/// The name of an account that was deleted begins with it; nobody else's does.
inline constexpr std::string_view left_prefix = "deleted-";

/// Whether the name is reserved, also when it is written with other signs between its letters (`ad.min`, `_root_`).
bool is_reserved(std::string_view normalized);

/// What is wrong with the name of a new account. `reserved_too`: the operator makes it, and may take a reserved one.
std::optional<field_error> refuse_username(std::string_view normalized, bool reserved_too);

/// A display name as it is stored; problems are added to `errors`.
std::string checked_display_name(std::string_view written, std::vector<field_error>& errors);

}  // namespace agora::users
