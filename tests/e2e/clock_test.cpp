// SPDX-License-Identifier: MIT
// The system clock is stepped while the server runs: nobody is signed out or locked out, and nothing expires early or
// becomes valid again. Also: a server without requests costs Redis almost nothing.
#include <filesystem>
#include <fstream>
#include <larder/testing/shifted_clock.hpp>

#include "tests/e2e/accounts.hpp"

namespace agora::e2e {
namespace {

using namespace std::chrono_literals;
using larder::testing::shifted_clock;

class stepped_clock : public ::testing::TestWithParam<const char*> {
 protected:
    stepped_clock()
    {
        auto settings = clock_.environment();
        if (on_redis()) settings.push_back("REDIS_URL=" + redis_server::shared().url());
        if (on_redis()) redis_server::shared().command({"FLUSHALL"});
        server_ = std::make_unique<agora_process>(data_, settings, false);
    }
    bool on_redis() const { return GetParam() == std::string{"postgresql"}; }
    answer ask(const std::string& method, const std::string& target, const std::string& fields = {},
               const std::string& body = {})
    {
        return call(server_->port(), method, target, fields, body);
    }
    answer refresh(const std::string& token)
    {
        return ask("POST", "/api/auth/refresh", {}, R"({"refresh_token":")" + token + "\"}");
    }
    /// Waits for an email with this subject, removes it and returns its token.
    std::string mailed(const std::string& subject)
    {
        const auto end = std::chrono::steady_clock::now() + 10s;
        std::error_code none;
        while (std::chrono::steady_clock::now() < end) {
            for (const auto& f : std::filesystem::directory_iterator{data_.folder() / "mail", none}) {
                std::ifstream in{f.path()};
                const std::string text{std::istreambuf_iterator<char>{in}, {}};
                const auto at = text.find("?token=");
                if (f.path().extension() != ".eml" || text.find(subject) == std::string::npos ||
                    at == std::string::npos)
                    continue;
                std::filesystem::remove(f.path());
                return text.substr(at + 7, text.find('\r', at) - at - 7);
            }
        }
        return {};
    }

    community data_{GetParam()};
    shifted_clock clock_{CLOCK_SHIM, data_.folder() / "clock"};
    std::unique_ptr<agora_process> server_;
};
ACCOUNTS_SUITE(stepped_clock);

constexpr std::chrono::milliseconds steps[] = {-60s, 1h, -1h, 0s, 25h, -25h};

TEST_P(stepped_clock, sign_ins_of_all_kinds_stay_valid)
{
    const auto made = ask("POST", "/api/auth/register", {}, ann);
    ASSERT_EQ(made.status, 201) << made.body;
    const auto token = bearer(value_of(made, "access_token"));
    auto renewable = value_of(made, "refresh_token");
    const auto set = ask("POST", "/api/sessions", {}, ann_signs_in).field("Set-Cookie");
    const auto cookie = "Cookie: " + set.substr(0, set.find(';')) + "\r\n";
    const auto key =
        bearer(value_of(ask("POST", "/api/api-keys", token, R"({"name":"k","expires_in_days":1})"), "key"));
    for (const auto by : steps) {
        clock_.shift(by);
        const auto after = "after a step to " + std::to_string(by.count() / 1000) + " s";
        EXPECT_EQ(ask("GET", "/api/auth/me", token).status, 200) << after;
        EXPECT_EQ(ask("GET", "/api/auth/me", cookie).status, 200) << after;
        EXPECT_EQ(ask("GET", "/api/auth/me", key).status, 200) << after;
        const auto next = refresh(renewable);
        EXPECT_EQ(next.status, 200) << after << next.body;
        EXPECT_EQ(refresh(renewable).status, 200) << "a refresh may be repeated within its grace period, " << after;
        renewable = value_of(next, "refresh_token");
        const auto again = ask("POST", "/api/auth/login", {}, ann_signs_in);
        EXPECT_EQ(again.status, 200) << "signing in again works, " << after;
        EXPECT_EQ(ask("GET", "/api/auth/me", bearer(value_of(again, "access_token"))).status, 200) << after;
    }
}

TEST_P(stepped_clock, limits_idempotency_keys_and_mailed_tokens_keep_their_lifetimes)
{
    const auto token = bearer(value_of(ask("POST", "/api/auth/register", {}, ann), "access_token"));
    const auto post = [&](const std::string& key) {
        return ask("POST", "/api/posts", token + "Idempotency-Key: " + key + "\r\n",
                   R"({"title":"Stepped clocks","body":"What they do","tags":["time"]})");
    };
    ASSERT_EQ(post("first").status, 201);
    const auto secret = mailed("Is this your address?");
    ASSERT_EQ(secret.size(), 43U);
    for (const auto by : steps) {
        clock_.shift(by);
        const auto again = post("first");
        EXPECT_EQ(again.status, 201);
        EXPECT_EQ(again.field("Idempotency-Replayed"), "true") << "after a step to " << by.count();
        EXPECT_EQ(post("after" + std::to_string(by.count())).status, 201) << "nobody is locked out";
        EXPECT_EQ(ask("POST", "/api/auth/password/forgot", {}, R"({"email":"ann@example.org"})").status, 202);
        EXPECT_EQ(mailed("Reset your password").size(), 43U)
            << "emails are sent at once, after a step to " << by.count();
        if (by == steps[3]) break;  // emails to one address are limited
    }
    EXPECT_EQ(ask("POST", "/api/auth/verify-email", {}, R"({"token":")" + secret + "\"}").status, 204);
}

TEST(idle_node, sends_redis_at_most_one_command_a_second_and_serves_fresh_data)
{
    redis_server redis;
    const community data{"sqlite"};
    shifted_clock clock{CLOCK_SHIM, data.folder() / "clock"};
    auto settings = clock.environment();
    settings.push_back("REDIS_URL=" + redis.url());
    const agora_process server{data, settings, false};
    const auto commands = [&] {
        const auto info = redis.command({"INFO", "stats"});
        return std::stol(info.substr(info.find("total_commands_processed:") + 25));
    };
    const auto commands_in = [&](std::chrono::seconds time) {
        const auto before = commands();
        const auto end = std::chrono::steady_clock::now() + time;
        while (std::chrono::steady_clock::now() < end) EXPECT_EQ(call(server.port(), "GET", "/live").status, 200);
        return commands() - before - 1;
    };
    EXPECT_EQ(call(server.port(), "GET", "/api/posts").status, 200);
    EXPECT_GT(commands_in(3s), 9) << "a node in use runs its relay and sends heartbeats";
    clock.suspend(61s);
    commands_in(1s);  // commands that were under way
    EXPECT_LE(commands_in(8s), 8);
    EXPECT_EQ(call(server.port(), "GET", "/api/posts").status, 200);
    EXPECT_GT(commands_in(3s), 9) << "it is in use again";
}

}  // namespace
}  // namespace agora::e2e
