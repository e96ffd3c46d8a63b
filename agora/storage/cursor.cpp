// SPDX-License-Identifier: MIT
// The binary layout of a cursor and its signature. encode() writes version, key, id, filter hash and sort, appends the
// truncated HMAC and encodes all of it as base64url. decode() is its inverse and checks the HMAC before it parses.
#include <sodium.h>

#include <agora/storage/cursor.hpp>
#include <algorithm>

namespace agora::storage {

namespace {

constexpr char version = 1;
constexpr std::size_t max_text = 256;  // a longer text cannot be a cursor; it is rejected before any work is done
constexpr std::size_t head_size = 1 + 3 * 8;
constexpr int alphabet = sodium_base64_VARIANT_URLSAFE_NO_PADDING;

void put_u64(std::string& out, std::uint64_t v)
{
    for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(v >> shift & 0xff));
}

std::uint64_t take_u64(std::string_view& in)
{
    std::uint64_t v = 0;
    for (const char c : in.substr(0, 8)) v = v << 8 | static_cast<unsigned char>(c);
    in.remove_prefix(8);
    return v;
}

std::array<unsigned char, 32> hmac_sha256(const unsigned char* key, std::size_t key_size, std::string_view text)
{
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, key, key_size);
    crypto_auth_hmacsha256_update(&state, reinterpret_cast<const unsigned char*>(text.data()), text.size());
    std::array<unsigned char, 32> out;
    crypto_auth_hmacsha256_final(&state, out.data());
    return out;
}

}  // namespace

cursor_signer::cursor_signer(std::string_view secret)
    : key_{hmac_sha256(reinterpret_cast<const unsigned char*>(secret.data()), secret.size(), "agora cursor")}
{}

std::array<unsigned char, cursor_signer::tag_size> cursor_signer::sign(std::string_view payload) const
{
    const auto whole = hmac_sha256(key_.data(), key_.size(), payload);
    std::array<unsigned char, tag_size> tag;
    std::copy_n(whole.begin(), tag_size, tag.begin());
    return tag;
}

std::string cursor_signer::encode(const cursor& c) const
{
    std::string bytes{version};
    put_u64(bytes, static_cast<std::uint64_t>(c.key));
    put_u64(bytes, static_cast<std::uint64_t>(c.id));
    put_u64(bytes, c.filter_hash);
    bytes += c.sort;
    const auto tag = sign(bytes);
    bytes.append(reinterpret_cast<const char*>(tag.data()), tag.size());

    std::string text(sodium_base64_encoded_len(bytes.size(), alphabet), '\0');
    sodium_bin2base64(text.data(), text.size(), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
                      alphabet);
    text.pop_back();  // the terminating NUL that sodium counts
    return text;
}

std::optional<cursor> cursor_signer::decode(std::string_view text) const
{
    if (text.size() > max_text) return std::nullopt;
    std::array<char, max_text> bytes;
    std::size_t size = 0;
    const char* end = nullptr;
    if (sodium_base642bin(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(), text.data(), text.size(),
                          nullptr, &size, &end, alphabet) != 0 ||
        end != text.data() + text.size() || size < head_size + tag_size) {
        return std::nullopt;
    }
    std::string_view payload{bytes.data(), size - tag_size};
    const auto tag = sign(payload);
    if (sodium_memcmp(tag.data(), bytes.data() + payload.size(), tag_size) != 0 || payload.front() != version) {
        return std::nullopt;
    }
    payload.remove_prefix(1);
    cursor c;
    c.key = static_cast<std::int64_t>(take_u64(payload));
    c.id = static_cast<std::int64_t>(take_u64(payload));
    c.filter_hash = take_u64(payload);
    c.sort = payload;
    return c;
}

}  // namespace agora::storage
