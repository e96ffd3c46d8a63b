// SPDX-License-Identifier: MIT
// An upper bound for the cost of parsing HTML, computed in one linear pass without building anything. HTML's parsing
// algorithm, which Gumbo implements, walks the stack of open elements for many tags, reopens unclosed formatting
// (`<b>`, `<i>`, ...) in every block, and compares each attribute with those before it. So a hostile text of some KiB
// can take gigabytes or minutes. Texts above the bound are never parsed.
#pragma once

#include <cstddef>
#include <string_view>

namespace agora::markup {

/// At least the number of elements that parsing `html` creates or walks over. Close to the real cost while tags are
/// closed in order; everything after the first construct that is not a plain tag or comment counts with the worst cost
/// for its size.
std::size_t parse_cost(std::string_view html);

/// At most about 50 ms or 100 MiB. The HTML of 100,000 characters of ordinary Markdown costs a tenth of it.
inline constexpr std::size_t max_parse_cost = 500'000;

}  // namespace agora::markup
