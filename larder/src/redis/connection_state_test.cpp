// SPDX-License-Identifier: MIT
// Tests the pure decisions of a connection: every transition from every state, every combination of facts about a
// command, and the pause before a reconnect. No test does any I/O.
#include "connection_state.hpp"

#include <gtest/gtest.h>

#include <array>
#include <larder/result.hpp>
#include <vector>

namespace larder::redis {
namespace {

using namespace std::chrono_literals;
using enum connection_state;

constexpr std::array all_states{idle, dialing, refused, up, leaving, retiring, closed};
constexpr std::array all_transitions{transition::connect,     transition::attempt_failed, transition::attempt_refused,
                                     transition::established, transition::reconnect,      transition::retire,
                                     transition::lost,        transition::close};

// clang-format off
// One row per state and one column per transition, as in the header.
constexpr connection_state expected[all_states.size()][all_transitions.size()] = {
    //             connect   failed    refused   established  reconnect  retire    lost      close
    /* idle */     {dialing,  idle,     idle,     idle,        idle,      closed,   idle,     closed},
    /* dialing */  {dialing,  dialing,  refused,  up,          dialing,   closed,   dialing,  closed},
    /* refused */  {refused,  dialing,  refused,  up,          refused,   closed,   refused,  closed},
    /* up */       {up,       up,       up,       up,          leaving,   retiring, dialing,  closed},
    /* leaving */  {leaving,  leaving,  leaving,  leaving,     leaving,   retiring, dialing,  closed},
    /* retiring */ {retiring, retiring, retiring, retiring,    retiring,  retiring, closed,   retiring},
    /* closed */   {closed,   closed,   closed,   closed,      closed,    closed,   closed,   closed},
};
// clang-format on

TEST(connection_states, every_transition_from_every_state_is_that_of_the_table)
{
    for (std::size_t s = 0; s < all_states.size(); ++s) {
        for (std::size_t t = 0; t < all_transitions.size(); ++t)
            EXPECT_EQ(next_state(all_states[s], all_transitions[t]), expected[s][t])
                << "state " << s << ", transition " << t;
    }
}

TEST(connection_states, a_closed_connection_never_has_a_link_again)
{
    for (const auto t : all_transitions) {
        EXPECT_EQ(next_state(closed, t), closed);
        EXPECT_TRUE(is_closed(next_state(retiring, t)));
    }
}

TEST(connection_states, the_properties_of_each_state)
{
    struct row {
        connection_state state;
        bool link, leaves, ended;
    };
    for (const auto& r :
         {row{idle, false, false, false}, row{dialing, false, false, false}, row{refused, false, false, false},
          row{up, true, false, false}, row{leaving, true, true, false}, row{retiring, true, true, true},
          row{closed, false, false, true}}) {
        EXPECT_EQ(has_link(r.state), r.link) << static_cast<int>(r.state);
        EXPECT_EQ(is_leaving(r.state), r.leaves) << static_cast<int>(r.state);
        EXPECT_EQ(is_closed(r.state), r.ended) << static_cast<int>(r.state);
    }
}

/// The admission of a command when nothing but the state speaks against it.
constexpr admission by_state(connection_state s)
{
    switch (s) {
        case up:
            return admission::send;
        case idle:
        case dialing:
        case leaving:
            return admission::wait;
        case refused:
            return admission::refused;
        case retiring:
        case closed:
            break;
    }
    return admission::closed;
}

TEST(command_admission, every_combination_of_facts)
{
    for (const auto s : all_states) {
        const auto alone = by_state(s);
        const auto or_else = [&](admission a) { return is_refusal(alone) ? alone : a; };
        const auto unavailable = or_else(admission::unavailable);
        struct row {
            bool silent, breaker_open, full;
            admission expected;
        };
        for (const auto& r : {
                 row{false, false, false, alone},
                 row{false, false, true, or_else(admission::overloaded)},
                 row{false, true, false, unavailable},
                 row{false, true, true, unavailable},
                 row{true, false, false, unavailable},
                 row{true, false, true, unavailable},
                 row{true, true, false, unavailable},
                 row{true, true, true, unavailable},
             }) {
            EXPECT_EQ(admit({s, r.silent, r.breaker_open, r.full}), r.expected)
                << "state " << static_cast<int>(s) << ", silent " << r.silent << ", breaker open " << r.breaker_open
                << ", queue full " << r.full;
        }
    }
}

TEST(command_admission, each_refusal_has_its_error)
{
    const error last{outcome::not_sent, errc::timed_out, "the server did not reply in time"};
    const error none;
    struct row {
        admission verdict;
        error last;
        errc code;
        const char* message;
    };
    const std::vector<row> rows{
        {admission::closed, last, errc::closed, "the client is closed"},
        {admission::refused, {outcome::not_sent, errc::refused, "WRONGPASS"}, errc::refused, "WRONGPASS"},
        {admission::unavailable, last, errc::unavailable, "the server did not reply in time"},
        {admission::unavailable, none, errc::unavailable, "Redis does not answer in time"},
        {admission::overloaded, last, errc::overloaded, "too many commands are queued on this connection"},
    };
    for (const auto& r : rows) {
        EXPECT_TRUE(is_refusal(r.verdict));
        const auto e = refusal_of(r.verdict, r.last);
        EXPECT_EQ(e.outcome, outcome::not_sent);
        EXPECT_EQ(e.code, r.code) << r.message;
        EXPECT_EQ(e.message, r.message);
    }
    EXPECT_FALSE(is_refusal(admission::send));
    EXPECT_FALSE(is_refusal(admission::wait));
}

TEST(reconnects, only_a_short_link_that_served_no_caller_causes_a_pause)
{
    const steady_time begin{1h};
    struct row {
        bool served, on_purpose;
        std::chrono::milliseconds after;
        bool pauses;
    };
    for (const auto& r : {
             row{false, false, 499ms, true},
             row{false, false, 500ms, false},
             row{false, true, 499ms, false},
             row{true, false, 499ms, false},
             row{true, true, 500ms, false},
         }) {
        const link_history h{begin, r.served, r.on_purpose};
        EXPECT_EQ(pauses_before_reconnect(h, begin + r.after, 500ms), r.pauses)
            << "served " << r.served << ", on purpose " << r.on_purpose << ", after " << r.after.count() << " ms";
    }
}

}  // namespace
}  // namespace larder::redis
