// SPDX-License-Identifier: MIT
// The memory of one run of cmark: taken in blocks, counted, bounded, and given back all at once. cmark ends the process
// when it gets no memory, so a run that wants more than its bound is left by longjmp instead. Not thread-safe; each
// thread may run one at a time.
#pragma once

#include <cmark-gfm.h>

#include <csetjmp>
#include <cstddef>
#include <memory>
#include <vector>

namespace agora::markup {

class parser_memory {
 public:
    explicit parser_memory(std::size_t limit) : limit_{limit} {}
    parser_memory(const parser_memory&) = delete;

    /// Calls work(state). False: it was left in the middle, as it wanted more than `limit` bytes. Requires: neither
    /// `work` nor what it calls holds an object with a destructor.
    bool run(void (*work)(void*), void* state);

    /// To be given to every function of cmark that is called within run().
    cmark_mem& allocator() noexcept;
    /// Bytes asked for so far; what was freed counts, too.
    std::size_t allocated() const noexcept { return allocated_; }

 private:
    struct functions;
    void* take(std::size_t size);
    void* grow(void* old, std::size_t size);

    const std::size_t limit_;
    std::size_t allocated_ = 0;
    std::vector<std::unique_ptr<std::byte[]>> blocks_;
    std::byte* free_ = nullptr;
    std::size_t left_ = 0;
    std::jmp_buf too_much_{};
};

}  // namespace agora::markup
