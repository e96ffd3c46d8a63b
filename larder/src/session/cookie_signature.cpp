// SPDX-License-Identifier: MIT
// Signs and verifies cookie values in the format of cookie-signature 1.2 (Express). The signature is URL-escaped when
// it is written; verify_cookie() unescapes the value, splits it at its last dot, and compares in constant time with the
// signature of every secret.
#include "cookie_signature.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <larder/hex.hpp>
#include <stdexcept>

namespace larder::detail {
namespace {

constexpr std::size_t max_cookie_bytes = 1024;  // bytes; a longer cookie value is rejected

std::string signature(std::string_view id, std::string_view secret)
{
    std::array<unsigned char, 32> mac{};
    unsigned size = mac.size();
    const auto* text = reinterpret_cast<const unsigned char*>(id.data());
    if (HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()), text, id.size(), mac.data(), &size) ==
        nullptr)
        throw std::runtime_error{"OpenSSL could not compute an HMAC"};
    std::array<unsigned char, 45> base64{};
    EVP_EncodeBlock(base64.data(), mac.data(), static_cast<int>(mac.size()));
    return {reinterpret_cast<const char*>(base64.data()), 43};  // without the padding
}

std::optional<std::string> unescaped(std::string_view text)
{
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        const int byte = escaped_byte(text.substr(i));
        if (byte < 0) return std::nullopt;
        out += static_cast<char>(byte);
        i += 2;
    }
    return out;
}

}  // namespace

std::string sign_cookie(std::string_view id, std::string_view secret)
{
    std::string out = "s%3A" + std::string{id} + ".";
    for (const char c : signature(id, secret)) {
        if (c == '+') {
            out += "%2B";
        } else if (c == '/') {
            out += "%2F";
        } else {
            out += c;
        }
    }
    return out;
}

std::optional<std::string> verify_cookie(std::string_view value, const std::vector<std::string>& secrets)
{
    if (value.size() > max_cookie_bytes) return std::nullopt;
    const auto plain = unescaped(value);
    if (!plain || !plain->starts_with("s:")) return std::nullopt;
    const auto dot = plain->rfind('.');
    if (dot == std::string::npos) return std::nullopt;
    const auto id = std::string_view{*plain}.substr(2, dot - 2);
    const auto given = std::string_view{*plain}.substr(dot + 1);
    bool good = false;
    for (const auto& secret : secrets) {
        const auto made = signature(id, secret);
        good |= given.size() == made.size() && CRYPTO_memcmp(given.data(), made.data(), made.size()) == 0;
    }
    if (!good || id.empty()) return std::nullopt;
    return std::string{id};
}

}  // namespace larder::detail
