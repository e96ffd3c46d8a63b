// SPDX-License-Identifier: MIT
// A hash that is the same in every process and version, which std::hash does not guarantee.
#pragma once

#include <cstdint>
#include <string_view>

namespace larder {

/// FNV-1a, 64 bits; `h` is the hash of the text before this one. Source: draft-eastlake-fnv.
constexpr std::uint64_t fnv1a(std::string_view text, std::uint64_t h = 0xcbf29ce484222325) noexcept
{
    for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    return h;
}

// The test vector of "foobar" in draft-eastlake-fnv.
static_assert(fnv1a("foobar") == 0x85944171f73967e8 && fnv1a("bar", fnv1a("foo")) == fnv1a("foobar"));

}  // namespace larder
