// SPDX-License-Identifier: MIT
// Keyset cursors: the position where the next page of a list begins, which clients get as an opaque signed string.
// A cursor is valid only for the sort order and the filters that it was made for. The list compares both and rejects
// a cursor that was made for others.
// The signer is immutable and thread-safe. encode() and decode() cost one HMAC-SHA256 each.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace agora::storage {

/// The position after the last row of a page.
class cursor {
 public:
    cursor() = default;
    cursor(std::string sort_name, std::int64_t sort_key, std::int64_t row_id, std::uint64_t filters)
        : sort{std::move(sort_name)}, key{sort_key}, id{row_id}, filter_hash{filters}
    {}
    bool operator==(const cursor&) const = default;

    std::string sort;               ///< name of the order, e.g. `new`
    std::int64_t key = 0;           ///< the row's value in that order
    std::int64_t id = 0;            ///< the row's id, which breaks ties
    std::uint64_t filter_hash = 0;  ///< hash of the filters, computed by the list
};

class cursor_signer {
 public:
    /// `secret`: the server's secret key. A cursor that was signed with another key does not decode.
    explicit cursor_signer(std::string_view secret);

    /// base64url(version, key, id, filter_hash, sort, first 16 bytes of the HMAC), without padding.
    std::string encode(const cursor& c) const;

    /// Returns nullopt for every text that encode() with the same key has not returned.
    std::optional<cursor> decode(std::string_view text) const;

 private:
    static constexpr std::size_t tag_size = 16;
    std::array<unsigned char, tag_size> sign(std::string_view payload) const;
    // Derived from the secret for cursors only, so that a cursor's tag is never valid for anything else.
    std::array<unsigned char, 32> key_;
};

}  // namespace agora::storage
