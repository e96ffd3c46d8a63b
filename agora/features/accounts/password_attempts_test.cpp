// SPDX-License-Identifier: MIT
// Guessing passwords, on both databases: it is slowed down, and never locks the owner out of the account.
#include <gmock/gmock.h>
#include <agora/features/accounts/accounts_fixture.hpp>
#include <larder/timeout.hpp>

namespace agora::accounts {
namespace {

using namespace std::chrono_literals;

const std::string home = "203.0.113.9";

TEST(slow_down, grows_with_the_failures_up_to_its_longest)
{
    const attempt_pace pace;
    struct {
        std::uint32_t failures;
        std::chrono::milliseconds wait;
    } const table[] = {{0, 0ms}, {24, 0ms}, {25, 100ms}, {34, 1s}, {74, 5s}, {75, 5s}, {200, 5s}};
    for (const auto& [failures, wait] : table) EXPECT_EQ(slow_down(failures, pace), wait) << failures;
    EXPECT_LE(pace.longest, 8s) << "a stopping node waits only 10 s for its requests";
    EXPECT_EQ(pace.waiters, 20U);
}

class attempts_in : public accounts_in {
 protected:
    /// Wrong passwords for the login, from one network.
    void guess(const std::string& login, int times, const std::string& network)
    {
        for (int i = 0; i < times; ++i)
            EXPECT_EQ(refused(check(login, "not-the-word", network)), "wrong_credentials") << i;
    }
    /// Counts so many wrong passwords from other networks that the delay is the longest.
    void besiege(const std::string& login)
    {
        const auto found = run(store_.find(login));
        const password_attempt a{attempt_purpose::sign_in, found ? found->user_id : 0, login, ""};
        for (int i = 0; i < 100; ++i) EXPECT_TRUE(run(accounts_.attempts().by_account().take(a.account)).allowed);
    }
    /// Whether the sign-in was slowed down. It succeeds.
    bool waits(const std::string& network)
    {
        const auto before = accounts_.attempts().waited();
        EXPECT_TRUE(check("ann", "kelp-morning-7", network));
        return accounts_.attempts().waited() != before;
    }
    /// Runs all of these at the same time. Returns for each "in", or the code of its failure.
    std::vector<std::string> sign_in_together(std::vector<sign_in_request> all, const std::string& networks)
    {
        std::vector<std::string> ends;
        const auto one = [&](sign_in_request c, std::string network) -> asio::awaitable<void> {
            const auto done = co_await accounts_.check(c, from(network));
            ends.push_back(done ? "in" : done.error().code);
        };
        const auto start = [&]() -> asio::awaitable<bool> {
            const auto loop = co_await asio::this_coro::executor;
            for (std::size_t i = 0; i < all.size(); ++i)
                asio::co_spawn(loop, one(all[i], networks + std::to_string(i)),
                               [](std::exception_ptr e) { EXPECT_FALSE(e); });
            while (ends.size() < all.size()) {
                most_waiting_ = std::max(most_waiting_, accounts_.attempts().waiting());
                co_await larder::sleep_for(1ms);
            }
            co_return true;
        };
        run(start());
        return ends;
    }
    std::size_t most_waiting_ = 0;
    known_networks networks_{outbox(), clock_};
};
FORUM_SUITE(attempts_in);

TEST_P(attempts_in, a_strangers_guesses_refuse_the_stranger_and_not_the_owner)
{
    enroll("ann");
    guess("ann", 25, "198.51.100.1");
    const auto more = check("ann", "kelp-morning-7", "198.51.100.1");
    EXPECT_EQ(refused(more), "too_many_tries") << "even with the right password";
    EXPECT_GT(more.error().retry_after, 3000s);
    EXPECT_TRUE(check("ann", "kelp-morning-7", home)) << "a network that was never seen";
    EXPECT_TRUE(check("ann@example.org", "kelp-morning-7", "192.0.2.77"));
}

TEST_P(attempts_in, the_addresses_of_one_ipv6_customer_are_one_network)
{
    enroll("ann");
    for (int i = 0; i < 25; ++i) guess("ann", 1, "2001:db8:0:1::" + std::to_string(i));
    EXPECT_EQ(refused(check("ann", "kelp-morning-7", "2001:db8:0:1:ffff::1")), "too_many_tries");
    EXPECT_TRUE(check("ann", "kelp-morning-7", "2001:db8:0:2::1"));
    guess("ann", 30, "2001:db8:0:2::2");
    EXPECT_TRUE(check("ann", "kelp-morning-7", "2001:db8:0:2::3"))
        << "the owner has signed in from this network before";
}

TEST_P(attempts_in, a_network_that_signed_in_before_neither_waits_nor_is_refused)
{
    enroll("ann");
    EXPECT_TRUE(check("ann"));
    besiege("ann");
    guess("ann", 26, home);
    EXPECT_FALSE(waits(home));
    const auto began = std::chrono::steady_clock::now();
    EXPECT_TRUE(waits("192.0.2.1")) << "slowed down, but accepted";
    EXPECT_GE(std::chrono::steady_clock::now() - began, 1s);
    EXPECT_FALSE(waits("192.0.2.1")) << "the network is known now";
}

TEST_P(attempts_in, waiting_takes_no_hashing_place_and_few_wait)
{
    enroll("ann");
    enroll("bob");
    besiege("ann");
    std::vector<sign_in_request> all(8, sign_in_request{"ann", "guess"});
    all.push_back({"bob", "kelp-morning-7"});
    const auto ends = sign_in_together(all, "192.0.2.");
    EXPECT_EQ(ends.size(), 9U);
    EXPECT_EQ(std::ranges::count(ends, "too_many_tries"), 5) << "only three attempts may wait";
    // The three then reach the few hashing places at the same moment, so some may be refused there.
    EXPECT_EQ(std::ranges::count(ends, "wrong_credentials") + std::ranges::count(ends, "too_many_sign_ins"), 3);
    EXPECT_EQ(std::ranges::count(ends, "in"), 1) << "another account is not affected and finds a hashing place";
    EXPECT_EQ(most_waiting_, 3U);
    EXPECT_EQ(accounts_.attempts().waiting(), 0U);
}

TEST_P(attempts_in, a_newcomer_takes_the_place_of_a_network_that_has_failed_before)
{
    enroll("ann");
    for (const auto* n : {"0", "1", "2"}) guess("ann", 5, std::string{"198.51.100."} + n);
    besiege("ann");
    std::vector<sign_in_request> all(3, sign_in_request{"ann", "guess"});
    all.push_back({"ann", "kelp-morning-7"});  // from 198.51.100.3, which has not failed yet
    const auto ends = sign_in_together(all, "198.51.100.");
    EXPECT_EQ(std::ranges::count(ends, "in"), 1);
    EXPECT_EQ(std::ranges::count(ends, "too_many_tries"), 1);
}

TEST_P(attempts_in, right_passwords_are_not_counted)
{
    enroll("ann");
    for (int i = 0; i < 30; ++i) EXPECT_TRUE(check("ann"));
    execute("DELETE FROM sign_in_networks");
    guess("ann", 24, home);
    for (int i = 0; i < 5; ++i) {
        EXPECT_TRUE(check("ann"));
        execute("DELETE FROM sign_in_networks");  // so that this network is counted again
    }
    guess("ann", 1, home);
    EXPECT_EQ(refused(check("ann")), "too_many_tries");
}

TEST_P(attempts_in, name_and_address_in_any_case_are_one_account)
{
    enroll("ann");
    guess("ann", 9, home);
    guess("ANN", 8, home);
    guess("Ann@Example.org", 8, home);
    for (const auto* login : {"ann", "ann@example.org"}) EXPECT_EQ(refused(check(login)), "too_many_tries") << login;
}

TEST_P(attempts_in, names_that_do_not_exist_are_counted_and_slowed_down_alike)
{
    enroll("ann");
    for (const auto* login : {"ann", "nobody", "nobody@example.org"}) {
        guess(login, 25, home);
        const auto more = check(login);
        EXPECT_EQ(refused(more), "too_many_tries") << login;
        EXPECT_GT(more.error().retry_after, 3000s) << login;
        besiege(login);
        const auto before = accounts_.attempts().waited();
        guess(login, 1, "192.0.2.1");
        EXPECT_EQ(accounts_.attempts().waited(), before + 1) << login;
    }
    guess("nobody-else", 1, home);
}

TEST_P(attempts_in, a_member_who_is_signed_in_confirms_while_a_stranger_guesses)
{
    const auto id = enroll("ann");
    besiege("ann");
    guess("ann", 5, home);
    EXPECT_TRUE(run(accounts_.change_password(id, "kelp-morning-7", "harbour-lamp-3", "", from())));
    // The other way round: after 25 guesses with a stolen session the owner can still sign in.
    for (int i = 0; i < 25; ++i)
        EXPECT_EQ(run(accounts_.change_password(id, "guess", "x", "", from())).error().code, "invalid_fields");
    EXPECT_EQ(run(accounts_.change_password(id, "harbour-lamp-3", "x", "", from())).error().code, "too_many_tries");
    EXPECT_TRUE(check("ann", "harbour-lamp-3"));
    EXPECT_TRUE(run(accounts_.change_password(id, "harbour-lamp-3", "kelp-morning-7", "", from("192.0.2.1"))))
        << "from another network";
}

TEST_P(attempts_in, an_attempt_that_finds_no_hashing_place_is_not_counted)
{
    enroll("ann");
    std::vector<credentials::password_hasher::place> all;
    while (auto place = accounts_.hasher().enter()) all.push_back(*std::move(place));
    for (int i = 0; i < 30; ++i) EXPECT_EQ(refused(check("ann")), "too_many_sign_ins");
    all.clear();
    EXPECT_TRUE(check("ann"));
}

TEST_P(attempts_in, a_new_password_makes_a_stranger_of_whoever_knew_the_old_one)
{
    const auto id = enroll("ann");
    EXPECT_TRUE(check("ann"));
    EXPECT_TRUE(check("ann", "kelp-morning-7", "192.0.2.1"));
    EXPECT_TRUE(run(accounts_.change_password(id, "kelp-morning-7", "harbour-lamp-3", "", from())));
    EXPECT_TRUE(run(networks_.contains(id, home))) << "the password was changed from here";
    EXPECT_FALSE(run(networks_.contains(id, "192.0.2.1")));
}

TEST_P(attempts_in, the_most_recent_networks_are_remembered)
{
    const auto id = enroll("ann");
    const auto remember = [&](int n) -> asio::awaitable<bool> {
        co_await networks_.remember(id, "192.0.2." + std::to_string(n));
        co_return true;
    };
    for (int n = 0; n < 30; ++n) {
        run(remember(n));
        clock_.advance(25h);
        run(remember(0));
    }
    EXPECT_EQ(number("SELECT count(*) FROM sign_in_networks"), max_known_networks);
    EXPECT_TRUE(run(networks_.contains(id, "192.0.2.0"))) << "it was used again and again";
    EXPECT_TRUE(run(networks_.contains(id, "192.0.2.29")));
    EXPECT_FALSE(run(networks_.contains(id, "192.0.2.10")));
    EXPECT_FALSE(run(networks_.contains(id + 1, "192.0.2.0"))) << "another account";
}

}  // namespace
}  // namespace agora::accounts
