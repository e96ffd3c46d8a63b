// SPDX-License-Identifier: MIT
// The rules of accounts over an empty forum in each database: the fixture of this slice's tests.
#pragma once

#include <agora/features/auth/auth.hpp>
#include <agora/features/testing/forum.hpp>

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
    std::vector<std::string> events()
    {
        return run(db().all<std::string>("SELECT event FROM security_events ORDER BY id"));
    }

    std::unique_ptr<store> store_ = make_accounts_store(changes());
    password_hasher hasher_{{1, 1 << 13}, 1};
    key_ring keys_;
    larder::limiter limits_;
    larder::rate_limit& tries_ = limits_.limit({.name = "tries", .quota = 25, .window = std::chrono::hours{1}});
    larder::rate_limit& account_tries_ =
        limits_.limit({.name = "account_tries", .quota = 200, .window = std::chrono::hours{1}});
    known_networks networks_{changes(), clock_};
    // A wait is long enough to be seen, and short enough for a test.
    password_attempts attempts_{
        tries_,
        account_tries_,
        networks_,
        {.step = std::chrono::milliseconds{50}, .longest = std::chrono::milliseconds{1000}, .waiters = 3}};
    service auth_{*store_, hasher_, keys_, attempts_, clock_};
};

}  // namespace agora::auth
