// SPDX-License-Identifier: MIT
// Establishes one link, with a completed handshake. An attempt may hang until its time-out although Redis is back
// already, so another one starts beside it after `backoff_cap`; the first that succeeds wins, and the others are
// closed. After an attempt that failed, and after a link that was lost before it delivered a reply to a caller, the
// next attempt starts after a pause with full jitter. Start with dial().
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <larder/backoff.hpp>
#include <memory>
#include <vector>

#include "link.hpp"

namespace larder::redis {

class address_source;

/// What one attempt learns for the next one. Lives as long as the connection.
struct dial_memory {
    backoff pause;
    bool last_was_useless = false;  ///< the last link delivered no reply to a caller, so wait before the first attempt
    hello_use hello = hello_use::at_once;
};

struct dial_settings {
    timeouts time;
    handshake_options handshake;
    std::shared_ptr<tls_files> tls;  ///< null: without TLS
};

class dialer : public std::enable_shared_from_this<dialer> {
 public:
    dialer(boost::asio::any_io_executor executor, dial_settings settings, std::shared_ptr<address_source> where,
           dial_memory& memory);

    /// Called for each attempt that failed.
    void on_failure(std::function<void(const error&)> f) { failed_ = std::move(f); }

    /// Tries until it has a link. Null after cancel(). After a refusal by the server the pauses are long.
    boost::asio::awaitable<std::shared_ptr<link>> dial();
    void cancel();

    /// The address of the link that dial() returned.
    const address& peer() const noexcept { return peer_; }

 private:
    boost::asio::awaitable<void> attempt();
    boost::asio::awaitable<void> open(std::shared_ptr<link> l, hello_use hello, steady_time deadline);
    steady_time after_pause();
    void fail(error e);

    boost::asio::any_io_executor executor_;
    dial_settings settings_;
    std::shared_ptr<address_source> where_;
    dial_memory& memory_;  // owned by the connection, which cancels this before its destruction
    std::function<void(const error&)> failed_ = [](const error&) {};
    std::vector<std::shared_ptr<link>> attempts_;
    std::shared_ptr<link> winner_;
    address peer_;
    bool done_ = false;
    boost::asio::steady_timer next_;
};

}  // namespace larder::redis
