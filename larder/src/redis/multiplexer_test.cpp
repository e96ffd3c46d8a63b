// SPDX-License-Identifier: MIT
// Tests the multiplexer as a state machine, without a socket or a clock.
#include "multiplexer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <larder/result.hpp>
#include <random>

namespace larder::redis {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr steady_time later = steady_time::max();

steady_time at(int seconds) { return steady_time{std::chrono::seconds{seconds}}; }

std::string command(std::string_view name)
{
    std::string out;
    const std::string_view arguments[] = {name};
    resp::append_command(out, arguments);
    return out;
}

struct waiter final : receiver {
    bool waits_while_bytes_move() const noexcept override { return patient; }
    void on_reply(const resp::value& reply) override
    {
        replies.emplace_back(reply.text());
        if (then) then();
    }
    void on_end(outcome o, boost::system::error_code code) override
    {
        ++ends;
        what = o;
        why = code;
        if (at_end) at_end();
    }
    std::vector<std::string> replies;
    std::function<void()> then;
    std::function<void()> at_end;
    bool patient = false;
    int ends = 0;
    outcome what = outcome::refused;
    boost::system::error_code why;
};

class multiplexing : public ::testing::Test {
 protected:
    multiplexer::ticket submit(waiter& w, std::string_view name, std::uint32_t replies = 1,
                               steady_time deadline = later)
    {
        return m.submit(command(name), replies, w, deadline).value();
    }
    std::string write_all()
    {
        const std::string out{m.to_write()};
        m.wrote(out.size());
        return out;
    }
    bool arrive(std::string_view bytes, steady_time when = {})
    {
        const auto room = m.prepare();
        EXPECT_GE(room.size(), bytes.size());
        std::memcpy(room.data(), bytes.data(), bytes.size());
        return m.received(bytes.size(), when);
    }

