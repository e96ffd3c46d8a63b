// SPDX-License-Identifier: MIT
// Writing and verifying tokens, see jwt.hpp. read_token() decodes the three parts, checks the header, the signature and
// then the claims; each step refuses what make_token() would not have written.
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sodium/crypto_generichash.h>
#include <sodium/crypto_sign_ed25519.h>
#include <sodium/utils.h>
#include <agora/credentials/jwt.hpp>
#include <agora/credentials/problem_codes.hpp>
#include <agora/credentials/secrets.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <larder/json/members.hpp>
#include <stdexcept>

namespace agora::credentials {
namespace {

constexpr std::size_t longest_token = 4096;
constexpr std::size_t longest_id = 64;
constexpr std::size_t min_secret = 32;
constexpr std::int64_t latest_time = 253'402'300'799;  // the end of the year 9999
constexpr std::int64_t leeway = 60;                    // seconds by which the clocks of nodes may differ
constexpr larder::json::read_limits shallow{.depth = 2};

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

failure refused() { return {problems::invalid_token, "the token is not valid"}; }

std::string_view name_of(algorithm a) noexcept { return a == algorithm::hs256 ? "HS256" : "EdDSA"; }

std::string hmac_sha256(std::string_view key, std::string_view text)
{
    std::array<unsigned char, 32> mac{};
    unsigned size = mac.size();
    if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes_of(text), text.size(), mac.data(), &size) ==
        nullptr)
        throw std::runtime_error{"no HMAC from OpenSSL"};
    return {reinterpret_cast<const char*>(mac.data()), size};
}

struct token_header {
    std::string alg;
    std::string kid;  ///< empty: the token names no key
};

/// Returns nullopt for a header that make_token() would not write.
std::optional<token_header> read_header(std::string_view header)
{
    const auto fields = larder::json::members::parse(header, shallow);
    if (!fields) return std::nullopt;
    const auto alg = fields->get<std::string>("alg");
    const auto typ = fields->get<std::string>("typ");
    const auto kid = fields->get<std::string>("kid");
    const std::size_t known = 1U + (fields->contains("typ") ? 1U : 0U) + (fields->contains("kid") ? 1U : 0U);
    if (!alg || fields->size() != known) return std::nullopt;
    if (fields->contains("typ") && typ != "JWT") return std::nullopt;
    if (fields->contains("kid") && (!kid || kid->empty())) return std::nullopt;
    return token_header{*alg, kid.value_or("")};
}

/// Whether the signature fits the key that the header names or, without a `kid`, any key. A key accepts only its own
/// algorithm.
bool is_signed(const key_ring& keys, const token_header& h, std::string_view text, std::string_view signature)
{
    return std::ranges::any_of(keys, [&](const signing_key& k) {
        return (h.kid.empty() || h.kid == k.kid()) && h.alg == name_of(k.alg()) && k.verify(text, signature);
    });
}

/// BLAKE2b of the secret; different purposes give unrelated results.
std::string derived(std::string_view purpose, std::string_view secret, std::size_t size)
{
    std::string out(size, '\0');
    crypto_generichash_state state;
    crypto_generichash_init(&state, bytes_of(purpose), purpose.size(), size);
    crypto_generichash_update(&state, bytes_of(secret), secret.size());
    crypto_generichash_final(&state, reinterpret_cast<unsigned char*>(out.data()), size);
    return out;
}

std::optional<std::int64_t> number_in(std::string_view text)
{
    std::int64_t v = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), v);
    if (ec != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
    return v;
}

/// Returns nullopt if a claim is missing or has the wrong type, or if `aud` or `iss` says that the token is not ours.
std::optional<claims> claims_in(std::string_view payload)
{
    const auto all = larder::json::members::parse(payload, shallow);
    if (!all || all->contains("aud") || all->contains("iss")) return std::nullopt;
    const auto subject = all->get<std::string>("sub");
    const auto user = subject ? number_in(*subject) : std::nullopt;
    const auto type = all->get<std::string>("type");
    const auto jti = all->get<std::string>("jti");
    const auto expires = all->get<std::int64_t>("exp");
    const auto issued = all->get<std::int64_t>("iat");
    if (!user || *user <= 0 || !jti || jti->empty() || jti->size() > longest_id || !expires || !issued)
        return std::nullopt;
    if (type != "access" && type != "refresh") return std::nullopt;
    const auto in_time = [](std::int64_t t) { return t >= 0 && t <= latest_time; };
    const auto not_before = all->contains("nbf") ? all->get<std::int64_t>("nbf") : issued;
    if (!in_time(*expires) || !in_time(*issued) || !not_before || !in_time(*not_before)) return std::nullopt;
    const auto family = all->contains("sid") ? all->get<std::string>("sid") : std::string{};
    if (!family || family->size() > longest_id) return std::nullopt;
    claims c;
    c.user_id = *user;
    c.type = type == "access" ? token_type::access : token_type::refresh;
    c.fresh = all->get<bool>("fresh").value_or(false);
    c.jti = *jti;
    c.family = *family;
    c.issued_at = std::max(*issued, *not_before);
    c.expires_at = *expires;
    return c;
}

}  // namespace

