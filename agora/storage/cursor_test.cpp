// SPDX-License-Identifier: MIT
// Cursors round-trip, are URL-safe, and are rejected when they were altered, truncated or signed with another secret.
#include <gtest/gtest.h>

#include <agora/storage/cursor.hpp>
#include <limits>

namespace agora::storage {
namespace {

const cursor_signer signer{"a secret of this test, and of nobody else"};

TEST(cursor, encoding_and_decoding_gives_the_same_cursor)
{
    constexpr auto smallest = std::numeric_limits<std::int64_t>::min();
    constexpr auto largest = std::numeric_limits<std::int64_t>::max();
    for (const cursor& c : {cursor{"new", 1282765851187, 42, 0xfeedfacecafebeef}, cursor{"top", smallest, largest, 0},
                            cursor{"", -1, 0, std::numeric_limits<std::uint64_t>::max()}}) {
        EXPECT_EQ(signer.decode(signer.encode(c)), c);
    }
}

TEST(cursor, consists_of_characters_that_need_no_escaping_in_a_url)
{
    for (std::int64_t id = 0; id < 200; ++id) {
        const auto text = signer.encode(cursor{"active", id * 7919, id, 0xffffffff});
        EXPECT_EQ(text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
                  std::string::npos);
    }
}

TEST(cursor, any_changed_character_is_rejected)
{
    const auto text = signer.encode(cursor{"new", 1282765851187, 42, 0xfeedfacecafebeef});
    for (std::size_t i = 0; i < text.size(); ++i) {
        for (int c = 0; c < 256; ++c) {
            if (static_cast<char>(c) == text[i]) continue;
            auto changed = text;
            changed[i] = static_cast<char>(c);
            EXPECT_EQ(signer.decode(changed), std::nullopt) << "at " << i << ": " << c;
        }
    }
}

TEST(cursor, a_truncated_or_extended_text_is_rejected)
{
    const auto text = signer.encode(cursor{"new", 1, 2, 3});
    for (std::size_t n = 0; n < text.size(); ++n) EXPECT_EQ(signer.decode(text.substr(0, n)), std::nullopt);
    EXPECT_EQ(signer.decode(text + "A"), std::nullopt);
    EXPECT_EQ(signer.decode(text + "="), std::nullopt);
    EXPECT_EQ(signer.decode(std::string(100'000, 'A')), std::nullopt);
}

TEST(cursor, of_another_secret_is_rejected)
{
    const cursor_signer other{"a secret of this test, and of somebody else"};
    EXPECT_EQ(signer.decode(other.encode(cursor{"new", 1, 2, 3})), std::nullopt);
}

}  // namespace
}  // namespace agora::storage
