// SPDX-License-Identifier: MIT
// One line of somebody's text among others: a title in a list. Characters that nobody sees, and those that turn the
// direction of all that follows, could make it read as another line, or garble its neighbours. Pure.
#pragma once

#include <string>

namespace agora::api {

/// Without the controls of text direction (U+202A to U+202E, U+2066 to U+2069, the three marks), zero-width spaces,
/// soft hyphens, invisible operators and tag characters. The joiners U+200C and U+200D stay: scripts and emoji need
/// them.
std::string shown_line(std::string text);

}  // namespace agora::api
