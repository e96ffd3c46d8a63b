// SPDX-License-Identifier: MIT
// A bump allocator for one run of cmark. Start with run(), which catches the longjmp, and take(), which allocates. The
// size of each allocation is stored in front of it, because realloc needs it. Nothing is reused within a run, because
// cmark frees little before its end; all blocks are freed with the parser_memory.
#include <agora/markup/parser_memory.hpp>
#include <algorithm>
#include <cstring>

namespace agora::markup {

namespace {

constexpr std::size_t alignment = 16;  // also the room in front of an allocation for its size
constexpr std::size_t first_block = 64 << 10;
constexpr std::size_t largest_block = 4 << 20;

/// The memory of the run on this thread. cmark's allocator functions have no context argument, so they need a global.
thread_local parser_memory* current = nullptr;

std::size_t& size_of(void* piece)
{
    return *reinterpret_cast<std::size_t*>(static_cast<std::byte*>(piece) - alignment);
}

}  // namespace

struct parser_memory::functions {
    static void* calloc(std::size_t count, std::size_t size)
    {
        void* const piece = current->take(count * size);
        std::memset(piece, 0, count * size);
        return piece;
    }
    static void* realloc(void* old, std::size_t size) { return old ? current->grow(old, size) : current->take(size); }
    static void free(void*) {}
};

cmark_mem& parser_memory::allocator() noexcept
{
    static cmark_mem mem{functions::calloc, functions::realloc, functions::free};
    return mem;
}

void* parser_memory::take(std::size_t size)
{
    const std::size_t whole = (size + 2 * alignment - 1) / alignment * alignment;
    if (size > limit_ || allocated_ + whole > limit_) std::longjmp(too_much_, 1);
    allocated_ += whole;
    if (whole > left_) {
        left_ = std::max(whole, std::min(largest_block, first_block << std::min<std::size_t>(blocks_.size(), 6)));
        free_ = blocks_.emplace_back(std::make_unique_for_overwrite<std::byte[]>(left_)).get();
    }
    std::byte* const piece = free_ + alignment;
    free_ += whole;
    left_ -= whole;
    size_of(piece) = size;
    return piece;
}

void* parser_memory::grow(void* old, std::size_t size)
{
    if (size <= size_of(old)) return old;
    void* const piece = take(size);
    std::memcpy(piece, old, size_of(old));
    return piece;
}

bool parser_memory::run(void (*work)(void*), void* state)
{
    current = this;
    if (setjmp(too_much_) != 0) {
        current = nullptr;
        return false;
    }
    work(state);
    current = nullptr;
    return true;
}

}  // namespace agora::markup