    std::vector<std::string> pushes;
    multiplexer m{{.stall_timeout = std::chrono::seconds{2}}, [this](const resp::value& v) {
                      pushes.emplace_back(v.child(0).text());
                      return false;
                  }};
    waiter a, b, c;
};

TEST_F(multiplexing, requests_are_sent_and_replied_to_in_order)
{
    submit(a, "A");
    submit(b, "B", 2);
    EXPECT_EQ(write_all(), command("A") + command("B"));
    EXPECT_TRUE(arrive("+1\r\n+2\r\n+"));
    EXPECT_THAT(a.replies, ElementsAre("1"));
    EXPECT_EQ(a.what, outcome::ok);
    EXPECT_EQ(b.ends, 0);
    EXPECT_TRUE(arrive("3\r\n"));
    EXPECT_THAT(b.replies, ElementsAre("2", "3"));
    EXPECT_EQ(b.what, outcome::ok);
    EXPECT_EQ(m.size(), 0U);
}

TEST_F(multiplexing, requests_submitted_during_a_write_are_sent_in_the_next_one)
{
    submit(a, "A");
    EXPECT_EQ(m.to_write(), command("A"));
    m.wrote(3);
    submit(b, "B");
    submit(c, "C");
    EXPECT_EQ(m.to_write(), command("A").substr(3));
    m.wrote(command("A").size() - 3);
    EXPECT_EQ(write_all(), command("B") + command("C"));
    EXPECT_EQ(m.to_write(), "");
}

TEST_F(multiplexing, withdraw_removes_only_requests_that_were_not_handed_out)
{
    const auto first = submit(a, "A");
    EXPECT_EQ(write_all(), command("A"));
    const auto second = submit(b, "B");
    EXPECT_FALSE(m.withdraw(first));
    EXPECT_TRUE(m.withdraw(second));
    EXPECT_FALSE(m.withdraw(second + 7));
    EXPECT_EQ(m.to_write(), "");
    EXPECT_TRUE(arrive("+1\r\n"));
    EXPECT_THAT(a.replies, ElementsAre("1"));
    EXPECT_EQ(b.ends, 0);
}

// Found by the canary test on a busy machine: a dropped slot kept its position, and after a loss the request behind it
// kept its place in the queue but not its bytes.
TEST_F(multiplexing, slots_dropped_in_a_row_do_not_hide_requests_that_were_sent)
{
    waiter first, second, third, fourth;
    submit(first, "FIRST");
    const auto x = submit(second, "SECOND-AND-LONG");
    const auto p = submit(third, "THIRD");
    submit(fourth, "FOURTH");
    m.abandon(p);
    m.expire(at(0));  // removes the dropped request
    m.abandon(x);
    m.expire(at(0));
    EXPECT_EQ(write_all(), command("FIRST") + command("FOURTH"));
    m.lost(errc::unavailable);
    EXPECT_EQ(first.what, outcome::unknown);
    EXPECT_EQ(fourth.what, outcome::unknown);
    EXPECT_EQ(m.size(), 0U);
    submit(a, "A");
    EXPECT_EQ(write_all(), command("A"));
    EXPECT_TRUE(arrive("+1\r\n"));
    EXPECT_THAT(a.replies, ElementsAre("1"));
}

TEST_F(multiplexing, a_receiver_that_learns_of_a_loss_may_abandon_another_request)
{
    submit(a, "A");
    const auto second = submit(b, "B");
    write_all();
    submit(c, "C");
    a.at_end = [&] {
        m.abandon(second);
        submit(a, "again");
    };
    m.lost(errc::unavailable);
    EXPECT_EQ(a.ends, 1);
    EXPECT_EQ(b.ends, 0);
    a.at_end = {};
    c.at_end = [&] { m.abandon(second + 2); };
    m.close(errc::closed);
    EXPECT_EQ(c.ends, 1);
    EXPECT_EQ(a.ends, 1);
    EXPECT_EQ(m.size(), 0U);
}

TEST_F(multiplexing, drop_unsent_keeps_requests_that_were_sent)
{
    submit(a, "A");
    EXPECT_FALSE(m.awaits_reply());
    m.to_write();
    m.wrote(2);  // only a part of it
    submit(b, "B");
    EXPECT_TRUE(m.awaits_reply());
    m.drop_unsent(errc::closed);
    EXPECT_EQ(b.what, outcome::not_sent);
    EXPECT_EQ(a.ends, 0);
    EXPECT_EQ(write_all(), command("A").substr(2));
    EXPECT_TRUE(arrive("+1\r\n"));
    EXPECT_EQ(a.what, outcome::ok);
    EXPECT_FALSE(m.awaits_reply());
    EXPECT_EQ(m.answered(), 1U);
}

TEST_F(multiplexing, expire_returns_the_next_deadline)
{
    submit(a, "A", 1, at(5));
    submit(b, "B", 1, at(3));
    submit(c, "C");
    EXPECT_EQ(m.expire(at(1)), at(3));
    EXPECT_EQ(m.expire(at(3)), at(5));
    EXPECT_EQ(b.why, errc::timed_out);
    int late = 0;
    EXPECT_EQ(m.expire(at(9), [&](steady_time, steady_time deadline) { late += deadline == at(5) ? 1 : 0; }), later);
    EXPECT_EQ(late, 1);
}

TEST_F(multiplexing, deadlines_are_extended_while_a_request_is_being_sent)
{
    waiter gone;
    waiter slow;
    waiter strict;
    waiter stuck;
    for (auto* w : {&gone, &slow, &stuck}) w->patient = true;
    submit(gone, "GONE", 1, at(2));
    for (auto* w : {&slow, &strict, &stuck}) submit(*w, std::string(1000, 'x'), 1, at(2));
    const auto all = write_all().size();
    // The first request and half of the second have left. A second later, the second and the third have left as a
    // whole, and nothing of the last one.
    const auto one = (all - command("GONE").size()) / 3;
    auto seen = m.check_send_progress(at(1), all - command("GONE").size() - one / 2);
    EXPECT_TRUE(seen.under_way && seen.moved);
    seen = m.check_send_progress(at(2), one);
    EXPECT_TRUE(seen.under_way && seen.moved);
    EXPECT_EQ(m.expire(at(2)), at(4));
    EXPECT_EQ(gone.ends + strict.ends + stuck.ends, 3);
    EXPECT_EQ(slow.ends, 0);
    seen = m.check_send_progress(at(3), one);
    EXPECT_TRUE(seen.under_way && !seen.moved);
    seen = m.check_send_progress(at(3), 0);
    EXPECT_FALSE(seen.under_way);
    EXPECT_EQ(m.expire(at(4)), later);
    EXPECT_EQ(slow.what, outcome::unknown);
    EXPECT_EQ(slow.why, errc::timed_out);
}

TEST_F(multiplexing, deadlines_are_extended_while_a_reply_arrives)
{
    waiter patient;
    waiter strict;
    patient.patient = true;
    submit(patient, "A", 2, at(2));
    submit(strict, "B", 1, at(3));
    write_all();
    arrive("+first\r\n", at(1));
    EXPECT_EQ(m.expire(at(2)), at(3));
    arrive("$10\r\n01234", at(2));
    EXPECT_EQ(m.expire(at(3)), at(4));
    EXPECT_EQ(strict.ends, 1);
    EXPECT_EQ(m.expire(at(4)), later);
    EXPECT_EQ(patient.why, errc::timed_out);
}

TEST(subscribed_multiplexing, confirmations_are_replies_and_messages_are_not)
{
    int messages = 0;
    multiplexer m{{}, [&](const resp::value& v) {
                      messages += v.child(0).text() == "message" ? 1 : 0;
                      return v.child(0).text() == "subscribe";
                  }};
    m.arrays_are_pushes(true);
    waiter w;
    m.submit(command("S"), 1, w, later);
    m.wrote(m.to_write().size());
    const auto arrive = [&](std::string_view bytes) {
        const auto room = m.prepare();
        std::memcpy(room.data(), bytes.data(), bytes.size());
        return m.received(bytes.size());
    };
    EXPECT_TRUE(arrive("*2\r\n+message\r\n+x\r\n>2\r\n+message\r\n+y\r\n"));
    EXPECT_EQ(w.ends, 0);
    EXPECT_TRUE(arrive("*2\r\n+subscribe\r\n+c\r\n"));
    EXPECT_EQ(w.what, outcome::ok);
    EXPECT_EQ(messages, 2);
    EXPECT_FALSE(arrive("*2\r\n+subscribe\r\n+c\r\n"));  // no request waits for it
}

// redis-py #2624, #2665 and the ChatGPT incident of March 2023: the next user got the reply to a cancelled request.
TEST_F(multiplexing, T1_the_reply_to_a_cancelled_request_is_discarded)
{
    const auto t = submit(a, "A");
    write_all();
    EXPECT_FALSE(m.abandon(t));
    submit(b, "B");
    write_all();
    EXPECT_TRUE(arrive("+for-a\r\n+for-b\r\n"));
    EXPECT_THAT(a.replies, IsEmpty());
    EXPECT_EQ(a.ends, 0);
    EXPECT_THAT(b.replies, ElementsAre("for-b"));
}

TEST_F(multiplexing, a_request_that_is_cancelled_before_it_was_handed_out_is_never_sent)
{
    submit(a, "A");
    const auto t = submit(b, "B");
    submit(c, "C");
    EXPECT_TRUE(m.abandon(t));
    EXPECT_EQ(write_all(), command("A") + command("C"));
    EXPECT_TRUE(arrive("+a\r\n+c\r\n"));
    EXPECT_THAT(c.replies, ElementsAre("c"));
    EXPECT_EQ(m.size(), 0U);
}

// go-redis PR 1572: a deadline expires while the reply is arriving.
TEST_F(multiplexing, T3_a_deadline_keeps_the_slot_and_reports_whether_the_request_was_sent)
{
    submit(a, "A", 1, at(5));
    write_all();
    EXPECT_TRUE(arrive("$5\r\nfor"));
    submit(b, "B", 1, at(5));
    m.expire(at(4));
    EXPECT_EQ(a.ends + b.ends, 0);
    m.expire(at(5));
    EXPECT_EQ(a.what, outcome::unknown);
    EXPECT_EQ(b.what, outcome::not_sent);
    EXPECT_EQ(a.why, errc::timed_out);
    submit(c, "C");
    EXPECT_EQ(write_all(), command("C"));
    EXPECT_TRUE(arrive("-a\r\n+c\r\n"));
    EXPECT_THAT(c.replies, ElementsAre("c"));
}

TEST_F(multiplexing, an_unexpected_reply_ends_the_connection)
{
    EXPECT_FALSE(arrive("+surprise\r\n"));
    EXPECT_STREQ(m.problem(), "a reply that no request waits for");
}

// Boost.Redis: a response arrives before its request was written as a whole.
TEST_F(multiplexing, a_reply_before_its_request_was_sent_ends_the_connection)
{
    submit(a, "A");
    m.to_write();
    m.wrote(command("A").size() - 1);
    EXPECT_FALSE(arrive("+early\r\n"));
    EXPECT_THAT(a.replies, IsEmpty());
}

// redis PR 15496, CVE-2025-67733: an error with a line end inside is read as two replies.
TEST_F(multiplexing, T19_an_error_with_a_line_end_inside_ends_the_connection)
{
    submit(a, "A");
    write_all();
    EXPECT_FALSE(arrive("-ERR bad key 'x\r\n+INJECTED\r\n"));
    EXPECT_THAT(a.replies, ElementsAre("ERR bad key 'x"));
}

// rueidis Redis6InvalidationBug: pushes arrive between replies.
TEST_F(multiplexing, T21_pushes_between_any_two_replies_do_not_shift_them)
{
    const std::string push = ">2\r\n+invalidate\r\n*1\r\n+k\r\n";
    submit(a, "A", 2);
    submit(b, "B");
    write_all();
    EXPECT_TRUE(arrive(push + "+1\r\n" + push + "+2\r\n" + push + push + "+3\r\n" + push));
    EXPECT_THAT(a.replies, ElementsAre("1", "2"));
    EXPECT_THAT(b.replies, ElementsAre("3"));
    EXPECT_EQ(pushes.size(), 5U);
}

TEST_F(multiplexing, a_lost_connection_ends_sent_requests_and_keeps_unsent_ones)
{
    submit(a, "A");
    submit(b, "B");
    EXPECT_EQ(m.to_write(), command("A") + command("B"));
    m.wrote(command("A").size());
    submit(c, "C");
    m.lost(errc::unavailable);
    EXPECT_EQ(a.what, outcome::unknown);
    EXPECT_EQ(b.ends + c.ends, 0);
    EXPECT_EQ(write_all(), command("B") + command("C"));
    EXPECT_TRUE(arrive("+b\r\n+c\r\n"));
    EXPECT_THAT(b.replies, ElementsAre("b"));
    EXPECT_THAT(c.replies, ElementsAre("c"));
}

TEST_F(multiplexing, half_a_reply_of_the_lost_connection_is_discarded)
{
    submit(a, "A");
    write_all();
    EXPECT_TRUE(arrive("*2\r\n+half\r\n"));
    m.lost(errc::unavailable);
    submit(b, "B");
    write_all();
    EXPECT_TRUE(arrive("+b\r\n"));
    EXPECT_THAT(b.replies, ElementsAre("b"));
}

TEST_F(multiplexing, a_request_that_was_sent_in_part_is_unknown)
{
    submit(a, "A");
    m.to_write();
    m.wrote(1);
    m.lost(errc::unavailable);
    EXPECT_EQ(a.what, outcome::unknown);
    EXPECT_EQ(m.to_write(), "");
}

TEST_F(multiplexing, close_ends_everything_once)
{
    submit(a, "A");
    write_all();
    submit(b, "B");
    m.close(errc::closed);
    m.close(errc::closed);
    EXPECT_EQ(a.what, outcome::unknown);
    EXPECT_EQ(b.what, outcome::not_sent);
    EXPECT_EQ(a.ends + b.ends, 2);
    EXPECT_EQ(m.size(), 0U);
}

TEST_F(multiplexing, a_full_queue_refuses_and_takes_nothing)
{
    multiplexer_limits two;
    two.requests = 2;
    multiplexer small{two, [](const resp::value&) { return false; }};
    const auto t = small.submit(command("A"), 1, a, later);
    ASSERT_TRUE(t);
    EXPECT_TRUE(small.submit(command("B"), 1, b, later));
    EXPECT_FALSE(small.submit(command("C"), 1, c, later));
    small.abandon(*t);
    EXPECT_TRUE(small.submit(command("C"), 1, c, later));
    EXPECT_EQ(small.to_write(), command("B") + command("C"));
}

TEST_F(multiplexing, receivers_may_submit_and_abandon_from_within)
{
    std::vector<waiter> more(100);
    a.then = [&] {
        for (auto& w : more) submit(w, "M");
    };
    submit(a, "A");
    write_all();
    EXPECT_TRUE(arrive("+a\r\n"));
    EXPECT_EQ(a.what, outcome::ok);
    EXPECT_EQ(m.size(), 100U);
    EXPECT_EQ(write_all().size(), 100 * command("M").size());
}

// ioredis #2193, StackExchange.Redis #185: a request never ended. Here each one ends once, and with its own reply.
TEST_F(multiplexing, T6_random_cancels_deadlines_and_losses_end_every_request_once)
{
    std::mt19937 random{7};
    const auto chance = [&](unsigned percent) { return random() % 100 < percent; };
    std::vector<std::unique_ptr<waiter>> all;
    std::vector<multiplexer::ticket> tickets;
    std::vector<bool> abandoned;
    std::vector<std::string> on_wire;  // names that the server has received and not answered
    std::string half;                  // bytes sent of a command that is not complete yet
    for (int step = 0; step < 200'000; ++step) {
        if (m.size() < 50 && chance(50)) {
            all.push_back(std::make_unique<waiter>());
            abandoned.push_back(false);
            tickets.push_back(
                submit(*all.back(), std::to_string(all.size() - 1), 1, at(step + static_cast<int>(random() % 200))));
        }
        if (chance(40)) {
            const auto out = m.to_write();
            const auto n = out.empty() ? 0 : random() % (out.size() + 1);
            half.append(out.substr(0, n));
            m.wrote(n);
            resp::reader r;
            while (r.read(half) == resp::progress::complete) {
                on_wire.emplace_back(r.root(half).child(0).text());
                half.erase(0, r.consumed());
                r.next();
            }
        }
        if (!on_wire.empty() && chance(50)) {
            ASSERT_TRUE(arrive("+" + on_wire.front() + "\r\n")) << m.problem();
            on_wire.erase(on_wire.begin());
        }
        if (!all.empty() && chance(10)) {
            const auto i = all.size() - 1 - random() % std::min<std::size_t>(all.size(), 40);
            if (all[i]->ends == 0 && !abandoned[i]) {
                abandoned[i] = true;
                m.abandon(tickets[i]);
            }
        }
        if (chance(10)) m.expire(at(step));
        if (chance(1)) {
            m.lost(errc::unavailable);
            on_wire.clear();
            half.clear();
        }
    }
    m.close(errc::closed);
    EXPECT_EQ(m.size(), 0U);
    for (std::size_t i = 0; i < all.size(); ++i) {
        ASSERT_EQ(all[i]->ends, abandoned[i] ? 0 : 1) << i;
        for (const auto& r : all[i]->replies) ASSERT_EQ(r, std::to_string(i));
        if (abandoned[i]) continue;
        ASSERT_EQ(all[i]->replies.size(), all[i]->what == outcome::ok ? 1U : 0U);
    }
}

}  // namespace
}  // namespace larder::redis
