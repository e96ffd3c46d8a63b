// SPDX-License-Identifier: MIT
// start_next() starts an attempt and sets the timer `stagger_` for the next one. ended() starts the next attempt at
// once after a failure. The first attempt that connects, or the last failure, calls finish(), which closes all other
// sockets and ends run(). After that, `over_` is set and late completions are ignored.
#include "connect_race.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/deferred.hpp>
#include <larder/result.hpp>
#include <utility>

namespace larder::redis {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;

namespace {

constexpr std::chrono::milliseconds attempt_delay{250};  // RFC 8305, section 8

}  // namespace

std::vector<tcp::endpoint> interleaved(const std::vector<tcp::endpoint>& resolved)
{
    if (resolved.empty()) return {};
    const auto first_family = resolved.front().protocol();
    std::vector<tcp::endpoint> out;
    std::vector<tcp::endpoint> others;
    for (const auto& e : resolved) (e.protocol() == first_family ? out : others).push_back(e);
    for (std::size_t i = 0; i < others.size(); ++i) {
        const auto at = std::min(out.size(), 2 * i + 1);
        out.insert(out.begin() + static_cast<std::ptrdiff_t>(at), others[i]);
    }
    return out;
}

connect_race::connect_race(asio::any_io_executor executor, std::vector<tcp::endpoint> endpoints,
                           std::function<void(int)> prepare)
    : executor_{std::move(executor)},
      endpoints_{std::move(endpoints)},
      prepare_{std::move(prepare)},
      failure_{make_error_code(errc::unavailable)},
      stagger_{executor_},
      end_{executor_, asio::steady_timer::time_point::max()}
{}

asio::awaitable<connect_race::socket> connect_race::run()
{
    const auto self = shared_from_this();
    start_next();
    while (!over_) {
        auto ending = end_.async_wait(asio::as_tuple(asio::deferred));
        co_await std::move(ending);
    }
    if (winner_ == nullptr) throw boost::system::system_error{failure_};
    co_return std::move(*winner_);
}

void connect_race::cancel()
{
    if (over_) return;
    failure_ = asio::error::operation_aborted;
    finish(nullptr);
}

void connect_race::start_next()
{
    if (next_ == endpoints_.size()) {
        if (pending_ == 0) finish(nullptr);
        return;
    }
    const auto& endpoint = endpoints_[next_++];
    auto& s = sockets_.emplace_back(executor_);
    error_code ec;
    s.open(asio::generic::stream_protocol{endpoint.protocol()}, ec);
    ++pending_;
    if (ec) {  // IPv6 may be missing on this machine
        ended(s, ec);
        return;
    }
    prepare_(s.native_handle());
    s.async_connect(asio::generic::stream_protocol::endpoint{endpoint},
                    [self = shared_from_this(), &s](error_code failed) { self->ended(s, failed); });
    start_next_later();
}

void connect_race::start_next_later()
{
    if (next_ == endpoints_.size()) return;
    stagger_.expires_after(attempt_delay);
    stagger_.async_wait([self = shared_from_this()](error_code cancelled) {
        if (!cancelled && !self->over_) self->start_next();
    });
}

void connect_race::ended(socket& s, error_code ec)
{
    --pending_;
    if (over_) return;
    if (!ec) {
        finish(&s);
        return;
    }
    failure_ = ec;
    error_code ignored;
    s.close(ignored);
    start_next();
}

void connect_race::finish(socket* winner)
{
    over_ = true;
    winner_ = winner;
    stagger_.cancel();
    for (auto& s : sockets_) {
        error_code ignored;
        if (&s != winner) s.close(ignored);
    }
    end_.cancel();
}

}  // namespace larder::redis
