// SPDX-License-Identifier: MIT
// One folding of case for names and for search, by Unicode's rules and the same on every database: what differs in case
// only is equal. Stored beside the text that it is made of (users.folded_name).
// Source: The Unicode Standard, 3.13 Default Case Algorithms.
#pragma once

#include <string>
#include <string_view>

namespace agora::markup {

/// Full case folding, composed: "STRASSE" and "Straße" are equal. Invisible characters and look-alikes stay as they
/// are, so that a name that has some is still seen and refused. Bytes that are not UTF-8 stay too; only their ASCII
/// letters become small.
std::string folded(std::string_view text);

}  // namespace agora::markup
