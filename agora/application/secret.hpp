// SPDX-License-Identifier: MIT
// A text that is not revealed by accident: it cannot be printed, is compared in constant time, and is wiped on
// destruction.
#pragma once

#include <sodium/utils.h>

#include <string>
#include <string_view>
#include <utility>

namespace agora::application {

class secret {
 public:
    secret() = default;
    explicit secret(std::string text) : text_{std::move(text)} {}
    secret(const secret&) = default;
    secret& operator=(const secret&) = default;
    ~secret() { sodium_memzero(text_.data(), text_.size()); }

    bool empty() const noexcept { return text_.empty(); }
    std::size_t size() const noexcept { return text_.size(); }

    /// The time does not depend on where the texts differ, only on whether their lengths are equal.
    bool equals(std::string_view other) const noexcept
    {
        return other.size() == text_.size() && sodium_memcmp(other.data(), text_.data(), text_.size()) == 0;
    }

    /// The only way to read the text. Each use has a comment that gives the reason.
    std::string_view reveal() const noexcept { return text_; }

 private:
    std::string text_;
};

}  // namespace agora::application
