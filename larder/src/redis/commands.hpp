// SPDX-License-Identifier: MIT
// What the client must know about a command before it sends it: the table behind retries, routing and refusals. A test
// compares it with the reply of a real server to COMMAND.
#pragma once

#include <cstdint>
#include <string_view>

namespace larder::redis {

/// The position of a command's first key; args[0] is the command itself.
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
    /// Idempotent: a second execution right after the first has no further effect and returns the same reply. True for
    /// reads, and for SET without NX, XX and GET.
    bool idempotent = false;
    bool blocking = false;              ///< may wait in the server, so it needs a connection of its own
    bool depends_on_arguments = false;  ///< its arguments may change these traits: see request::check_arguments()
    bool may_be_bound = false;          ///< find_bound() has an entry for it
    key_position key = key_position::first;
};

/// `name` may be in any case. An unknown command, of a module for example, has no traits, and its first argument is a
/// key.
command_traits find_command(std::string_view name) noexcept;

/// A command that changes the connection it runs on, or depends on what was done on it. It is never sent over a shared
/// connection.
struct bound_command {
    std::string_view name;
    std::string_view subcommand;  ///< empty: whatever the arguments are
    std::string_view instead;     ///< what the caller should do instead; part of the error message
    bool may_follow = false;      ///< allowed after other commands of a request, which then gets its own connection
};

/// Null: the command may be sent. Both names may be in any case.
const bound_command* find_bound(std::string_view name, std::string_view subcommand) noexcept;

}  // namespace larder::redis
