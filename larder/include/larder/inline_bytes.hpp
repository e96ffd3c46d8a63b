// SPDX-License-Identifier: MIT
// A byte buffer that stores up to 128 bytes inside the object, so that most commands need no heap memory. Grows like a
// vector; after a move the source is empty. An implementation detail of request.hpp and region.hpp.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

namespace larder::detail {

class inline_bytes {
 public:
    inline_bytes() noexcept = default;
    inline_bytes(const inline_bytes& other) { assign(other.view()); }
    inline_bytes(inline_bytes&& other) noexcept { take(other); }
    inline_bytes& operator=(const inline_bytes& other)
    {
        if (this != &other) assign(other.view());
        return *this;
    }
    inline_bytes& operator=(inline_bytes&& other) noexcept
    {
        if (this != &other) take(other);
        return *this;
    }
    ~inline_bytes() = default;

    char* data() noexcept { return heap_ ? heap_.get() : inline_; }
    std::string_view view() const noexcept { return {heap_ ? heap_.get() : inline_, size_}; }
    std::size_t size() const noexcept { return size_; }

    /// Adds `n` bytes at the end and returns their address; the caller must fill them.
    char* extend(std::size_t n)
    {
        if (size_ + n > capacity_) grow(size_ + n);
        return data() + std::exchange(size_, size_ + n);
    }
    void append(std::string_view text)
    {
        if (!text.empty()) std::memcpy(extend(text.size()), text.data(), text.size());
    }
    /// Inserts `n` unspecified bytes at `at`.
    void open_gap(std::size_t at, std::size_t n)
    {
        const auto behind = size_ - at;
        extend(n);
        std::memmove(data() + at + n, data() + at, behind);
    }
    void assign(std::string_view text)
    {
        size_ = 0;
        append(text);
    }

 private:
    static constexpr std::size_t inside = 128;

    void grow(std::size_t least)
    {
        const auto capacity = least > capacity_ * 2 ? least : capacity_ * 2;
        auto larger = std::make_unique_for_overwrite<char[]>(capacity);
        std::memcpy(larger.get(), data(), size_);
        heap_ = std::move(larger);
        capacity_ = capacity;
    }
    void take(inline_bytes& other) noexcept
    {
        heap_ = std::move(other.heap_);
        size_ = std::exchange(other.size_, 0);
        capacity_ = std::exchange(other.capacity_, inside);
        if (!heap_) std::memcpy(inline_, other.inline_, size_);
    }

    std::unique_ptr<char[]> heap_;
    std::size_t size_ = 0;
    std::size_t capacity_ = inside;
    char inline_[inside];
};

}  // namespace larder::detail
