// SPDX-License-Identifier: MIT
// See secrets.hpp.
#include <sodium/crypto_hash_sha256.h>
#include <sodium/randombytes.h>
#include <sodium/utils.h>
#include <agora/credentials/secrets.hpp>

namespace agora::credentials {
namespace {

const unsigned char* unsigned_data(std::string_view text)
{
    return reinterpret_cast<const unsigned char*>(text.data());
}

std::string random_text(std::size_t bytes)
{
    std::string random(bytes, '\0');
    randombytes_buf(random.data(), random.size());
    return to_base64url(random);
}

}  // namespace

std::string random_id() { return random_text(16); }

std::string random_secret() { return random_text(32); }

std::string sha256(std::string_view text)
{
    std::string hash(crypto_hash_sha256_BYTES, '\0');
    crypto_hash_sha256(reinterpret_cast<unsigned char*>(hash.data()), unsigned_data(text), text.size());
    return hash;
}

std::string hash_of_secret(std::string_view secret) { return to_base64url(sha256(secret)); }

std::string to_base64url(std::string_view bytes)
{
    constexpr int variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
    std::string text(sodium_base64_encoded_len(bytes.size(), variant), '\0');
    sodium_bin2base64(text.data(), text.size(), unsigned_data(bytes), bytes.size(), variant);
    text.pop_back();  // the NUL
    return text;
}

std::optional<std::string> from_base64url(std::string_view text)
{
    std::string bytes(text.size() / 4 * 3 + 3, '\0');
    std::size_t size = 0;
    const char* end = nullptr;
    const int failed = sodium_base642bin(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(), text.data(),
                                         text.size(), nullptr, &size, &end, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    if (failed != 0 || end != text.data() + text.size()) return std::nullopt;
    bytes.resize(size);
    return bytes;
}

}  // namespace agora::credentials
