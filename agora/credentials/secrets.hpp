// SPDX-License-Identifier: MIT
// Random ids and secrets, and base64url, in which they are written. A secret that the program hands out (an API key, a
// token in an email) has 256 random bits, so its plain SHA-256 may be stored: nobody can guess the secret from it, and
// no salt is needed. Pure but for the random bits of the system. Source: RFC 4648 section 5.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace agora::credentials {

/// A random id of 128 bits, as text.
std::string random_id();
/// A random secret of 256 bits, as text.
std::string random_secret();

/// The SHA-256 of the text: 32 bytes.
std::string sha256(std::string_view text);
/// The form in which a secret of random_secret() is stored: its SHA-256 in base64url.
std::string hash_of_secret(std::string_view secret);

std::string to_base64url(std::string_view bytes);
/// Returns nullopt for another alphabet, padding, or unused bits that are not zero.
std::optional<std::string> from_base64url(std::string_view text);

}  // namespace agora::credentials
