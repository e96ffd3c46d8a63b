// SPDX-License-Identifier: MIT
// The memory of one run of cmark: allocated in blocks, counted, limited, and freed all at once. cmark aborts the
// process when an allocation fails, so a run that exceeds its limit is aborted with longjmp instead. Not thread-safe;
// each thread may execute one run at a time.
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

    /// Calls work(state). False: the call was aborted because it needed more than `limit` bytes. Requires: neither
    /// `work` nor any function it calls has an object with a destructor.
    bool run(void (*work)(void*), void* state);

    /// The allocator to pass to every cmark function called within run().
    cmark_mem& allocator() noexcept;
    /// Bytes allocated so far, including those that cmark has freed.
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
