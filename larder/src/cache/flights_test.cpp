// SPDX-License-Identifier: MIT
// The table of flights by itself: joining, finishing and detaching.
#include "flights.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace larder::detail {
namespace {

using namespace std::chrono_literals;

// Otherwise, if a tag were invalidated between the lookup and the end, a caller that joined later would get the old
// value.
TEST(flight_table, nobody_joins_between_the_look_into_l1_and_the_end_of_the_flight)
{
    flight_table table;
    const auto leader = table.join_or_start("key", boot_time{1s}, boot_time{}, false);
    ASSERT_TRUE(leader.leads);
    std::atomic<bool> joined = false;
    std::optional<flight_slot> late;
    std::thread comer;
    const bool ended = table.finish_with_held(*leader.in, [&] {
        comer = std::thread{[&] {
            late.emplace(table.join_or_start("key", boot_time{2s}, boot_time{}, false));
            joined = true;
        }};
        const auto end = std::chrono::steady_clock::now() + 50ms;
        while (!joined && std::chrono::steady_clock::now() < end) std::this_thread::yield();
        return std::make_shared<const record>();
    });
    comer.join();
    EXPECT_TRUE(ended);
    EXPECT_TRUE(late->leads) << "a later caller leads a flight of its own";
}

TEST(flight_table, a_look_that_finds_nothing_leaves_the_flight_as_it_is)
{
    flight_table table;
    const auto leader = table.join_or_start("key", boot_time{1s}, boot_time{}, false);
    EXPECT_FALSE(table.finish_with_held(*leader.in, [] { return nullptr; }));
    EXPECT_FALSE(table.join_or_start("key", boot_time{2s}, boot_time{}, false).leads);
    EXPECT_TRUE(table.attached(*leader.in));
    table.detach("key", [] {});
    EXPECT_FALSE(table.attached(*leader.in));
}

}  // namespace
}  // namespace larder::detail
