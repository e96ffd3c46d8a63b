// SPDX-License-Identifier: MIT
// One-line texts that people read as names: display names, names of API keys. Two names that look alike should be the
// same bytes, and no name may change how the text around it is displayed. Pure functions.
//
// Sources: Unicode 15 (Default_Ignorable_Code_Point, White_Space), UAX #9 (bidirectional controls), UTS #39 3.1.
#pragma once

#include <string>
#include <string_view>

namespace agora::api {

/// Removes white space at the ends and replaces every other run of white space by one plain space. No-break spaces and
/// Unicode's spaces of other widths count as white space.
std::string tidied(std::string_view text);

/// Whether the text has a control character, an invisible character, a character that changes the direction of the text
/// after it, one without a standard meaning (private use, noncharacters), or bytes that are not UTF-8. Letters of all
/// scripts are allowed; joiners and emoji selectors are allowed between the characters that need them.
bool has_hidden_characters(std::string_view text) noexcept;

}  // namespace agora::api
