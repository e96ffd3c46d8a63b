// SPDX-License-Identifier: MIT
// The transition table of fetch_fsm.hpp: every answer with every kind of copy, the wait for another process, and the
// time limits of the load. No I/O; all times are made up.
#include "fetch_fsm.hpp"

#include <gtest/gtest.h>

#include <array>

namespace larder::detail {
namespace {

using namespace std::chrono_literals;
using answer = acquire_answer::state;

constexpr boot_time asked = boot_time{} + 1h;
constexpr steady_time start = steady_time{} + 1h;
constexpr fetch_limits patient{
    .while_revalidate = 0ms, .retry_after = 3s, .soft_timeout = 0ms, .hard_timeout = 10s, .outlives_caller = false};

fetch_limits with_soft_timeout(bool outlives_caller)
{
    auto l = patient;
    l.soft_timeout = 100ms;
    l.outlives_caller = outlives_caller;
    return l;
}

constexpr std::array answers{answer::unreachable, answer::hit,  answer::granted, answer::busy,
                             answer::throttled,   answer::miss, answer::foreign};
constexpr std::array copies{copy_state::none,    copy_state::good,        copy_state::corrupt,
                            copy_state::invalid, copy_state::unconfirmed, copy_state::another_schema};

char letter(fetch_state s) { return "AWLF"[static_cast<int>(s)]; }

/// The state after each answer, as a row for each kind of copy and a letter for each answer.
std::array<std::string, copies.size()> table(bool again, bool old_may_serve)
{
    std::array<std::string, copies.size()> rows;
    for (std::size_t i = 0; i < copies.size(); ++i) {
        for (const auto what : answers) {
            fetch_fsm f{patient};
            if (again) f.answered({.what = answer::miss, .copy = copy_state::invalid, .created = 7});
            rows[i] += letter(f.answered({.what = what,
                                          .copy = copies[i],
                                          .fresh_until = asked + 1s,
                                          .created = 7,
                                          .lease_left = 1s,
                                          .asked = asked,
                                          .old_may_serve = old_may_serve}));
        }
    }
    return rows;
}

using rows = std::array<std::string, copies.size()>;

// Columns: unreachable, hit, granted, busy, throttled, miss, foreign. Rows: none, good, corrupt, invalid, unconfirmed,
// another_schema.
TEST(fetch_fsm, decides_about_the_first_answer)
{
    EXPECT_EQ(table(false, false), (rows{"LLLWLLL", "LFLFLLL", "LALAAAA", "LALAAAA", "LALAAAA", "LLLLLLL"}));
}

TEST(fetch_fsm, asks_only_once_for_an_unusable_copy_to_be_replaced)
{
    EXPECT_EQ(table(true, false), (rows{"LLLWLLL", "LFLFLLL", "LLLWLLL", "LLLWLLL", "LLLWLLL", "LLLLLLL"}));
}

TEST(fetch_fsm, serves_the_old_copy_while_loads_are_throttled)
{
    EXPECT_EQ(table(false, true), (rows{"LLLWFLL", "LFLFFLL", "LALAAAA", "LALAAAA", "LALAAAA", "LLLLLLL"}));
    EXPECT_EQ(table(true, true), (rows{"LLLWFLL", "LFLFFLL", "LLLWFLL", "LLLWFLL", "LLLWFLL", "LLLLLLL"}));

    fetch_fsm f{patient};
    f.answered({.what = answer::throttled, .lease_left = 2s, .asked = asked, .old_may_serve = true});
    EXPECT_EQ(f.served().how, fetched::stale);
    EXPECT_EQ(f.served().retry_at, asked + 2s);
}

TEST(fetch_fsm, asks_for_a_lease_that_replaces_the_copy_it_has_seen)
{
    fetch_fsm f{patient};
    EXPECT_EQ(f.mode(), acquire_mode::load);
    f.answered({.what = answer::hit, .copy = copy_state::invalid, .created = 42});
    EXPECT_EQ(f.mode(), acquire_mode::replace);
    EXPECT_EQ(f.known(), 42);

    fetch_fsm any_age{patient};
    any_age.answered({.what = answer::hit, .copy = copy_state::corrupt});
    EXPECT_EQ(any_age.mode(), acquire_mode::replace);
    EXPECT_GT(any_age.known(), 4'000'000'000'000) << "a corrupt copy has no time, so one of any age is replaced";
}

TEST(fetch_fsm, refreshes_only_a_copy_that_was_in_redis)
{
    fetch_fsm never_there{patient};
    never_there.refresh(0);
    EXPECT_EQ(never_there.mode(), acquire_mode::load);
    fetch_fsm f{patient};
    f.refresh(42);
    EXPECT_EQ(f.mode(), acquire_mode::refresh);
    EXPECT_EQ(f.known(), 42);
}

TEST(fetch_fsm, serves_a_copy_that_another_process_is_refreshing)
{
    auto l = patient;
    l.while_revalidate = 10s;
    const auto after_ttl = [&](std::chrono::milliseconds age) {
        fetch_fsm f{l};
        f.answered({.what = answer::busy,
                    .copy = copy_state::good,
                    .fresh_until = asked - age,
                    .lease_left = 1s,
                    .asked = asked});
        return std::pair{f.state(), f.served().how};
    };
    EXPECT_EQ(after_ttl(-1ms), (std::pair{fetch_state::finished, fetched::shared}));
    EXPECT_EQ(after_ttl(0ms), (std::pair{fetch_state::finished, fetched::stale}));
    EXPECT_EQ(after_ttl(9'999ms), (std::pair{fetch_state::finished, fetched::stale}));
    EXPECT_EQ(after_ttl(10s).first, fetch_state::waiting);
}

fetch_fsm waiting(const fetch_limits& l, std::chrono::milliseconds lease_left)
{
    fetch_fsm f{l};
    f.answered({.what = answer::busy, .lease_left = lease_left, .asked = asked});
    return f;
}

void expect_busy_again(fetch_fsm& f, std::chrono::milliseconds lease_left)
{
    EXPECT_EQ(f.answered({.what = answer::busy, .lease_left = lease_left, .asked = asked}), fetch_state::waiting);
}

TEST(fetch_fsm, pauses_grow_between_questions_to_a_busy_entry)
{
    auto f = waiting(patient, 5s);
    std::vector<std::int64_t> pauses;
    for (int i = 0; i < 7; ++i) {
        ASSERT_EQ(f.wait(start, false), fetch_state::asking);
        pauses.push_back(f.pause() / 1ms);
        expect_busy_again(f, 5s);
    }
    EXPECT_EQ(pauses, (std::vector<std::int64_t>{2, 4, 8, 16, 32, 50, 50}));
}

TEST(fetch_fsm, waits_no_longer_than_the_lease_that_it_met_first)
{
    auto f = waiting(patient, 1s);
    EXPECT_EQ(f.wait(start, false), fetch_state::asking);
    expect_busy_again(f, 5s);  // the other process has renewed it
    EXPECT_EQ(f.wait(start + 999ms, false), fetch_state::asking);
    EXPECT_EQ(f.pause(), 1ms) << "not beyond the end of the wait";
    expect_busy_again(f, 5s);
    EXPECT_EQ(f.wait(start + 1s, false), fetch_state::loading);
}

TEST(fetch_fsm, serves_the_old_copy_when_the_wait_is_over)
{
    auto f = waiting(patient, 1s);
    EXPECT_EQ(f.wait(start, true), fetch_state::asking);
    expect_busy_again(f, 1s);
    EXPECT_EQ(f.wait(start + 1s, true), fetch_state::finished);
    EXPECT_EQ(f.served().how, fetched::stale);
    EXPECT_EQ(f.served().retry_at, std::nullopt);
}

TEST(fetch_fsm, waits_only_for_the_soft_timeout_if_the_old_copy_may_serve)
{
    auto f = waiting(with_soft_timeout(false), 5s);
    EXPECT_EQ(f.wait(start, true), fetch_state::asking);
    expect_busy_again(f, 5s);
    EXPECT_EQ(f.wait(start + 100ms, true), fetch_state::finished);

    auto without_copy = waiting(with_soft_timeout(false), 5s);
    EXPECT_EQ(without_copy.wait(start, false), fetch_state::asking);
    expect_busy_again(without_copy, 5s);
    EXPECT_EQ(without_copy.wait(start + 100ms, false), fetch_state::asking);
}

TEST(fetch_fsm, a_load_ends_at_the_soft_timeout_only_for_a_caller_with_an_old_copy)
{
    EXPECT_FALSE(fetch_fsm{patient}.stops_early(true));
    EXPECT_TRUE(fetch_fsm{with_soft_timeout(false)}.stops_early(true));
    EXPECT_FALSE(fetch_fsm{with_soft_timeout(false)}.stops_early(false));
    EXPECT_FALSE(fetch_fsm{with_soft_timeout(true)}.stops_early(true));
    EXPECT_TRUE(fetch_fsm{with_soft_timeout(true)}.load_outlives_soft_timeout());
    EXPECT_FALSE(fetch_fsm{with_soft_timeout(false)}.load_outlives_soft_timeout());

    EXPECT_EQ(fetch_fsm{with_soft_timeout(false)}.load_limit(true), 100ms);
    EXPECT_EQ(fetch_fsm{with_soft_timeout(false)}.load_limit(false), 10s);
    auto short_limit = with_soft_timeout(false);
    short_limit.hard_timeout = 50ms;
    EXPECT_EQ(fetch_fsm{short_limit}.load_limit(true), 50ms);
}

TEST(fetch_fsm, a_failed_load_serves_the_old_copy_for_a_pause)
{
    fetch_fsm f{patient};
    f.skip_redis();
    EXPECT_EQ(f.state(), fetch_state::loading);
    const auto still_fresh = f.failed(asked, asked + 1ms);
    EXPECT_EQ(f.state(), fetch_state::finished);
    EXPECT_EQ(still_fresh.how, fetched::local);
    EXPECT_EQ(still_fresh.retry_at, asked + 3s);
    fetch_fsm g{patient};
    EXPECT_EQ(g.failed(asked, asked).how, fetched::stale);
}

}  // namespace
}  // namespace larder::detail
