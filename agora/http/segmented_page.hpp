// SPDX-License-Identifier: MIT
// A page whose slots are filled for each member, in identity and in gzip. The parts between the slots are compressed
// once; a copy for one member is put together from them, so that it costs a copy of bytes and no compression.
//
// Each part is raw deflate data (RFC 1951) that ends with a full flush: on a byte boundary, and without references to
// what stands before it. The content of a slot is written between two parts as stored blocks. CRC-32 values of the
// parts are combined with that of the contents (RFC 1952 2.3.1).
#pragma once

#include <agora/http/response.hpp>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace agora::http {

/// The page with the ranges of its slots replaced by `contents`. Requires: one content for each slot.
std::string with_slots(std::string_view page, std::span<const page_slot> slots, std::span<const std::string> contents);

/// Immutable, thread-safe. Does not refer to the page that it was made from.
class segmented_page {
 public:
    segmented_page(std::string_view page, std::span<const page_slot> slots);

    /// The gzip file of with_slots(page, slots, contents).
    std::string gzip(std::span<const std::string> contents) const;

 private:
    /// The text between two slots.
    struct segment {
        std::string deflated;
        std::size_t size = 0;          ///< uncompressed
        std::uint32_t crc = 0;         ///< CRC-32 of the uncompressed text
        unsigned long combine_op = 0;  ///< appends it to a CRC-32, see crc32_combine_op() of zlib
    };
    std::vector<segment> segments_;
};

}  // namespace agora::http
