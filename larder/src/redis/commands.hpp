// SPDX-License-Identifier: MIT
// What the client must know of a command before it sends it: the table behind retries, routing and refusals.
// A test compares it with COMMAND of a real server.
#pragma once

#include <cstdint>
#include <string_view>

namespace larder::redis {

/// Where a command's first key stands; args[0] is the command itself.
enum class key_position : std::uint8_t {
    none,
    first,           ///< args[1]
    second,          ///< args[2]
    third,           ///< args[3]
    counted,         ///< after the number of keys at args[1]
    counted_second,  ///< after the number of keys at args[2]
    after_streams,   ///< after the word STREAMS
};

struct command_traits {
    bool read = false;
    /// Twice in a row does and answers the same as once. Reads are; SET is, unless NX, XX or GET stand in it.
    bool idempotent = false;
    bool blocking = false;              ///< may wait in the server: needs a connection of its own
    bool depends_on_arguments = false;  ///< a word among its arguments changes some of this: see request::look_closer()
    bool may_be_bound = false;          ///< find_bound() knows it
    key_position key = key_position::first;
};

/// `name` in any case. Of an unknown command (a module's) nothing is promised, and its first argument is a key.
command_traits find_command(std::string_view name) noexcept;

/// A command that changes the connection it runs on, or looks at what was done on it: never sent over a shared one.
struct bound_command {
    std::string_view name;
    std::string_view subcommand;  ///< empty: whatever its arguments are
    std::string_view instead;     ///< what the caller is to do
    bool may_follow = false;      ///< behind other commands of one request, with which it gets a connection of its own
};

/// Null: it may be sent. Both in any case.
const bound_command* find_bound(std::string_view name, std::string_view subcommand) noexcept;

}  // namespace larder::redis
