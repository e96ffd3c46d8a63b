// SPDX-License-Identifier: MIT
// The socket side of a connection: reading, sending, deadlines and closing. Start with read() and flush_now(). A
// deadline is set by set_deadline() for a phase as a whole, or by start_transfer() for a body or a response, which
// note_progress() then extends as bytes move. When the deadline has passed, tick() cancels the socket operation; read()
// then responds with 408, or ends an idle connection.
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <agora/http/connection.hpp>
#include <agora/http/problem_codes.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace agora::http {
namespace {

constexpr std::size_t min_read = 2 * 1024;
constexpr std::size_t max_kept_output = 64 * 1024;          // bytes; a larger output buffer is freed once it is empty
constexpr std::size_t max_linger_bytes = 64 * 1024 * 1024;  // bytes read and discarded after the last response
constexpr std::chrono::seconds linger_time{2};

}  // namespace

/// Returns room for the next bytes. This may move the buffer; the header of a request that waits for its body is then
/// parsed again at its new place, so that the views in `request_` are valid at any time.
asio::mutable_buffer connection::make_room()
{
    const auto* const before = in_.data();
    const auto room = in_.prepare(min_read);
    if (head_parsed_ && in_.data() != before) {
        read_head();
        route_ = loop_.routes.match(request_).found;
    }
    return room;
}

/// Waits for bytes, or for the deadline. False: the connection is to be dropped without a further response.
asio::awaitable<bool> connection::read()
{
    const auto room = make_room();
    const auto [ec, n] = co_await socket_.async_read_some(room, as_result);
    if (n > 0) {
        in_.commit(n);
        co_return true;
    }
    if (!expired_) co_return false;  // closed by the peer, or reset
    expired_ = false;
    // Bytes that arrived just as the deadline passed have been received, so they are served.
    if (read_again_without_waiting()) co_return true;
    if (phase_ == phase::idle) co_return false;
    if (!head_parsed_) {
        request_.clear();
        start_request();
    }
    refuse(problems::request_timeout, "the request did not arrive in time");
    co_return true;
}

bool connection::read_again_without_waiting()
{
    boost::system::error_code ec;
    const auto n = socket_.read_some(make_room(), ec);
    in_.commit(n);
    return n > 0;
}

/// Sends what the non-blocking socket accepts. True: the output is empty.
bool connection::flush_now()
{
    if (out_.empty()) return true;
    boost::system::error_code ec;
    sent_ += socket_.write_some(asio::buffer(out_) + sent_, ec);
    if (sent_ < out_.size()) return false;
    clear_output();
    return true;
}

/// Sends the output and, after it, a body. The body is copied into the output only if the socket does not accept all of
/// it immediately.
void connection::send_behind_output(std::string_view body)
{
    boost::system::error_code ec;
    const std::array<asio::const_buffer, 2> both{asio::buffer(out_) + sent_, asio::buffer(body)};
    const auto whole = out_.size() + body.size();
    sent_ += socket_.write_some(both, ec);
    if (sent_ < whole) {
        out_.append(body);
    } else {
        clear_output();
    }
}

void connection::clear_output()
{
    out_.clear();
    sent_ = 0;
    if (out_.capacity() > max_kept_output) out_ = {};
}

/// Sends the rest of the output as fast as the peer accepts it. False: the connection has failed or timed out.
asio::awaitable<bool> connection::flush_rest()
{
    start_transfer(phase::writing, unacknowledged());
    while (sent_ < out_.size()) {
        const auto [ec, n] = co_await socket_.async_write_some(asio::buffer(out_) + sent_, as_result);
        if (ec) co_return false;
        sent_ += n;
    }
    out_ = {};
    sent_ = 0;
    co_return true;
}

/// Closes the connection in a way that lets the last response arrive: shuts down the sending side, then reads and
/// discards input for a while. Closing with unread input would reset the connection, which may destroy data that the
/// peer has not read yet (RFC 9112 9.6).
asio::awaitable<void> connection::linger()
{
    boost::system::error_code ec;
    socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ec);
    set_deadline(phase::lingering, linger_time);
    in_.truncate(0);
    for (std::size_t dropped = 0; !ec && dropped < max_linger_bytes;) {
        const auto [error, n] = co_await socket_.async_read_some(in_.prepare(min_read), as_result);
        if (error) break;
        dropped += n;
    }
}

/// Starts the deadline of a transfer of which `left` bytes are outstanding.
void connection::start_transfer(phase p, std::size_t left) noexcept
{
    set_deadline(p, loop_.limits.stall);
    left_ = left;
}

/// Extends the deadline by the time that the moved bytes take at the lowest allowed rate, but never beyond `stall` from
/// now. So a peer that sends or reads single bytes runs out of time, and a burst does not buy extra time.
void connection::note_progress(std::size_t left) noexcept
{
    const auto moved = left < left_ ? left_ - left : 0;
    const std::chrono::nanoseconds earned{std::nano::den / loop_.limits.min_rate * moved};
    deadline_ = std::min(deadline_ + earned, loop_.now + loop_.limits.stall);
    left_ = left;
}

connection::step connection::wait_for_body(std::size_t left) noexcept
{
    if (phase_ == phase::body) {
        note_progress(left);
    } else {
        start_transfer(phase::body, left);
    }
    return step::need_input;
}

/// Bytes of the output that the peer has not acknowledged. Bytes in the kernel's send buffer count as unsent, because
/// that buffer holds megabytes and becomes writable again only in large steps.
std::size_t connection::unacknowledged() noexcept
{
    int queued = 0;
    if (::ioctl(socket_.native_handle(), SIOCOUTQ, &queued) != 0 || queued < 0) queued = 0;
    return out_.size() - sent_ + static_cast<std::size_t>(queued);
}

void connection::tick()
{
    boost::system::error_code ignored;
    if (phase_ == phase::writing) note_progress(unacknowledged());
    const bool idle_in_drain =
        loop_.draining && phase_ == phase::idle && loop_.now >= loop_.drain_started + loop_.limits.drain_grace;
    if (phase_ == phase::handling || (loop_.now < deadline_ && !idle_in_drain)) return;
    expired_ = true;
    socket_.cancel(ignored);
}

}  // namespace agora::http
