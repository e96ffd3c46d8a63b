// SPDX-License-Identifier: MIT
// A state machine over the bytes of a chunked body. decode() copies runs of payload; step() consumes the bytes around
// the payload (chunk sizes, extensions, line ends, trailers), one at a time. A chunk is refused by its declared size,
// before any of it is stored.
#include <agora/http/chunked.hpp>
#include <algorithm>
#include <cstring>
#include <larder/hex.hpp>

namespace agora::http {
namespace {

constexpr unsigned max_size_digits = 8;        // 4 GiB; the body limit is far below
constexpr unsigned max_extension_bytes = 256;  // per chunk
constexpr unsigned max_trailer_bytes = 4096;

bool is_text(char c) noexcept
{
    const auto u = static_cast<unsigned char>(c);
    return c == '\t' || (u >= 0x20 && u != 0x7f);
}

}  // namespace

bool chunked_decoder::size_digit(char c) noexcept
{
    const int digit = larder::hex_value(c);
    if (digit < 0 || ++digits_ > max_size_digits) return false;
    left_ = left_ * 16 + static_cast<unsigned>(digit);
    state_ = state::size;
    return true;
}

void chunked_decoder::next_line(state s) noexcept
{
    digits_ = 0;
    line_bytes_ = 0;
    state_ = s;
}

/// Consumes one byte outside the payload. False: the byte is not allowed in the current state.
bool chunked_decoder::step(char c) noexcept
{
    switch (state_) {
        case state::size_first:
            return size_digit(c);
        case state::size:
            if (c == '\r') {
                state_ = state::size_lf;
            } else if (c == ';') {
                state_ = state::extension;
            } else {
                return size_digit(c);
            }
            return true;
        case state::extension:
            if (c == '\r') {
                state_ = state::size_lf;
                return true;
            }
            return is_text(c) && ++line_bytes_ <= max_extension_bytes;
        case state::size_lf:
            next_line(left_ == 0 ? state::trailer_start : state::data);
            return c == '\n';
        case state::data_cr:
            state_ = state::data_lf;
            return c == '\r';
        case state::data_lf:
            next_line(state::size_first);
            return c == '\n';
        case state::trailer_start:
            if (c == '\r') {
                state_ = state::end_lf;
                return true;
            }
            trailer_name_ = false;
            state_ = state::trailer;
            return c > ' ' && c != ':' && ++line_bytes_ <= max_trailer_bytes;
        case state::trailer:
            if (c == '\r') {
                state_ = state::trailer_lf;
                return trailer_name_;
            }
            if (!trailer_name_ && c <= ' ') return false;  // white space before the colon, or no colon at all
            trailer_name_ |= c == ':';
            return is_text(c) && ++line_bytes_ <= max_trailer_bytes;
        case state::trailer_lf:
            state_ = state::trailer_start;
            return c == '\n';
        case state::end_lf:
            state_ = state::done;
            return c == '\n';
        case state::data:
        case state::done:
            break;
    }
    return false;
}

chunked_decoder::progress chunked_decoder::decode(const char* in, std::size_t size, char* out) noexcept
{
    progress p;
    while (p.consumed < size && state_ != state::done) {
        if (state_ != state::data) {
            if (!step(in[p.consumed++])) {
                p.state = status::malformed;
                return p;
            }
            // Refuse the chunk by its declared size, before a byte of it is stored.
            if (state_ == state::data && left_ > room_) {
                p.state = status::too_large;
                return p;
            }
            continue;
        }
        const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(left_, size - p.consumed));
        std::memmove(out + p.written, in + p.consumed, n);
        p.consumed += n;
        p.written += n;
        room_ -= n;
        left_ -= n;
        if (left_ == 0) state_ = state::data_cr;
    }
    if (state_ == state::done) p.state = status::done;
    return p;
}

}  // namespace agora::http
