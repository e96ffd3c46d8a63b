// SPDX-License-Identifier: MIT
// The fixture of this slice's tests: accounts and their rules in an empty forum, on each database. enroll() creates an
// account, sign_in_as() signs in, together() runs operations concurrently.
#pragma once

#include <agora/features/auth/auth.hpp>
#include <agora/testing/forum.hpp>
#include <larder/timeout.hpp>

namespace agora::auth {

class auth_in : public testing::forum {
 protected:
    auth_in()
    {
        clock_.advance(std::chrono::hours{24 * 365 * 50});
        keys_.emplace_back("", algorithm::hs256, std::string(32, 'k'));
    }
    origin from(const std::string& address = "203.0.113.9") const { return {address, "a browser", "r1"}; }
    std::int64_t enroll(const std::string& name, const std::string& password = "kelp-morning-7")
    {
        const auto id = run(auth_.enroll({name, name + "@example.org", password}, "user"));
        EXPECT_TRUE(id) << id.error().detail;
        return *id;
    }
    outcome<tokens> sign_in_as(const std::string& login, const std::string& password = "kelp-morning-7",
                               const std::string& address = "203.0.113.9")
    {
        return run(auth_.sign_in_with({login, password}, from(address)));
    }
    std::string refused(const outcome<tokens>& t) { return t ? "" : t.error().code; }
    claims read(const std::string& token, token_type type = token_type::access)
    {
        return read_token(keys_, token, type, clock_.wall()).value();
    }
    /// Runs all of these at the same time. Returns for each the code of its failure, or an empty text.
    template <class T>
    std::vector<std::string> together(std::vector<asio::awaitable<outcome<T>>> all)
    {
        std::vector<std::string> ends(all.size());
        std::atomic<std::size_t> left = all.size();
        const auto one = [&](asio::awaitable<outcome<T>> work, std::string& end) -> asio::awaitable<void> {
            const auto done = co_await std::move(work);
            if (!done) end = done.error().code;
            --left;
        };
        const auto start = [&]() -> asio::awaitable<bool> {
            const auto loop = co_await asio::this_coro::executor;
            for (std::size_t i = 0; i < all.size(); ++i)
                asio::co_spawn(loop, one(std::move(all[i]), ends[i]), [](std::exception_ptr e) { EXPECT_FALSE(e); });
            while (left > 0) co_await larder::sleep_for(std::chrono::milliseconds{1});
            co_return true;
        };
        run(start());
        return ends;
    }
    /// Called inside a transaction: returns when another transaction waits for a lock, or after a while. Returns at
    /// once on SQLite, which runs one transaction at a time.
    asio::awaitable<void> wait_until_another_is_blocked(storage::session& s)
    {
        for (int i = 0; i < 500 && GetParam() != "sqlite"; ++i) {
            const auto blocked = co_await s.first<std::int64_t>(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = "
                "'Lock'");
            if (*blocked > 0) co_return;
        }
    }
    std::vector<std::string> events()
    {
        return run(db().all<std::string>("SELECT event FROM security_events ORDER BY id"));
    }

    std::unique_ptr<store> store_ = make_accounts_store(outbox());
    password_hasher hasher_{{1, 1 << 13}, 1};
    key_ring keys_;
    larder::limiter limits_;
    larder::rate_limit& tries_ = limits_.limit({.name = "tries", .quota = 25, .window = std::chrono::hours{1}});
    larder::rate_limit& account_tries_ =
        limits_.limit({.name = "account_tries", .quota = 200, .window = std::chrono::hours{1}});
    known_networks networks_{outbox(), clock_};
    // The delays are long enough to be noticed and short enough for a test.
    password_attempts attempts_{
        tries_,
        account_tries_,
        networks_,
        {.step = std::chrono::milliseconds{50}, .longest = std::chrono::milliseconds{1000}, .waiters = 3}};
    service auth_{*store_, hasher_, keys_, attempts_, clock_};
};

}  // namespace agora::auth
