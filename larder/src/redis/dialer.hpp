// SPDX-License-Identifier: MIT
// Gets one greeted link. A try may hang until its time-out while Redis is already back, so another one starts beside it
// after `backoff_cap`; the first that gets through wins, and the others are closed. A try that fails is followed by the
// next one after a pause with full jitter, and so is a link that ended before it was of any use.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <larder/backoff.hpp>
#include <memory>
#include <vector>

#include "link.hpp"

namespace larder::redis {

class address_source;

/// What one try teaches the next, for as long as its connection lives.
struct dial_memory {
    backoff pause;
    bool last_was_useless = false;  ///< the last link: the first try waits, too
    hello_use hello = hello_use::at_once;
};

class dialer : public std::enable_shared_from_this<dialer> {
 public:
    dialer(boost::asio::any_io_executor executor, const timeouts& time, const greeting& hello,
           std::shared_ptr<tls_files> tls, std::shared_ptr<address_source> where, dial_memory& memory);

    /// Called for each try that failed.
    void on_failure(std::function<void(const error&)> f) { failed_ = std::move(f); }

    /// Tries until it has a link; null after cancel(). A refusal by the server makes for long pauses.
    boost::asio::awaitable<std::shared_ptr<link>> dial();
    void cancel();

    /// Of the link that dial() returned.
    const address& peer() const noexcept { return peer_; }

 private:
    boost::asio::awaitable<void> attempt();
    boost::asio::awaitable<void> open(std::shared_ptr<link> l, hello_use hello, steady_time deadline);
    steady_time after_pause();
    void fail(error e);

    boost::asio::any_io_executor executor_;
    timeouts time_;
    greeting hello_;
    std::shared_ptr<tls_files> tls_;
    std::shared_ptr<address_source> where_;
    dial_memory& memory_;  // of the connection, which cancels this before it goes
    std::function<void(const error&)> failed_ = [](const error&) {};
    std::vector<std::shared_ptr<link>> trying_;
    std::shared_ptr<link> winner_;
    address peer_;
    bool done_ = false;
    boost::asio::steady_timer next_;
};

}  // namespace larder::redis
