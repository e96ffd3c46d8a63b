// SPDX-License-Identifier: MIT
// JSON Web Tokens in compact form (RFC 7515, RFC 7519, RFC 8725), with the claims of flask-jwt-extended. The algorithm
// is a property of the key: a token's `alg` has to match it and never selects it. Everything that this program would
// not write itself is refused: other header fields, padding, base64url that is not canonical, times that are not
// integers. Start at make_token() and read_token(). Pure; the key ring is read-only and may be shared by threads.
#pragma once

#include <agora/outcome.hpp>
#include <boost/describe.hpp>
#include <cstdint>
#include <larder/clock.hpp>
#include <larder/json/schema.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace agora::credentials {

enum class algorithm : std::uint8_t { hs256, eddsa };

class signing_key {
 public:
    /// `kid` may be empty. HS256: at least 32 bytes of secret. EdDSA: the 32 bytes of an Ed25519 seed.
    /// Throws std::invalid_argument.
    signing_key(std::string kid, algorithm a, std::string secret);
    ~signing_key();
    signing_key(signing_key&&) noexcept = default;
    signing_key& operator=(signing_key&&) noexcept = default;
    signing_key(const signing_key&) = delete;

    const std::string& kid() const noexcept { return kid_; }
    algorithm alg() const noexcept { return algorithm_; }
    std::string sign(std::string_view text) const;
    /// Compares in constant time.
    bool verify(std::string_view text, std::string_view signature) const;
    /// The Ed25519 public key; empty for HS256.
    const std::string& public_key() const noexcept { return public_key_; }

 private:
    std::string kid_;
    algorithm algorithm_;
    std::string secret_;
    std::string public_key_;
};

/// The first key signs; signatures of all keys are accepted. A token without a `kid` is tried with every key.
using key_ring = std::vector<signing_key>;

/// A secret with this prefix becomes an Ed25519 key.
inline constexpr std::string_view eddsa_prefix = "EdDSA:";

/// Makes a key from each secret, in the same order: an HS256 key or, after eddsa_prefix, an Ed25519 key that is derived
/// from the rest of the text. The `kid` is a hash of the secret. Throws std::invalid_argument if a secret is too short.
key_ring make_key_ring(const std::vector<std::string>& secrets);

/// A public key as a JWK (RFC 7517, RFC 8037).
struct public_jwk {
    std::string kty;
    std::string crv;
    std::string x;  ///< base64url
    std::string kid;
    std::string use;
    std::string alg;
};
BOOST_DESCRIBE_STRUCT(public_jwk, (), (kty, crv, x, kid, use, alg))

inline constexpr larder::json::member_facts public_jwk_facts[]{
    {.name = "kty", .meaning = "The kind of key: OKP."},
    {.name = "crv", .meaning = "The curve: Ed25519."},
    {.name = "x", .meaning = "The public key, base64url."},
    {.name = "kid", .meaning = "The name of the key, which tokens have in their header."},
    {.name = "use", .meaning = "sig: the key verifies signatures."},
    {.name = "alg", .meaning = "The algorithm: EdDSA."},
};
inline larder::json::type_facts facts_of(std::type_identity<public_jwk>)
{
    return {"PublicKey", "A public key of access tokens (RFC 8037).", public_jwk_facts};
}

struct jwk_set {
    std::vector<public_jwk> keys;
};
BOOST_DESCRIBE_STRUCT(jwk_set, (), (keys))

inline constexpr larder::json::member_facts jwk_set_facts[]{
    {.name = "keys", .meaning = "The keys; empty if tokens are signed with a shared secret."},
};
inline larder::json::type_facts facts_of(std::type_identity<jwk_set>)
{
    return {"PublicKeys", "A JWK Set (RFC 7517).", jwk_set_facts};
}

/// The public keys of a ring. HS256 keys are left out, because they are secret.
jwk_set public_keys(const key_ring& keys);

enum class token_type : std::uint8_t { access, refresh };

struct claims {
    std::int64_t user_id = 0;  ///< `sub`, written as text
    token_type type = token_type::access;
    bool fresh = false;  ///< issued for a password, not for a refresh token
    std::string jti;
    std::string family;           ///< `sid`: the sign-in that the token belongs to
    std::int64_t issued_at = 0;   ///< seconds since 1970
    std::int64_t expires_at = 0;  ///< seconds since 1970
};

std::string make_token(const key_ring& keys, const claims& c);

/// Fails as `invalid_token` or `token_expired`, both unauthenticated.
outcome<claims> read_token(const key_ring& keys, std::string_view token, token_type wanted, larder::timestamp now);

}  // namespace agora::credentials
