// SPDX-License-Identifier: MIT
// The bytes of a connection that have been read but not served yet, in one contiguous block, so that requests are
// parsed in place. The block grows to the size of the current request and shrinks again when it is empty. Start with
// prepare() and commit(), which append; consume() removes a served request. The bytes are [begin_, end_) of the block.
#pragma once

#include <boost/asio/buffer.hpp>
#include <cassert>
#include <cstring>
#include <memory>
#include <string_view>

namespace agora::http {

class input_buffer {
 public:
    static constexpr std::size_t initial = 8 * 1024;

    std::string_view view() const noexcept { return {data_.get() + begin_, end_ - begin_}; }
    char* data() noexcept { return data_.get() + begin_; }
    std::size_t size() const noexcept { return end_ - begin_; }
    bool empty() const noexcept { return begin_ == end_; }

    /// Returns room for the next read, at least `wanted` bytes. May move the bytes and so invalidates earlier views.
    boost::asio::mutable_buffer prepare(std::size_t wanted)
    {
        if (begin_ == end_) begin_ = end_ = 0;
        if (capacity_ - end_ < wanted) make_room(wanted);
        return {data_.get() + end_, capacity_ - end_};
    }
    void commit(std::size_t n) noexcept { end_ += n; }
    void consume(std::size_t n) noexcept
    {
        assert(n <= size());
        begin_ += n;
    }
    /// Drops everything after the first `n` bytes.
    void truncate(std::size_t n) noexcept
    {
        assert(n <= size());
        end_ = begin_ + n;
    }
    /// Frees the memory that a large request needed. Requires: empty().
    void shrink()
    {
        assert(empty());
        begin_ = end_ = 0;
        if (capacity_ <= 2 * initial) return;
        data_.reset();
        capacity_ = 0;
    }

 private:
    void make_room(std::size_t wanted)
    {
        const auto used = size();
        auto capacity = capacity_ != 0 ? capacity_ : initial;
        while (capacity - used < wanted) capacity *= 2;
        if (capacity == capacity_) {
            std::memmove(data_.get(), data_.get() + begin_, used);
        } else {
            std::unique_ptr<char[]> larger{new char[capacity]};
            if (used != 0) std::memcpy(larger.get(), data_.get() + begin_, used);
            data_ = std::move(larger);
            capacity_ = capacity;
        }
        begin_ = 0;
        end_ = used;
    }

    std::unique_ptr<char[]> data_;
    std::size_t capacity_ = 0;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

}  // namespace agora::http
