// SPDX-License-Identifier: MIT
// Case folding for names and for search, by Unicode's rules and the same on every database: texts that differ only in
// case fold to the same text. The folded text is stored beside the original (users.folded_name).
//
// Source: The Unicode Standard, 3.13 Default Case Algorithms.
#pragma once

#include <string>
#include <string_view>

namespace agora::markup {

/// Full case folding followed by composition: "STRASSE" and "Straße" become equal. Invisible characters and look-alikes
/// are kept, so that the check for them can still refuse the name. In a text that is not UTF-8, only the ASCII letters
/// become lower case.
std::string folded(std::string_view text);

}  // namespace agora::markup
