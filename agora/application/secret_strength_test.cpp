// SPDX-License-Identifier: MIT
// Typical placeholders count as weak, and randomly chosen secrets never do.
#include <gtest/gtest.h>

#include <agora/application/config.hpp>
#include <agora/application/secret_strength.hpp>
#include <random>
#include <string>

namespace agora::application {
namespace {

TEST(secret_strength, placeholders_are_weak)
{
    for (const std::string& weak : std::vector<std::string>{std::string(32, 'a'),
                                                            std::string(64, '0'),
                                                            std::string(31, 'x') + "y",
                                                            "0123456789abcdef0123456789abcdef",
                                                            "abababababababababababababababababab",
                                                            "abcdefghijklmnopqrstuvwxyz0123456789",
                                                            "changemechangemechangemechangeme",
                                                            "change-me-change-me-change-me-change-me",
                                                            "CHANGE_ME_CHANGE_ME_CHANGE_ME_CHANGE_ME",
                                                            "please-change-this-secret-in-production",
                                                            "my-super-secret-key-for-production-use",
                                                            "YOUR_SECRET_KEY_HERE_CHANGE_THIS_32CHARS",
                                                            "supersecretsupersecretsupersecret",
                                                            "passwordpasswordpasswordpassword1234",
                                                            "qwertyuiopasdfghjklzxcvbnm1234567890",
                                                            "00000000000000000000000000000001",
                                                            "deadbeefdeadbeefdeadbeefdeadbeef",
                                                            "aaaaaaaabbbbbbbbccccccccdddddddd",
                                                            "insecure-development-key-do-not-use!",
                                                            "replace-me-with-a-long-random-string",
                                                            "9876543210987654321098765432109876"}) {
        EXPECT_LT(estimated_bits(weak), min_bits(min_secret_key)) << weak;
    }
    for (const std::string_view weak :
         {"aaaaaaaaaaaaaaaa", "change-me-change-me", "0123456789abcdef", "passwordpassword"})
        EXPECT_LT(estimated_bits(weak), min_bits(min_service_token)) << weak;
}

TEST(secret_strength, random_secrets_are_not_weak)
{
    std::mt19937 random{1};
    const auto draw = [&](std::size_t size, std::string_view from) {
        std::string text;
        while (text.size() < size) text += from[random() % from.size()];
        return text;
    };
    for (int i = 0; i < 2000; ++i) {
        const auto hex = draw(min_secret_key, "0123456789abcdef");
        EXPECT_GE(estimated_bits(hex), min_bits(min_secret_key)) << hex;
        const auto base64 = draw(43, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
        EXPECT_GE(estimated_bits(base64), min_bits(min_secret_key)) << base64;
        const auto token = draw(20, "abcdefghijklmnopqrstuvwxyz0123456789");
        EXPECT_GE(estimated_bits(token), min_bits(min_service_token)) << token;
    }
    EXPECT_GE(estimated_bits(new_secret()), min_bits(min_secret_key));
    EXPECT_GE(estimated_bits("correct-horse-battery-staple-forum-lamp"), min_bits(min_secret_key));
}

}  // namespace
}  // namespace agora::application
