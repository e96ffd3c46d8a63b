// SPDX-License-Identifier: MIT
// The socket side of a connection: reading, sending, deadlines, closing.
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <agora/http/connection.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace agora::http {
namespace {

constexpr std::size_t min_read = 2 * 1024;
constexpr std::size_t keep_output = 64 * 1024;        // a larger output buffer is given back when it is empty
constexpr std::size_t max_linger = 64 * 1024 * 1024;  // bytes read and dropped after the last answer
constexpr std::chrono::seconds linger_time{2};

}  // namespace

/// Room for the next bytes. A head that waits for its body is read again where it has moved to, so that its views
/// are good at any time.
asio::mutable_buffer connection::make_room()
{
    const auto* const before = in_.data();
    const auto room = in_.prepare(min_read);
    if (head_taken_ && in_.data() != before) {
        read_head();
        route_ = loop_.routes.match(request_).found;
    }
    return room;
}

/// Waits for bytes. False: the connection is over.
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
    // Bytes that arrived while the deadline struck were received, so they are served.
    if (read_again_without_waiting()) co_return true;
    if (phase_ == phase::idle) co_return false;
    if (!head_taken_) {
        request_.clear();
        start_request();
    }
    refuse(408, "request_timeout", "the request did not arrive in time");
    co_return true;
}

bool connection::read_again_without_waiting()
{
    boost::system::error_code ec;
    const auto n = socket_.read_some(make_room(), ec);
    in_.commit(n);
    return n > 0;
}

/// Sends what it can at once; true when nothing is left. The socket does not block.
bool connection::flush_now()
{
    if (out_.empty()) return true;
    boost::system::error_code ec;
    sent_ += socket_.write_some(asio::buffer(out_) + sent_, ec);
    if (sent_ < out_.size()) return false;
    clear_output();
    return true;
}

/// Sends the output and a body, which is copied only if the peer does not take it at once.
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
    if (out_.capacity() > keep_output) out_ = {};
}

/// Sends the rest as the peer takes it. False: the connection is over.
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

/// Closes so that the last answer arrives: a close with unread input would reset the connection and may destroy
/// what the peer has not read yet (RFC 9112 9.6).
asio::awaitable<void> connection::linger()
{
    boost::system::error_code ec;
    socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ec);
    set_deadline(phase::lingering, linger_time);
    in_.truncate(0);
    for (std::size_t dropped = 0; !ec && dropped < max_linger;) {
        const auto [error, n] = co_await socket_.async_read_some(in_.prepare(min_read), as_result);
        if (error) break;
        dropped += n;
    }
}

void connection::start_transfer(phase p, std::size_t left) noexcept
{
    set_deadline(p, loop_.limits.stall);
    left_ = left;
}

/// Puts the deadline off by the time that the bytes may have taken at the least rate, but never beyond `stall` from
/// now: a peer that sends or takes single bytes uses its time up, and a burst gives it none to waste.
void connection::note_progress(std::size_t left) noexcept
{
    const auto moved = left < left_ ? left_ - left : 0;
    const std::chrono::nanoseconds earned{std::nano::den / loop_.limits.least_rate * moved};
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

/// Bytes of the output that the peer has not confirmed. What the kernel has taken does not count as sent: its buffers
/// hold megabytes, and become writable again only by large steps.
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
