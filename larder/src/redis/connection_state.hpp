// SPDX-License-Identifier: MIT
// The states of a connection, the transitions between them, and the decisions that follow from a state. Pure functions:
// no I/O, no clock. connection.cpp calls them.
//
//              connect   attempt_failed  attempt_refused  established  reconnect  retire    lost      close
//    idle      dialing   .               .                .            .          closed    .         closed
//    dialing   .         .               refused          up           .          closed    .         closed
//    refused   .         dialing         .                up           .          closed    .         closed
//    up        .         .               .                .            leaving    retiring  dialing   closed
//    leaving   .         .               .                .            .          retiring  dialing   closed
//    retiring  .         .               .                .            .          .         closed    .
//    closed    .         .               .                .            .          .         .         .
//
// A dot means that the state does not change.
#pragma once

#include <larder/clock.hpp>
#include <larder/redis/outcome.hpp>

namespace larder::redis {

enum class connection_state : unsigned char {
    idle,      ///< not needed yet
    dialing,   ///< there is no link; attempts to establish one are made, with pauses
    refused,   ///< like dialing, but the server rejected the settings, so commands fail instead of waiting
    up,        ///< commands are sent
    leaving,   ///< nothing more is sent on this link; a new one follows when all pending replies have arrived
    retiring,  ///< like leaving, but the connection is closed after that
    closed,    ///< for good
};

enum class transition : unsigned char {
    connect,          ///< a link is needed
    attempt_failed,   ///< an attempt to connect failed
    attempt_refused,  ///< the server rejected the handshake
    established,      ///< the handshake is done
    reconnect,        ///< the link must be replaced, because the server has the wrong role
    retire,           ///< close as soon as all pending replies have arrived
    lost,             ///< the link is gone
    close,            ///< close now
};

connection_state next_state(connection_state s, transition t) noexcept;

/// Whether there is a link. On a link that is being left, replies still arrive.
constexpr bool has_link(connection_state s) noexcept
{
    return s == connection_state::up || s == connection_state::leaving || s == connection_state::retiring;
}
constexpr bool is_leaving(connection_state s) noexcept
{
    return s == connection_state::leaving || s == connection_state::retiring;
}
/// Whether the connection accepts no more commands and never will.
constexpr bool is_closed(connection_state s) noexcept
{
    return s == connection_state::retiring || s == connection_state::closed;
}

/// What happens to a command.
enum class admission : unsigned char {
    send,         ///< it is sent in this turn of the event loop
    wait,         ///< it waits for the next link
    closed,       ///< the connection is closed
    refused,      ///< the server rejected the settings
    unavailable,  ///< the server does not answer in time
    overloaded,   ///< the queue is full
};

struct admission_facts {
    connection_state state;
    bool server_silent;  ///< see liveness.hpp
    bool breaker_open;
    bool queue_full;
};

/// The first reason for a refusal, in the order of the enumerators, counts.
admission admit(const admission_facts& f) noexcept;
constexpr bool is_refusal(admission a) noexcept { return a != admission::send && a != admission::wait; }
/// The error of a command that was not admitted. `last` is the last failure of the connection. Requires:
/// is_refusal(a).
error refusal_of(admission a, const error& last);

/// What is known about a link that is gone.
struct link_history {
    steady_time up_since{};
    bool served_caller = false;    ///< it delivered a reply to a caller
    bool left_on_purpose = false;  ///< it was lost in a state for which is_leaving() is true
};

/// Whether to pause before the first attempt to reconnect. A server that completes the handshake and then hangs up must
/// not cause a storm of connections. A link that lasted for `longest_pause` needs no pause.
bool pauses_before_reconnect(const link_history& h, steady_time now, steady_time::duration longest_pause) noexcept;

}  // namespace larder::redis