signing_key::signing_key(std::string kid, algorithm a, std::string secret)
    : kid_{std::move(kid)}, algorithm_{a}, secret_{std::move(secret)}
{
    if (algorithm_ == algorithm::hs256) {
        if (secret_.size() < min_secret) throw std::invalid_argument{"a secret for HS256 needs at least 32 bytes"};
        return;
    }
    if (secret_.size() != crypto_sign_ed25519_SEEDBYTES)
        throw std::invalid_argument{"a key for EdDSA is a seed of 32 bytes"};
    public_key_.resize(crypto_sign_ed25519_PUBLICKEYBYTES);
    std::string pair(crypto_sign_ed25519_SECRETKEYBYTES, '\0');
    crypto_sign_ed25519_seed_keypair(reinterpret_cast<unsigned char*>(public_key_.data()),
                                     reinterpret_cast<unsigned char*>(pair.data()), bytes_of(secret_));
    sodium_memzero(secret_.data(), secret_.size());
    secret_ = std::move(pair);
}

signing_key::~signing_key() { sodium_memzero(secret_.data(), secret_.size()); }

std::string signing_key::sign(std::string_view text) const
{
    if (algorithm_ == algorithm::hs256) return hmac_sha256(secret_, text);
    std::string signature(crypto_sign_ed25519_BYTES, '\0');
    crypto_sign_ed25519_detached(reinterpret_cast<unsigned char*>(signature.data()), nullptr, bytes_of(text),
                                 text.size(), bytes_of(secret_));
    return signature;
}

bool signing_key::verify(std::string_view text, std::string_view signature) const
{
    if (algorithm_ == algorithm::hs256) {
        const auto made = hmac_sha256(secret_, text);
        return signature.size() == made.size() && sodium_memcmp(signature.data(), made.data(), made.size()) == 0;
    }
    return signature.size() == crypto_sign_ed25519_BYTES &&
           crypto_sign_ed25519_verify_detached(bytes_of(signature), bytes_of(text), text.size(),
                                               bytes_of(public_key_)) == 0;
}

key_ring make_key_ring(const std::vector<std::string>& secrets)
{
    key_ring keys;
    for (std::string_view text : secrets) {
        const bool eddsa = text.starts_with(eddsa_prefix);
        if (eddsa) text.remove_prefix(eddsa_prefix.size());
        if (text.size() < min_secret) throw std::invalid_argument{"a secret for tokens needs at least 32 bytes"};
        auto kid = to_base64url(derived(eddsa ? "agora kid of EdDSA" : "agora kid of HS256", text, 16));
        if (eddsa) {
            keys.emplace_back(std::move(kid), algorithm::eddsa,
                              derived("agora seed of EdDSA", text, crypto_sign_ed25519_SEEDBYTES));
        } else {
            keys.emplace_back(std::move(kid), algorithm::hs256, std::string{text});
        }
    }
    return keys;
}

jwk_set public_keys(const key_ring& keys)
{
    jwk_set set;
    for (const auto& k : keys) {
        if (k.public_key().empty()) continue;
        set.keys.push_back(
            {"OKP", "Ed25519", to_base64url(k.public_key()), k.kid(), "sig", std::string{name_of(k.alg())}});
    }
    return set;
}

std::string make_token(const key_ring& keys, const claims& c)
{
    const auto& key = keys.front();
    larder::json::members header;
    header.set("alg", name_of(key.alg()));
    header.set("typ", "JWT");
    if (!key.kid().empty()) header.set("kid", key.kid());
    larder::json::members payload;
    payload.set("fresh", c.fresh);
    payload.set("iat", c.issued_at);
    payload.set("jti", c.jti);
    payload.set("type", c.type == token_type::access ? "access" : "refresh");
    payload.set("sub", std::to_string(c.user_id));
    payload.set("nbf", c.issued_at);
    payload.set("exp", c.expires_at);
    if (!c.family.empty()) payload.set("sid", c.family);
    std::string token = to_base64url(header.text()) + "." + to_base64url(payload.text());
    const auto signature = key.sign(token);
    return token += "." + to_base64url(signature);
}

outcome<claims> read_token(const key_ring& keys, std::string_view token, token_type wanted, larder::timestamp now)
{
    if (token.size() > longest_token || std::ranges::count(token, '.') != 2) return refused();
    const auto first = token.find('.');
    const auto second = token.rfind('.');
    const auto header = from_base64url(token.substr(0, first));
    const auto payload = from_base64url(token.substr(first + 1, second - first - 1));
    const auto signature = from_base64url(token.substr(second + 1));
    if (!header || !payload || !signature) return refused();
    const auto named = read_header(*header);
    if (!named || !is_signed(keys, *named, token.substr(0, second), *signature)) return refused();
    const auto read = claims_in(*payload);
    const auto seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
    if (!read || read->type != wanted || read->issued_at > seconds + leeway) return refused();
    if (read->expires_at + leeway <= seconds)
        return failure{problems::token_expired, "the token has expired; use a refresh token"};
    return *read;
}

}  // namespace agora::credentials
