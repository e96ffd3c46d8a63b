// SPDX-License-Identifier: MIT
// Gumbo, as HTML's own parsing algorithm, walks the stack of open elements for many a tag, reopens unclosed
// formatting (`<b>`, `<i>`, ...) in every block, and compares each attribute with those before it: a hostile text of
// some KiB costs it gigabytes or minutes. This bounds that work from above without building anything, in one linear
// pass, so that such a text is never parsed.
#pragma once

#include <cstddef>
#include <string_view>

namespace agora::markup {

/// At least as much as the elements that parsing `html` creates or steps over. Exact enough for tags that are closed
/// in order; what follows the first construct that is not plainly an element is assumed to be the worst of its size.
std::size_t parse_cost(std::string_view html);

/// About 50 ms or 100 MiB at the very worst; 100,000 characters of ordinary Markdown cost a tenth of it.
inline constexpr std::size_t max_parse_cost = 500'000;

}  // namespace agora::markup
