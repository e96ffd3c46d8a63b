// SPDX-License-Identifier: MIT
// The frame of the settings: each slice writes the page for its part, with the same heading and tabs. Pure functions.
#pragma once

#include <agora/site/page.hpp>

namespace agora::site {

/// The tabs, in their order.
enum class settings : std::uint8_t { profile, email, password, sessions, api_keys, leave };

/// A page with the heading and the tabs, to which the caller adds the part. `notice` says what has just been done.
page settings_page(settings part, std::string_view notice = {});

}  // namespace agora::site
