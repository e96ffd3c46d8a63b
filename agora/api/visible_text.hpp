// SPDX-License-Identifier: MIT
// One-line texts that people read as names: display names, names of API keys. Two of them that look alike should be
// the same bytes, and none may change how the text around it is shown. Pure.
// Sources: Unicode 15 (Default_Ignorable_Code_Point, White_Space), UAX #9 (bidirectional controls), UTS #39 3.1.
#pragma once

#include <string>
#include <string_view>

namespace agora::api {

/// Without white space at its ends, and with each other run of white space as one plain space. No-break spaces and the
/// many widths of spaces of Unicode count as white space.
std::string tidied(std::string_view text);

/// Whether the text has a control character, an invisible one, one that turns the direction of what follows, one
/// without an agreed meaning (private use, noncharacters), or bytes that are no UTF-8. Letters of all scripts are fine.
/// Joiners and emoji selectors are fine between the characters that need them.
bool has_hidden_characters(std::string_view text) noexcept;

}  // namespace agora::api
