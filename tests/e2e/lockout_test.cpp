// SPDX-License-Identifier: MIT
// A stranger who guesses passwords does not lock the owner out: on one node in memory, and on two that share a Redis.
#include <chrono>

#include "tests/e2e/accounts.hpp"

namespace agora::e2e {
namespace {

using namespace std::chrono_literals;

class lockout : public ::testing::TestWithParam<const char*> {
 protected:
    lockout()
    {
        std::vector<std::string> settings{"TRUSTED_PROXIES=127.0.0.1"};
        const bool redis = GetParam() == std::string{"postgresql"};
        if (redis) {
            redis_server::shared().command({"FLUSHALL"});
            settings.push_back("REDIS_URL=" + redis_server::shared().url());
            settings.push_back("SECRET_KEY=0123456789abcdefghijklmnopqrstuvwxyz");
        }
        for (int i = 0; i < (redis ? 2 : 1); ++i)
            nodes_.push_back(std::make_unique<agora_process>(data_, settings, false));
        EXPECT_EQ(ask({home}, "POST", "/api/auth/register", ann).status, 201);
    }
    struct route {
        std::string network;  ///< the client's
        std::size_t node = 0;
    };
    answer ask(const route& by, const std::string& method, const std::string& target, const std::string& body,
               const std::string& fields = {})
    {
        return call(nodes_[by.node % nodes_.size()]->port(), method, target,
                    "X-Forwarded-For: " + by.network + "\r\n" + fields, body);
    }
    answer sign_in(const std::string& network, const std::string& login = "ann",
                   const std::string& password = "kelp-morning-7", std::size_t node = 0)
    {
        return ask({network, node}, "POST", node % 4 < 2 ? "/api/auth/login" : "/api/sessions",
                   R"({"username":")" + login + R"(","password":")" + password + "\"}");
    }
    static std::chrono::milliseconds since(std::chrono::steady_clock::time_point t)
    {
        return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - t);
    }

    static inline const std::string home = "203.0.113.9";
    static inline const std::string stranger = "198.51.100.1";
    community data_{GetParam()};
    std::vector<std::unique_ptr<agora_process>> nodes_;
};
INSTANTIATE_TEST_SUITE_P(each, lockout, ::testing::Values("sqlite", "postgresql"),
                         [](const auto& p) { return p.param; });

TEST_P(lockout, applies_only_to_the_network_of_the_attacker)
{
    const auto token = bearer(value_of(sign_in(home), "access_token"));
    for (std::size_t i = 0; i < 25; ++i) {
        const auto guess = sign_in(stranger, i % 3 == 0 ? "ann@example.org" : "ANN", "guess-guess", i);
        EXPECT_EQ(guess.status, 401) << i << guess.body;
    }
    for (const std::size_t node : {0U, 1U, 2U, 3U}) {
        const auto more = sign_in(stranger, "ann", "kelp-morning-7", node);
        EXPECT_EQ(more.status, 429) << more.body;
        EXPECT_NE(more.field("Retry-After"), "");
    }
    for (const std::size_t node : {0U, 1U, 2U, 3U}) EXPECT_LT(sign_in(home, "ann", "kelp-morning-7", node).status, 300);
    EXPECT_EQ(ask({stranger}, "GET", "/api/auth/me", "", token).status, 200)
        << "a sign-in stays valid even in the stranger's network";
    const auto changed = ask({stranger, 1}, "PUT", "/api/auth/password",
                             R"({"old_password":"kelp-morning-7","new_password":"harbour-lamp-3"})", token);
    EXPECT_EQ(changed.status, 204) << "the password can be changed even from the stranger's network: " << changed.body;
    EXPECT_EQ(sign_in("192.0.2.7", "ann@example.org", "harbour-lamp-3").status, 200) << "from any other network";
    for (std::size_t i = 0; i < 10; ++i) sign_in("198.51.100.2", "ann", "guess-guess", i);
    const auto began = std::chrono::steady_clock::now();
    EXPECT_EQ(sign_in("192.0.2.8", "ann", "harbour-lamp-3").status, 200)
        << "delayed because of all the wrong passwords";
    EXPECT_GE(since(began), 1s);
}

}  // namespace
}  // namespace agora::e2e
