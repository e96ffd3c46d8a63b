// SPDX-License-Identifier: MIT
// Tokens that must be refused: the known attacks on JWT (RFC 8725) one by one, and a good token with each single
// character changed.
#include <gmock/gmock.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <agora/credentials/jwt.hpp>
#include <agora/credentials/secrets.hpp>
#include <larder/json/members.hpp>

namespace agora::credentials {
namespace {

using namespace std::chrono_literals;

constexpr auto now_seconds = 1'800'000'000;
const larder::timestamp moment{std::chrono::seconds{now_seconds}};
const std::string secret = "a secret of more than 32 bytes, for tests";

claims claims_of_ann()
{
    claims c;
    c.user_id = 42;
    c.jti = "0b5b0a57-2c2f-4f0f-8d7e-2f6a0d7e5b3c";
    c.family = "family1";
    c.fresh = true;
    c.issued_at = now_seconds - 10;
    c.expires_at = now_seconds + 900;
    return c;
}

class jwt_test : public ::testing::Test {
 protected:
    jwt_test() { keys_.emplace_back("", algorithm::hs256, secret); }

    std::string code(std::string_view token, token_type wanted = token_type::access)
    {
        const auto read = read_token(keys_, token, wanted, moment);
        if (read) return "accepted";
        EXPECT_EQ(read.error().status, 401U);
        return read.error().code;
    }
    static std::string hmac(const EVP_MD* digest, std::string_view key, std::string_view text)
    {
        unsigned char mac[64];
        unsigned size = sizeof mac;
        HMAC(digest, key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()),
             text.size(), mac, &size);
        return {reinterpret_cast<const char*>(mac), size};
    }
    /// A token with any content and a correct signature of our own key, so that only the content can be wrong.
    std::string token(std::string_view header, std::string_view payload) const
    {
        const auto text = to_base64url(header) + "." + to_base64url(payload);
        return text + "." + to_base64url(hmac(EVP_sha256(), secret, text));
    }
    std::string with_header(std::string_view header) const { return token(header, payload()); }
    std::string with_payload(std::string_view payload) const
    {
        return token(R"({"alg":"HS256","typ":"JWT"})", payload);
    }
    static std::string payload(std::string_view member = {}, std::string_view value = {})
    {
        larder::json::members p = *larder::json::members::parse(
            R"({"fresh":true,"iat":1799999990,"jti":"j1","type":"access","sub":"42","nbf":1799999990,"exp":1800000900})");
        if (value.empty()) {
            p.erase(member);
        } else {
            p.set_text(member, std::string{value});
        }
        return p.text();
    }
    key_ring keys_;
};

TEST_F(jwt_test, what_was_made_is_read)
{
    const auto made = make_token(keys_, claims_of_ann());
    const auto read = read_token(keys_, made, token_type::access, moment);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->user_id, 42);
    EXPECT_EQ(read->jti, claims_of_ann().jti);
    EXPECT_EQ(read->family, "family1");
    EXPECT_TRUE(read->fresh);
    EXPECT_EQ(read->expires_at, now_seconds + 900);
    EXPECT_EQ(code(with_payload(payload())), "accepted");
    EXPECT_EQ(code(with_header(R"({"typ":"JWT","alg":"HS256"})")), "accepted");
    EXPECT_EQ(code(with_header(R"({"alg":"HS256"})")), "accepted");
}

TEST_F(jwt_test, its_time_counts)
{
    // The clocks of nodes may differ by up to a minute.
    EXPECT_EQ(code(with_payload(payload("exp", "1799999941"))), "accepted");
    EXPECT_EQ(code(with_payload(payload("exp", "1799999940"))), "token_expired");
    EXPECT_EQ(code(with_payload(payload("exp", "1"))), "token_expired");
    EXPECT_EQ(code(with_payload(payload("nbf", "1800000060"))), "accepted");
    EXPECT_EQ(code(with_payload(payload("nbf", "1800000061"))), "invalid_token");
    EXPECT_EQ(code(with_payload(payload("iat", "1800000060"))), "accepted");
    EXPECT_EQ(code(with_payload(payload("iat", "1800000061"))), "invalid_token");
}

