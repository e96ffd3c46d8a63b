// SPDX-License-Identifier: MIT
// Keyset cursors: where the next page of a list begins, given to clients as an opaque signed word. A cursor is only
// good for the sort and the filters it was made for; the list compares both and refuses another's.
// The signer is immutable and thread-safe; encode and decode cost one HMAC-SHA256 each.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace agora::storage {

/// The last row of a page.
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
    std::uint64_t filter_hash = 0;  ///< hash of the filters, made by the list
};

class cursor_signer {
 public:
    /// `secret`: the server's secret key; cursors made under another key do not decode.
    explicit cursor_signer(std::string_view secret);

    /// base64url(version, key, id, filter_hash, sort, first 16 bytes of the HMAC), without padding.
    std::string encode(const cursor& c) const;

    /// nullopt for anything that encode() of the same key has not returned.
    std::optional<cursor> decode(std::string_view text) const;

 private:
    static constexpr std::size_t tag_size = 16;
    std::array<unsigned char, tag_size> sign(std::string_view payload) const;
    std::array<unsigned char, 32> key_;  // derived, so that a cursor's tag is never the tag of something else
};

}  // namespace agora::storage
