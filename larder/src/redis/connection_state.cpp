// SPDX-License-Identifier: MIT
// The transition table of connection_state.hpp as code, one case per column, and the decisions about commands and
// pauses. Every function is total: a transition that a state does not expect leaves the state as it is. Start with
// next_state().
#include "connection_state.hpp"

#include <larder/result.hpp>

namespace larder::redis {

connection_state next_state(connection_state s, transition t) noexcept
{
    using enum connection_state;
    switch (t) {
        case transition::connect:
            return s == idle ? dialing : s;
        case transition::attempt_failed:
            return s == refused ? dialing : s;
        case transition::attempt_refused:
            return s == dialing ? refused : s;
        case transition::established:
            return s == dialing || s == refused ? up : s;
        case transition::reconnect:
            return s == up ? leaving : s;
        case transition::retire:
            return has_link(s) ? retiring : closed;
        case transition::lost:
            if (!has_link(s)) return s;
            return s == retiring ? closed : dialing;
        case transition::close:
            return is_closed(s) ? s : closed;
    }
    return s;
}

admission admit(const admission_facts& f) noexcept
{
    if (is_closed(f.state)) return admission::closed;
    if (f.state == connection_state::refused) return admission::refused;
    if (f.server_silent || f.breaker_open) return admission::unavailable;
    if (f.queue_full) return admission::overloaded;
    return f.state == connection_state::up ? admission::send : admission::wait;
}

error refusal_of(admission a, const error& last)
{
    switch (a) {
        case admission::closed:
            return {outcome::not_sent, errc::closed, "the client is closed"};
        case admission::unavailable:
            return {outcome::not_sent, errc::unavailable,
                    last.message.empty() ? "Redis does not answer in time" : last.message};
        case admission::overloaded:
            return {outcome::not_sent, errc::overloaded, "too many commands are queued on this connection"};
        case admission::refused:
        case admission::send:
        case admission::wait:
            break;
    }
    return last;
}

bool pauses_before_reconnect(const link_history& h, steady_time now, steady_time::duration longest_pause) noexcept
{
    return !h.served_caller && !h.left_on_purpose && now - h.up_since < longest_pause;
}

}  // namespace larder::redis