TEST_F(jwt_test, keys_are_rotated_by_their_names)
{
    key_ring rotated;
    rotated.emplace_back("2027", algorithm::eddsa, std::string(32, 's'));
    rotated.emplace_back("2026", algorithm::hs256, std::string(32, 'o'));
    const auto fresh = make_token(rotated, claims_of_ann());
    EXPECT_TRUE(read_token(rotated, fresh, token_type::access, moment));
    key_ring old;
    old.emplace_back("2026", algorithm::hs256, std::string(32, 'o'));
    const auto earlier = make_token(old, claims_of_ann());
    EXPECT_TRUE(read_token(rotated, earlier, token_type::access, moment));
    EXPECT_FALSE(read_token(old, fresh, token_type::access, moment)) << "the ring does not have this key";
    old[0] = signing_key{"2026", algorithm::hs256, std::string(32, 'x')};
    EXPECT_FALSE(read_token(rotated, make_token(old, claims_of_ann()), token_type::access, moment))
        << "a matching kid is not enough";
    EXPECT_FALSE(read_token(rotated, make_token(keys_, claims_of_ann()), token_type::access, moment))
        << "a token without a kid still needs a key of the ring";
}

TEST_F(jwt_test, a_ring_is_made_of_secrets)
{
    const std::string first(32, 'f');
    const std::string second(32, 's');
    const auto before = make_key_ring({first});
    const auto after = make_key_ring({"EdDSA:" + second, first});
    EXPECT_EQ(before[0].kid(), after[1].kid()) << "the kid is the same on every node and after every start";
    EXPECT_NE(make_key_ring({second})[0].kid(), after[0].kid());
    EXPECT_TRUE(read_token(after, make_token(before, claims_of_ann()), token_type::access, moment));
    const auto token = make_token(after, claims_of_ann());
    EXPECT_TRUE(read_token(after, token, token_type::access, moment));
    EXPECT_FALSE(read_token(before, token, token_type::access, moment));
    key_ring nameless;
    nameless.emplace_back("", algorithm::hs256, first);
    EXPECT_TRUE(read_token(after, make_token(nameless, claims_of_ann()), token_type::access, moment))
        << "Flask makes tokens without a kid";
    nameless[0] = signing_key{"", algorithm::hs256, second};
    EXPECT_FALSE(read_token(after, make_token(nameless, claims_of_ann()), token_type::access, moment))
        << "that secret is for EdDSA only";

    const auto shown = public_keys(after);
    ASSERT_EQ(shown.keys.size(), 1U) << "a shared secret has no public key";
    EXPECT_EQ(shown.keys[0].x, to_base64url(after[0].public_key()));
    EXPECT_EQ(shown.keys[0].kid, after[0].kid());
    EXPECT_TRUE(public_keys(before).keys.empty());
    EXPECT_THROW(make_key_ring({"EdDSA:" + std::string(31, 'x')}), std::invalid_argument);
}

TEST_F(jwt_test, weak_keys_are_none)
{
    EXPECT_THROW(signing_key("", algorithm::hs256, ""), std::invalid_argument);
    EXPECT_THROW(signing_key("", algorithm::hs256, std::string(31, 'x')), std::invalid_argument);
    EXPECT_THROW(signing_key("", algorithm::eddsa, std::string(33, 'x')), std::invalid_argument);
}

