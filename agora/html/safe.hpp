// SPDX-License-Identifier: MIT
// HTML that may be embedded in a page as it is.
#pragma once

#include <string_view>

namespace agora::markup {
class sanitized;
}

namespace agora::html {

/// A view of HTML that came from the sanitiser. Only markup::sanitized can make one, so searching for that name finds
/// every place where HTML enters a page unescaped. The text must outlive it.
class safe {
 public:
    std::string_view text() const noexcept { return text_; }

 private:
    friend class markup::sanitized;
    explicit safe(std::string_view text) : text_{text} {}
    std::string_view text_;
};

}  // namespace agora::html
