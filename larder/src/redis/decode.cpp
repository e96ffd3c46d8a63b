// SPDX-License-Identifier: MIT
// The parts of decode() that need no template: error replies, strings and booleans.
#include <larder/redis/decode.hpp>

namespace larder::redis::detail {

error refusal(const resp::value& reply) { return {outcome::refused, errc::refused, std::string{reply.text()}}; }

error wrong_type() { return {outcome::ok, errc::malformed, "the reply has a different type than requested"}; }

bool decode_text(const resp::value& from, std::string& out)
{
    if (from.is_aggregate() || from.is_null() || from.is_error()) return false;
    out = from.text();
    return true;
}

bool decode_bool(const resp::value& from, bool& out)
{
    switch (from.type()) {
        case resp::kind::boolean:
            out = from.text() == "t";
            return true;
        case resp::kind::simple_string:
            out = true;
            return true;
        case resp::kind::null:
            out = false;
            return true;
        default:
            const auto n = from.integer();
            out = n.value_or(0) != 0;
            return n.has_value();
    }
}

}  // namespace larder::redis::detail
