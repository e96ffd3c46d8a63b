// SPDX-License-Identifier: MIT
// A fast hash with a seed, so that clients cannot choose keys that collide. Not cryptographic. The mixing step
// multiplies two 64-bit numbers and folds the halves of the 128-bit product.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace larder::detail {

inline std::uint64_t fold_multiply(std::uint64_t a, std::uint64_t b) noexcept
{
    const auto product = static_cast<unsigned __int128>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

inline std::uint64_t seeded_hash(std::string_view text, std::uint64_t seed) noexcept
{
    constexpr std::uint64_t k1 = 0x9e3779b97f4a7c15;  // digits of the golden ratio, and of the square root of 3
    constexpr std::uint64_t k2 = 0xbb67ae8584caa73b;
    const auto load = [](const char* p, std::size_t n) {
        std::uint64_t v = 0;
        std::memcpy(&v, p, n);
        return v;
    };
    std::uint64_t h = seed ^ k1;
    const char* p = text.data();
    std::size_t left = text.size();
    for (; left > 16; left -= 16, p += 16) h = fold_multiply(load(p, 8) ^ k1, load(p + 8, 8) ^ h);
    std::uint64_t a = 0;
    std::uint64_t b = 0;
    if (left >= 8) {
        a = load(p, 8);
        b = load(p + left - 8, 8);
    } else if (left >= 4) {
        a = load(p, 4);
        b = load(p + left - 4, 4);
    } else if (left > 0) {
        a = static_cast<unsigned char>(p[0]);
        b = static_cast<std::uint64_t>(static_cast<unsigned char>(p[left / 2])) << 8 |
            static_cast<unsigned char>(p[left - 1]);
    }
    return fold_multiply(k2 ^ text.size(), fold_multiply(a ^ k2, b ^ h));
}

}  // namespace larder::detail
