// SPDX-License-Identifier: MIT
// Prepares one line of a member's text, such as a title, for a list. Invisible characters, and those that change the
// direction of the text after them, could make the line look like a different one, or garble the lines around it. Pure.
#pragma once

#include <string>

namespace agora::api {

/// Removes the controls of text direction (U+202A to U+202E, U+2066 to U+2069, the marks U+200E, U+200F and U+061C),
/// zero-width spaces, soft hyphens, invisible operators and tag characters. Keeps the joiners U+200C and U+200D,
/// because some scripts and emoji need them.
std::string shown_line(std::string text);

}  // namespace agora::api
