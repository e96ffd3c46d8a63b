// SPDX-License-Identifier: MIT
// Computes the SHA-1 that names a script in EVALSHA.
#include <openssl/evp.h>

#include <array>
#include <larder/hex.hpp>
#include <larder/redis/script.hpp>

namespace larder::redis {
namespace {

std::string sha1_of(std::string_view text)
{
    std::array<unsigned char, 20> digest{};
    EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_sha1(), nullptr);
    return to_hex(digest);
}

}  // namespace

script::script(std::string_view lua, access a) : text_{lua}, sha1_{sha1_of(lua)}, access_{a} {}

}  // namespace larder::redis
