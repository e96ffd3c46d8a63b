// SPDX-License-Identifier: MIT
// The bytes of an entry in Redis; docs/formats/envelope.md draws them. What the scripts read (the lease, the epoch and
// three times) stands at fixed places in printable characters. Pure functions.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace larder::detail {

/// Of a tag: 128 random bits as 32 hexadecimal digits. Equal or not is all that matters.
using tag_version = std::array<char, 32>;

struct envelope {
    std::string_view key;
    std::uint64_t schema = 0;
    std::int64_t created = 0;      ///< ms of Redis's clock, when the load began; so are the next two
    std::int64_t fresh_until = 0;  ///< fresh until then
    std::int64_t stale_until = 0;  ///< of any use until then
    std::uint32_t cost = 0;        ///< of the load, us
    bool negative = false;
    std::vector<tag_version> tags;  ///< as sampled before the load
    std::string payload;
};

inline constexpr std::string_view envelope_magic = "LRD1";
inline constexpr std::size_t lease_end = 50;  ///< magic and lease; what is longer holds a value
inline constexpr std::string_view first_epoch = "0000000000000000";

/// `compress_above`: bytes from which on the payload is deflated, if that makes it smaller.
std::string pack(const envelope& e, std::string_view epoch, std::size_t compress_above);

enum class unpacked : std::uint8_t {
    good,
    corrupt,         ///< truncated, flipped, or of another key
    another_schema,  ///< sound, but written by another version of the program
};

/// Reads the bytes of `out.key`, whose schema is `out.schema`. Payloads above `max_bytes` are corrupt.
unpacked unpack(std::string_view bytes, std::size_t max_bytes, envelope& out);

}  // namespace larder::detail
