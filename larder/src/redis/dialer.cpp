// SPDX-License-Identifier: MIT
// dial() starts attempts and sleeps on `next_` until the next one is due; each attempt() is a coroutine of its own that
// opens a link and performs the handshake. The first that succeeds sets winner_ and done_. After done_, attempts that
// are still running end without effect, and dial() closes their links.
#include "dialer.hpp"

#include <boost/asio/co_spawn.hpp>
#include <larder/result.hpp>
#include <utility>

#include "connection.hpp"

namespace larder::redis {

namespace asio = boost::asio;
using boost::system::error_code;
using boost::system::system_error;

namespace {

constexpr std::chrono::milliseconds shortest_pause{1};
// Trying often does not make wrong credentials right.
constexpr std::chrono::milliseconds pause_after_refusal{5000};

enum class attempt_progress : unsigned char { running, timed_out, ended };

}  // namespace

dialer::dialer(asio::any_io_executor executor, dial_settings settings, std::shared_ptr<address_source> where,
               dial_memory& memory)
    : executor_{std::move(executor)},
      settings_{std::move(settings)},
      where_{std::move(where)},
      memory_{memory},
      next_{executor_}
{}

asio::awaitable<std::shared_ptr<link>> dialer::dial()
{
    next_.expires_at(std::exchange(memory_.last_was_useless, false) ? after_pause() : now());
    for (;;) {
        while (!done_ && next_.expiry() > now()) {
            auto pausing = next_.async_wait(as_result);
            co_await std::move(pausing);
        }
        if (done_) break;
        next_.expires_after(settings_.time.backoff_cap);
        asio::co_spawn(executor_, attempt(), [self = shared_from_this()](const std::exception_ptr& e) {
            if (e) std::rethrow_exception(e);
        });
    }
    for (const auto& l : attempts_) l->close();
    attempts_.clear();
    co_return std::exchange(winner_, nullptr);
}

void dialer::cancel()
{
    done_ = true;
    winner_.reset();
    for (const auto& l : attempts_) l->close();
    next_.cancel();
}

steady_time dialer::after_pause() { return now() + memory_.pause.next() + shortest_pause; }

void dialer::fail(error e)
{
    if (done_) return;
    const bool refused = e.code == errc::refused;
    failed_(e);
    const auto again = refused ? now() + pause_after_refusal : after_pause();
    if (!done_ && (refused || again < next_.expiry())) next_.expires_at(again);
}

asio::awaitable<void> dialer::attempt()
{
    const auto deadline = now() + settings_.time.connect;
    const auto hello = memory_.hello;
    const auto l = std::make_shared<link>(executor_, settings_.tls.get());
    attempts_.push_back(l);
    asio::steady_timer limit{executor_, deadline};
    const auto state = std::make_shared<attempt_progress>(attempt_progress::running);
    limit.async_wait([state, l](error_code ec) {
        if (ec || *state != attempt_progress::running) return;
        *state = attempt_progress::timed_out;
        l->close();
    });
    try {
        co_await open(l, hello, deadline);
    } catch (const system_error& e) {
        const bool late = *state == attempt_progress::timed_out;
        const bool hung_up = !late && e.code() != errc::malformed && l->closed_at_hello();
        if (!done_) memory_.hello = hello_after(hello, hung_up);
        fail({outcome::not_sent, late ? make_error_code(errc::timed_out) : e.code(),
              late ? "the server did not reply in time" : message_of(e)});
    }
    *state = attempt_progress::ended;
    std::erase(attempts_, l);
}

asio::awaitable<void> dialer::open(std::shared_ptr<link> l, hello_use hello, steady_time deadline)
{
    const auto to = co_await where_->find(deadline);
    if (done_) co_return;
    co_await l->open(to, deadline, settings_.time.socket);
    auto options = settings_.handshake;
    options.hello = hello;
    auto refusal = co_await l->handshake(options);
    if (refusal) {
        fail(std::move(*refusal));
    } else if (!done_) {
        done_ = true;
        winner_ = std::move(l);
        peer_ = to;
        next_.cancel();
    }
}

}  // namespace larder::redis
