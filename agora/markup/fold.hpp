// SPDX-License-Identifier: MIT
// One folding of case for names and for search, by Unicode's rules and the same on every database: what differs in case
// only is equal. Stored beside the text that it is made of (users.folded_name). Text of ASCII letters only costs a
// copy.
#pragma once

#include <string>
#include <string_view>

namespace agora::markup {

/// For search: full case folding, composed ("STRASSE" and "Straße" are equal). Bytes that are not UTF-8 stay as they
/// are.
std::string folded_text(std::string_view text);

/// For names: NFKC_Casefold, so that full-width letters, ligatures and invisible characters make no other name.
std::string folded_name(std::string_view name);

}  // namespace agora::markup
