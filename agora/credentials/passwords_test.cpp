// SPDX-License-Identifier: MIT
// Which passwords are accepted, and hashing them: costs, and what happens when the pool is full.
#include <gmock/gmock.h>
#include <agora/credentials/passwords.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

namespace agora::credentials {
namespace {

using namespace std::chrono_literals;

std::string why(std::string_view password)
{
    const auto refused = refuse_password(password, {"annabelle", "ann@example.org"});
    return refused ? refused->code : "";
}

TEST(passwords_test, have_8_to_1024_characters_of_any_kind)
{
    EXPECT_EQ(why("tr0ubl7"), "too_short");
    EXPECT_EQ(why("h\u00e9r\u00e9t7x"), "too_short") << "characters count, not bytes";
    EXPECT_EQ(why("correct horse battery staple"), "");
    EXPECT_EQ(why("   spaces count   "), "");
    EXPECT_EQ(why("\u5bc6\u7801\u5bc6\u7801\u4e00\u4e8c\u4e09\u56db"), "");
    std::string longest;
    for (int i = 0; i < 1024; ++i) longest += i % 3 == 0 ? "\u00e9" : i % 2 == 0 ? "x" : "7";
    EXPECT_EQ(why(longest), "");
    EXPECT_EQ(why(longest + "x"), "too_long");
}

TEST(passwords_test, common_ones_are_refused_however_they_are_dressed)
{
    for (const auto* common :
         {"password",     "Password1",       "P@ssw0rd!", "dragon2024!", "123456789",  "qwertyuiop",
          "qwerty123",    "1q2w3e4r5t",      "iloveyou",  "letmein1",    "aaaaaaaaaa", "abcabcabc1",
          "monkeymonkey", "zaq12wsx",        "trustno1!", "987654321",   "sunshine99", "asdfghjkl",
          "ANNABELLE",    "ann@example.org", "passw0rd",  "abcdefgh",    "11111111",   "superman!!"})
        EXPECT_EQ(why(common), "too_common") << common;
    for (const auto* good :
         {"kelp-morning-7", "Tr0ub4dor&3", "thequickbrownfox", "xK9#mQ2$", "dragonsleeps8hours", "gzkqhvbt"})
        EXPECT_EQ(why(good), "") << good;
}

class hasher_test : public ::testing::Test {
 protected:
    template <class T>
    T run(asio::awaitable<T> a)
    {
        auto done = asio::co_spawn(loop_, std::move(a), asio::use_future);
        loop_.restart();
        loop_.run();
        return done.get();
    }
    std::string hash_of(const std::string& password)
    {
        const auto place = hasher_.enter();
        return run(hasher_.hash(*place, password));
    }
    bool fits(const std::string& password, const std::optional<std::string>& hash)
    {
        const auto place = hasher_.enter();
        return run(hasher_.verify(*place, password, hash));
    }
    asio::io_context loop_;
    password_hasher hasher_{{1, 1 << 20}, 1};
};

TEST_F(hasher_test, a_hash_fits_its_password_only)
{
    const auto hash = hash_of("kelp-morning-7");
    EXPECT_THAT(hash, ::testing::StartsWith("$argon2id$v=19$m=1024,t=1,p=1$"));
    EXPECT_NE(hash, hash_of("kelp-morning-7")) << "each hash has its own salt";
    EXPECT_TRUE(fits("kelp-morning-7", hash));
    EXPECT_FALSE(fits("kelp-morning-8", hash));
    EXPECT_FALSE(fits(std::string("kelp-morning-7\0x", 16), hash));
    EXPECT_FALSE(fits("", std::nullopt));
    EXPECT_FALSE(fits("kelp-morning-7", "no hash"));
}

TEST_F(hasher_test, one_made_with_another_cost_is_outdated)
{
    const auto hash = hash_of("kelp-morning-7");
    EXPECT_FALSE(hasher_.outdated(hash));
    const password_hasher dearer{{2, 1 << 20}, 1};
    EXPECT_TRUE(dearer.outdated(hash));
}

TEST_F(hasher_test, a_flood_is_told_at_once_that_there_is_no_place)
{
    int done = 0;
    int refused = 0;
    const auto one = [&]() -> asio::awaitable<void> {
        const auto place = hasher_.enter();
        ++(place ? done : refused);
        if (!place) {
            EXPECT_EQ(place.error().status, 503U);
            co_return;
        }
        co_await hasher_.hash(*place, "kelp-morning-7");
    };
    for (int i = 0; i < 100; ++i) asio::co_spawn(loop_, one(), asio::use_future);
    loop_.restart();
    loop_.run();
    EXPECT_EQ(done + refused, 100);
    EXPECT_GE(done, 3) << "one is hashed, two wait";
    EXPECT_GT(refused, 0);
    EXPECT_EQ(hasher_.refused(), static_cast<std::size_t>(refused));
    EXPECT_TRUE(hasher_.enter()) << "the places are free again";
}

}  // namespace
}  // namespace agora::credentials
