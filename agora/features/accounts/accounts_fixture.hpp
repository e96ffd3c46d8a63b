// SPDX-License-Identifier: MIT
// The fixture of the tests about accounts: the slices users, security_events and accounts in an empty forum, on each
// database. enroll() creates an account, check() verifies a password.
#pragma once

#include <agora/features/accounts/accounts.hpp>
#include <agora/testing/forum.hpp>

namespace agora::accounts {

class accounts_in : public testing::forum {
 protected:
    accounts_in() { clock_.advance(std::chrono::hours{24 * 365 * 50}); }
    http::client_info from(const std::string& address = "203.0.113.9") const { return {address, "a browser", "r1"}; }
    std::int64_t enroll(const std::string& name, const std::string& password = "kelp-morning-7")
    {
        const auto id = run(accounts_.enroll({name, name + "@example.org", password}, "user"));
        EXPECT_TRUE(id) << id.error().detail;
        return *id;
    }
    outcome<account> check(const std::string& login, const std::string& password = "kelp-morning-7",
                           const std::string& address = "203.0.113.9")
    {
        return run(accounts_.check({login, password}, from(address)));
    }
    template <class T>
    std::string refused(const outcome<T>& t)
    {
        return t ? "" : t.error().code;
    }
    std::vector<std::string> events()
    {
        return run(db().all<std::string>("SELECT event FROM security_events ORDER BY id"));
    }

    users::slice users_{parts()};
    security_events::slice events_{parts()};
    // Hashing is cheap; the delays are long enough to be noticed and short enough for a test.
    accounts::slice accounts_{
        parts(),
        users_,
        events_,
        {.cost = {1, 1 << 13},
         .threads = 1,
         .pace = {.step = std::chrono::milliseconds{50}, .longest = std::chrono::milliseconds{1000}, .waiters = 3}}};
    accounts::store& store_ = accounts_.store();
};

}  // namespace agora::accounts