TEST_F(jwt_test, the_algorithm_is_the_keys)
{
    for (const auto* alg : {"none",
                            "None",
                            "NONE",
                            "nOnE",
                            "",
                            "hs256",
                            "HS384",
                            "HS512",
                            "RS256",
                            "RS384",
                            "RS512",
                            "ES256",
                            "ES384",
                            "ES512",
                            "PS256",
                            "EdDSA",
                            "PBES2-HS256+A128KW",
                            "dir",
                            "A128KW",
                            "HS256 ",
                            " HS256",
                            "HS256\\u0000"}) {
        const auto header = std::string{R"({"alg":")"} + alg + R"(","typ":"JWT"})";
        EXPECT_EQ(code(with_header(header)), "invalid_token") << alg;
        const auto unsigned_text = to_base64url(header) + "." + to_base64url(payload()) + ".";
        EXPECT_EQ(code(unsigned_text), "invalid_token") << alg << " without a signature";
    }
    for (const auto* alg : {"null", "1", "true", "[\"HS256\"]", "{}"})
        EXPECT_EQ(code(with_header(std::string{R"({"alg":)"} + alg + "}")), "invalid_token") << alg;
    EXPECT_EQ(code(with_header("{\"typ\":\"JWT\"}")), "invalid_token");
}

TEST_F(jwt_test, a_public_key_is_no_secret_for_hmac)
{
    key_ring ring;
    ring.emplace_back("", algorithm::eddsa, std::string(32, 's'));
    const auto& key = ring.front().public_key();
    const auto text = to_base64url(R"({"alg":"HS256","typ":"JWT"})") + "." + to_base64url(payload());
    for (const auto& as :
         {key, to_base64url(key), "-----BEGIN PUBLIC KEY-----\n" + to_base64url(key) + "\n-----END PUBLIC KEY-----\n"})
        EXPECT_FALSE(
            read_token(ring, text + "." + to_base64url(hmac(EVP_sha256(), as, text)), token_type::access, moment));
    const auto eddsa = to_base64url(R"({"alg":"EdDSA"})") + "." + to_base64url(payload());
    EXPECT_FALSE(read_token(ring, eddsa + "." + to_base64url(std::string(64, '\0')), token_type::access, moment))
        << "r = s = 0";
    EXPECT_TRUE(read_token(ring, eddsa + "." + to_base64url(ring.front().sign(eddsa)), token_type::access, moment));
}

TEST_F(jwt_test, guessed_secrets_do_not_fit)
{
    const auto text = to_base64url(R"({"alg":"HS256","typ":"JWT"})") + "." + to_base64url(payload());
    for (const std::string guess : {"", "secret", "change-me", "your-256-bit-secret", "null", "undefined", "\n"})
        EXPECT_EQ(code(text + "." + to_base64url(hmac(EVP_sha256(), guess, text))), "invalid_token") << guess;
    EXPECT_EQ(code(text + "." + to_base64url(hmac(EVP_sha512(), secret, text))), "invalid_token")
        << "an HS512 signature labelled as HS256";
    EXPECT_EQ(code(text + "." + to_base64url(hmac(EVP_sha256(), secret, text).substr(0, 16))), "invalid_token")
        << "half of the signature";
}

TEST_F(jwt_test, no_header_field_chooses_a_key)
{
    for (const auto* field : {R"("kid":"../../../../dev/null")",
                              R"("kid":"/dev/null")",
                              R"("kid":"' UNION SELECT 'x")",
                              R"("kid":"a\u0000b")",
                              R"("kid":"")",
                              R"("kid":null)",
                              R"("kid":1)",
                              R"("kid":["a"])",
                              R"("kid":"unknown")",
                              R"("jku":"https://evil.example/jwks.json")",
                              R"("x5u":"https://evil.example/cert.pem")",
                              R"("jwk":{"kty":"oct","k":"AAAA"})",
                              R"("x5c":["MIIB"])",
                              R"("x5t":"AAAA")",
                              R"("crit":["exp"])",
                              R"("crit":[])",
                              R"("b64":false)",
                              R"("zip":"DEF")",
                              R"("enc":"A256GCM")",
                              R"("p2c":2147483647)",
                              R"("cty":"JWT")",
                              R"("apu":"x")"})
        EXPECT_EQ(code(with_header(std::string{R"({"alg":"HS256",)"} + field + "}")), "invalid_token") << field;
}

TEST_F(jwt_test, one_type_does_not_pass_for_another)
{
    EXPECT_EQ(code(with_payload(payload("type", "\"refresh\""))), "invalid_token");
    EXPECT_EQ(code(with_payload(payload()), token_type::refresh), "invalid_token");
    for (const auto* typ : {"at+jwt", "JOSE", "jwt", "logout+jwt", "dpop+jwt"})
        EXPECT_EQ(code(with_header(std::string{R"({"alg":"HS256","typ":")"} + typ + "\"}")), "invalid_token") << typ;
    for (const auto* type : {"null", "\"id\"", "\"Access\"", "1", "[\"access\"]", ""})
        EXPECT_EQ(code(with_payload(payload("type", type))), "invalid_token") << type;
}

TEST_F(jwt_test, claims_of_the_wrong_kind_are_refused)
{
    for (const auto* time :
         {"", "null", "\"1800000900\"", "1800000900.5", "1.8e9", "1e400", "-1", "-9223372036854775808",
          "9223372036854775807", "18446744073709551616", "true", "[1800000900]", "{}"})
        for (const auto* claim : {"exp", "iat"})
            EXPECT_EQ(code(with_payload(payload(claim, time))), "invalid_token") << claim << time;
    for (const auto* time : {"null", "\"0\"", "1e3", "-1", "false"})
        EXPECT_EQ(code(with_payload(payload("nbf", time))), "invalid_token") << time;
    for (const auto* sub : {"", "null", "42", "\"\"", "\"0\"", "\"-1\"", "\"4 2\"", "\"42\\u0000\"", "\"0x2a\"",
                            "\"99999999999999999999\"", "[\"42\"]", "\"admin\""})
        EXPECT_EQ(code(with_payload(payload("sub", sub))), "invalid_token") << sub;
    for (const auto* jti : {"", "null", "1", "\"\""})
        EXPECT_EQ(code(with_payload(payload("jti", jti))), "invalid_token") << jti;
    for (const auto* aud : {"\"agora\"", "[\"agora\",\"other\"]", "null", "[]"}) {
        EXPECT_EQ(code(with_payload(payload("aud", aud))), "invalid_token") << "for another audience: " << aud;
        EXPECT_EQ(code(with_payload(payload("iss", aud))), "invalid_token") << "from another issuer: " << aud;
    }
    EXPECT_EQ(code(with_payload(payload("sid", "7"))), "invalid_token");
}

TEST_F(jwt_test, text_that_parsers_read_differently_is_refused)
{
    EXPECT_EQ(code(with_payload(R"({"sub":"42","sub":"1",)" + payload().substr(1))), "invalid_token")
        << "a repeated claim";
    EXPECT_EQ(code(with_payload(R"({"exp":1,)" + payload().substr(1))), "invalid_token");
    EXPECT_EQ(code(with_header(R"({"alg":"none","alg":"HS256"})")), "invalid_token");
    EXPECT_EQ(code(with_payload(payload() + "{}")), "invalid_token");
    EXPECT_EQ(code(with_payload("\xEF\xBB\xBF" + payload())), "invalid_token");
    EXPECT_EQ(code(with_payload("[" + payload() + "]")), "invalid_token");
    EXPECT_EQ(code(with_payload("\"" + std::string(10, 'x') + "\"")), "invalid_token");
    EXPECT_EQ(code(with_payload(payload("x", "\"\xff\""))), "invalid_token");
    EXPECT_EQ(code(with_payload(payload("x", std::string(1000, '[') + std::string(1000, ']')))), "invalid_token")
        << "nested too deep";
    EXPECT_EQ(code(with_payload(payload("x", "\"" + std::string(5000, 'x') + "\""))), "invalid_token") << "too long";
    EXPECT_EQ(code(with_payload("")), "invalid_token");
    EXPECT_EQ(code(with_payload("null")), "invalid_token");
}

TEST_F(jwt_test, only_three_parts_of_plain_base64url_are_a_token)
{
    const auto good = with_payload(payload());
    const auto second = good.rfind('.');
    for (const auto& bad :
         {std::string{}, std::string{"."}, std::string{".."}, std::string{"..."}, good + ".", "." + good, good + "=",
          good + " ", " " + good, good + "\n", good.substr(0, second), good.substr(0, second + 1), good + "." + good,
          good.substr(second), "Bearer " + good, good.substr(0, 10) + " " + good.substr(10),
          good + std::string(1, '\0'), good.substr(0, second) + "+" + good.substr(second)})
        EXPECT_EQ(code(bad), "invalid_token") << bad;
    // The last of the signature's 43 characters has two unused bits; only one of the four variants may be accepted.
    auto same_bytes = good;
    constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const auto at = alphabet.find(good.back());
    same_bytes.back() = alphabet[at + 1];
    EXPECT_EQ(code(same_bytes), "invalid_token") << "not the canonical encoding";
}

TEST_F(jwt_test, each_character_is_signed)
{
    const auto good = with_payload(payload());
    for (std::size_t i = 0; i < good.size(); ++i) {
        auto changed = good;
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        EXPECT_EQ(code(changed), "invalid_token") << i;
    }
}

}  // namespace
}  // namespace agora::credentials
