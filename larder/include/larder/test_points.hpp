// SPDX-License-Identifier: MIT
// Hooks for tests of the cache protocol: steps at which a test can pause or kill a process, and rules that a test can
// disable, to check that the tests notice. Active only when compiled with LARDER_TEST_POINTS; otherwise the compiler
// removes them completely.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/describe/enum.hpp>
#include <cstdint>
#include <functional>
#include <larder/clock.hpp>

namespace larder {

/// The points at which a test can pause or kill a process.
BOOST_DEFINE_ENUM_CLASS(step, answered, loaded, filling, forgotten, unlinked, pass_begun, pass_read, pass_applied,
                        row_written, committed, applied)

/// The rules that the protocol depends on; a test can disable one of them by dropped_rule.
BOOST_DEFINE_ENUM_CLASS(rule, none, a_lost_connection_ends_the_generation, an_invalidation_detaches_the_flight,
                        a_push_detaches_the_flight, a_push_ends_the_entry, a_push_ends_the_tags_version,
                        a_reading_from_before_a_push_tells_nothing, pending_keys_are_not_read_from_redis,
                        a_proof_ends_with_the_bound, a_shared_hit_is_proven_by_an_earlier_heartbeat,
                        a_begin_is_dated_to_the_reading_before, a_channel_is_heard_before_it_is_read,
                        another_epoch_begins_anew, rows_go_only_under_their_epoch, a_flight_is_joined_within_the_bound,
                        an_entrys_tags_are_compared, a_tags_version_is_of_the_generation, a_hits_tags_are_compared,
                        tags_are_sampled_before_the_load, told_begins_with_the_fill,
                        what_is_read_meanwhile_is_forgotten_too, the_first_thing_is_to_forget_here,
                        strict_readers_ask_for_each_tag, strict_readers_join_no_answer,
                        what_is_unproven_replaces_no_failure, strict_entries_are_not_kept)

#ifdef LARDER_TEST_POINTS
inline constexpr bool test_points = true;
inline rule dropped_rule = rule::none;
inline bool holds(rule r) noexcept { return dropped_rule != r; }
/// Called with the step that was reached, and the clock of its cache if there is one.
inline std::function<boost::asio::awaitable<void>(step, const clock*)> at_step;
inline boost::asio::awaitable<void> reach(step s, const clock* of = nullptr)
{
    if (at_step) co_await at_step(s, of);
}
#else
inline constexpr bool test_points = false;
constexpr bool holds(rule) noexcept { return true; }
boost::asio::awaitable<void> reach(step s, const clock* of = nullptr);  // never called
#endif

}  // namespace larder
