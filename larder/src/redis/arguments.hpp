// SPDX-License-Identifier: MIT
// Reads back the arguments of a command that `request` encoded. Nothing here validates the bytes: they must be what
// `request` writes. argument_list iterates over the arguments of the command at the front of the bytes;
// argument_list::bytes() is that command's size, so that a caller can go on to the next command.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <iterator>
#include <string_view>

namespace larder::redis {

/// Whether `any_case` equals `word`, ignoring case. `word` must be in lower case.
inline bool is_word(std::string_view any_case, std::string_view word)
{
    return std::ranges::equal(any_case, word, {}, [](char c) { return c >= 'A' && c <= 'Z' ? c | 0x20 : c; });
}

/// The arguments of the command at the start of `bytes`. What follows that command is ignored.
class argument_list {
 public:
    explicit argument_list(std::string_view bytes) : bytes_{bytes} { count_ = number(at_); }

    class iterator {
     public:
        using iterator_category = std::input_iterator_tag;
        using value_type = std::string_view;
        using difference_type = std::ptrdiff_t;
        using pointer = const std::string_view*;
        using reference = std::string_view;

        iterator(std::string_view bytes, std::size_t at, std::size_t left) : bytes_{bytes}, at_{at}, left_{left}
        {
            read();
        }
        std::string_view operator*() const noexcept { return text_; }
        iterator& operator++()
        {
            --left_;
            read();
            return *this;
        }
        bool operator==(const iterator& other) const noexcept { return left_ == other.left_; }
        /// Offset of the first byte after the current argument.
        std::size_t position() const noexcept { return at_; }

     private:
        void read()
        {
            if (left_ == 0) return;
            const argument_list here{bytes_.substr(at_), 0};
            std::size_t begin = 0;
            const auto size = here.number(begin);
            text_ = bytes_.substr(at_ + begin, size);
            at_ += begin + size + 2;
        }
        std::string_view bytes_;
        std::size_t at_;
        std::size_t left_;
        std::string_view text_;
    };

    iterator begin() const { return {bytes_, at_, count_}; }
    iterator end() const { return {bytes_, at_, 0}; }
    std::size_t size() const noexcept { return count_; }
    std::string_view front() const { return *begin(); }
    /// Empty if the command has fewer arguments.
    std::string_view at(std::size_t i) const
    {
        for (const auto argument : *this) {
            if (i-- == 0) return argument;
        }
        return {};
    }
    /// The encoded size of this command, in bytes.
    std::size_t bytes() const
    {
        auto it = begin();
        for (std::size_t i = 1; i < count_; ++i) ++it;
        return it.position();
    }

 private:
    argument_list(std::string_view bytes, int) : bytes_{bytes} {}

    /// Reads the number after the type byte at `at`, and moves `at` to the start of the next line.
    std::size_t number(std::size_t& at) const
    {
        std::size_t value = 0;
        const auto end = std::from_chars(bytes_.data() + at + 1, bytes_.data() + bytes_.size(), value).ptr;
        at = static_cast<std::size_t>(end - bytes_.data()) + 2;
        return value;
    }

    std::string_view bytes_;
    std::size_t at_ = 0;
    std::size_t count_ = 0;
};

}  // namespace larder::redis
