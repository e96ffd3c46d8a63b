// SPDX-License-Identifier: MIT
// The format of an entry in Redis, drawn in docs/formats/envelope.md. The fields that the scripts read (the lease, the
// epoch and three times) are at fixed offsets and in printable characters. Pure functions.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace larder::detail {

/// The version of a tag: 128 random bits as 32 hexadecimal digits. Versions are only compared for equality.
using tag_version = std::array<char, 32>;

struct envelope {
    std::string_view key;
    std::uint64_t schema = 0;
    std::int64_t created = 0;      ///< when the load began, in ms of Redis's clock, like the next two
    std::int64_t fresh_until = 0;  ///< soft expiry
    std::int64_t stale_until = 0;  ///< hard expiry
    std::uint32_t cost = 0;        ///< duration of the load, us
    bool negative = false;
    std::vector<tag_version> tags;  ///< as sampled before the load
    std::string payload;
};

inline constexpr std::string_view envelope_magic = "LRD1";
inline constexpr std::size_t lease_end = 50;  ///< size of magic and lease; a longer string holds a value
inline constexpr std::string_view first_epoch = "0000000000000000";

/// Encodes an entry without a lease. A payload of more than `compress_above` bytes is deflated if that makes it
/// smaller.
std::string pack(const envelope& e, std::string_view epoch, std::size_t compress_above);

enum class unpacked : std::uint8_t {
    good,
    corrupt,         ///< truncated, damaged, or of another key
    another_schema,  ///< intact, but written by another version of the program
};

/// Decodes an entry. Requires: `out.key` and `out.schema` are set to the expected values. A payload of more than
/// `max_bytes` counts as corrupt.
unpacked unpack(std::string_view bytes, std::size_t max_bytes, envelope& out);

}  // namespace larder::detail
