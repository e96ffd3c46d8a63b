// SPDX-License-Identifier: MIT
// A text that never gets out by accident: not printable, compared in constant time, wiped when it goes.
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

    /// The time does not depend on where the texts differ; it does on whether their lengths do.
    bool equals(std::string_view other) const noexcept
    {
        return other.size() == text_.size() && sodium_memcmp(other.data(), text_.data(), text_.size()) == 0;
    }

    /// Say why at each use: this is the one way out.
    std::string_view reveal() const noexcept { return text_; }

 private:
    std::string text_;
};

}  // namespace agora::application
