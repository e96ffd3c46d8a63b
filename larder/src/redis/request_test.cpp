// SPDX-License-Identifier: MIT
// Tests how requests are encoded, and what is known about them before they are sent.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <larder/redis/script.hpp>
#include <map>
#include <string>
#include <vector>

#include "keys.hpp"

namespace larder::redis {
namespace {

TEST(requests, arguments_of_all_kinds_are_encoded)
{
    EXPECT_EQ((request{"GET", "k"}.bytes()), "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n");
    EXPECT_EQ((request{"X", -5, 1.5, std::optional<int>{}, std::optional<int>{7}, ""}.bytes()),
              "*5\r\n$1\r\nX\r\n$2\r\n-5\r\n$3\r\n1.5\r\n$1\r\n7\r\n$0\r\n\r\n");
    const std::map<std::string, int> pairs{{"a", 1}, {"b", 2}};
    EXPECT_EQ((request{"HSET", "h", pairs}.bytes()),
              "*6\r\n$4\r\nHSET\r\n$1\r\nh\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n$1\r\n2\r\n");
    EXPECT_EQ((request{"CONFIG GET", "x"}.bytes()), (request{"CONFIG", "GET", "x"}.bytes()));
}

TEST(requests, heads_grow_with_the_number_of_arguments)
{
    for (const std::size_t n : {8U, 9U, 98U, 99U, 998U, 999U, 20'000U}) {
        std::string expected = "*" + std::to_string(n + 1) + "\r\n$3\r\nDEL\r\n";
        for (std::size_t i = 0; i < n; ++i) expected += "$2\r\nkk\r\n";
        request r{"DEL", std::vector<std::string>(n, "kk")};
        EXPECT_EQ(r.bytes(), expected);
        r.add("GET", "x");
        EXPECT_EQ(r.bytes(), expected + "*2\r\n$3\r\nGET\r\n$1\r\nx\r\n");
    }
}

TEST(requests, copies_and_moves_keep_short_and_long_ones)
{
    for (const std::size_t size : {1U, 100U, 1000U}) {
        request a{"SET", "k", std::string(size, 'x')};
        const std::string bytes{a.bytes()};
        request copy = a;
        EXPECT_EQ(copy.bytes(), bytes);
        request moved = std::move(a);
        EXPECT_EQ(moved.bytes(), bytes);
        copy = request{"PING"};
        copy = moved;
        EXPECT_EQ(copy.bytes(), bytes);
        moved = request{"PING"};
        EXPECT_EQ(moved.bytes(), "*1\r\n$4\r\nPING\r\n");
    }
}

TEST(requests, idempotence_is_the_tables_or_the_callers)
{
    EXPECT_TRUE((request{"get", "k"}.is_idempotent()));
    EXPECT_TRUE((request{"SET", "k", "nx"}.is_idempotent()));  // the value, not the option
    EXPECT_FALSE((request{"SET", "k", "v", "NX"}.is_idempotent()));
    EXPECT_FALSE((request{"SET", "k", "v", "EX", 5, "get"}.is_idempotent()));
    EXPECT_FALSE((request{"INCR", "k"}.is_idempotent()));
    EXPECT_FALSE((request{"JSON.GET", "k"}.is_idempotent()));
    EXPECT_FALSE((request{"GET", "k"}.add("INCR", "k").is_idempotent()));
    EXPECT_TRUE((request{"INCR", "k"}.idempotent().is_idempotent()));
    EXPECT_FALSE((request{"GET", "k"}.idempotent(false).is_idempotent()));
}

TEST(requests, blocking_and_connection_bound_commands_are_known)
{
    EXPECT_TRUE((request{"BLPOP", "q", 0}.is_blocking()));
    EXPECT_TRUE((request{"XREAD", "BLOCK", 0, "STREAMS", "s", "$"}.is_blocking()));
    EXPECT_FALSE((request{"XREAD", "STREAMS", "s", "0"}.is_blocking()));
    EXPECT_EQ((request{"GET", "k"}.add("SELECT", 1).connection_bound()), "SELECT");
    EXPECT_EQ((request{"CLIENT", "REPLY", "OFF"}.connection_bound()), "CLIENT");
    EXPECT_EQ((request{"CLIENT", "ID"}.connection_bound()), "");
}

TEST(requests, commands_that_change_their_connection_are_known_by_name_and_subcommand_in_any_case)
{
    for (const auto* words : {"AUTH p",
                              "SELECT 1",
                              "HELLO 3",
                              "RESET",
                              "QUIT",
                              "CLIENT REPLY OFF",
                              "CLIENT TRACKING ON",
                              "CLIENT CACHING YES",
                              "CLIENT SETNAME n",
                              "CLIENT SETINFO LIB-NAME l",
                              "CLIENT NO-EVICT ON",
                              "CLIENT NO-TOUCH ON",
                              "MULTI",
                              "EXEC",
                              "DISCARD",
                              "WATCH k",
                              "UNWATCH",
                              "SUBSCRIBE c",
                              "PSUBSCRIBE c",
                              "SSUBSCRIBE c",
                              "UNSUBSCRIBE",
                              "PUNSUBSCRIBE",
                              "SUNSUBSCRIBE",
                              "MONITOR",
                              "READONLY",
                              "READWRITE",
                              "ASKING",
                              "SYNC",
                              "PSYNC ? -1",
                              "REPLCONF ACK 0",
                              "SCRIPT DEBUG YES",
                              "WAIT 1 0",
                              "WAITAOF 1 1 0"}) {
        std::string upper = words;
        std::string lower = words;
        std::ranges::transform(lower, lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? c | 0x20 : c; });
        const auto name = upper.substr(0, upper.find(' '));
        EXPECT_EQ((request{upper}.connection_bound()), name) << words;
        EXPECT_EQ((request{"GET", "k"}.add(lower).connection_bound().size()),
                  name.starts_with("WAIT") ? 0 : name.size())
            << words;
        // The subcommand may be an argument of its own.
        if (const auto space = lower.find(' '); space != std::string::npos) {
            EXPECT_NE((request{lower.substr(0, space), upper.substr(space + 1, upper.find(' ', space + 1) - space - 1)}
                           .connection_bound()),
                      "")
                << words;
        }
    }
    for (const auto* words :
         {"CLIENT ID", "client info", "CLIENT KILL ID 5", "CLIENT GETNAME", "PING", "ECHO x", "SCRIPT LOAD s",
          "GET select", "CLIENT LIST TYPE reply", "PUBLISH c m", "CLIENT TRACKINGINFO"})
        EXPECT_EQ((request{words}.connection_bound()), "") << words;
    EXPECT_TRUE((request{"SET", "k", "v"}.add("wait", 1, 100).is_blocking()));
    EXPECT_FALSE((request{"XREAD", "STREAMS", "block", "0"}.is_blocking()));
}

TEST(requests, the_first_key_is_found_where_it_stands)
{
    EXPECT_EQ(first_key(request{"GET", "k"}), "k");
    EXPECT_EQ(first_key(request{"PING"}), "");
    EXPECT_EQ(first_key(request{"BITOP", "AND", "d", "a"}), "d");
    EXPECT_EQ(first_key(request{"XINFO", "STREAM", "s"}), "s");
    EXPECT_EQ(first_key(request{"EVAL", "return 1", 0, "x"}), "");
    EXPECT_EQ(first_key(request{"EVAL", "return 1", 1, "k", "x"}), "k");
    EXPECT_EQ(first_key(request{"ZUNION", 2, "a", "b"}), "a");
    EXPECT_EQ(first_key(request{"BLMPOP", 0, 1, "q", "LEFT"}), "q");
    EXPECT_EQ(first_key(request{"XREADGROUP", "GROUP", "g", "c", "STREAMS", "s", ">"}), "s");
    request t{"INCR", "in"};
    t.make_transaction();
    EXPECT_EQ(first_key(t), "in");
    EXPECT_EQ(command_name(t), "INCR");
}

TEST(requests, a_script_is_called_by_hash_and_can_be_turned_into_its_text)
{
    const script s{"return 1", script::access::reads};
    EXPECT_EQ(s.sha1(), "e0e1f9fabfc9d4800c877a703b823ac0578ff8db");
    auto r = s(std::array{"k"}, "a");
    EXPECT_TRUE(r.is_idempotent());
    EXPECT_EQ(r.bytes(), (request{"EVALSHA_RO", s.sha1(), 1, "k", "a"}.bytes()));
    EXPECT_TRUE(r.use_script_text());
    EXPECT_EQ(r.bytes(), (request{"EVAL_RO", "return 1", 1, "k", "a"}.bytes()));
    EXPECT_FALSE(r.use_script_text());
}

}  // namespace
}  // namespace larder::redis
