// SPDX-License-Identifier: MIT
// Pub/sub: channels, patterns and sharded channels over a connection of their own. In a cluster the sharded channels
// have one more per node that they are subscribed at; they follow their slots when these move or a node is replaced.
//
//     subscriber events{client};
//     co_await events.subscribe("news");
//     for (;;) {
//         const message m = co_await events.next();
//         if (m.gap) reload_everything();
//     }
//
// Redis delivers at most once: what is published while the connection is down is lost. After a loss, or the move of a
// sharded channel, all names are subscribed again, and then next() says so by a message with `gap` set. A reader that
// is too slow loses the oldest messages; the next message tells how many. Belongs to one event loop: construct, use and
// destroy it there.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <larder/redis/client.hpp>
#include <memory>
#include <string>

namespace larder::redis {

struct message {
    bool gap =
        false;  ///< names are subscribed again: messages may be missing before this, none after it; all else is empty
    std::uint64_t missed = 0;  ///< messages dropped from the full mailbox before this one
    std::string pattern;       ///< that matched; empty: subscribed by name
    std::string channel;
    std::string payload;
};

struct mailbox_options {
    std::size_t messages = 10'000;              ///< that wait for next(); then the oldest are dropped
    std::size_t bytes = std::size_t{16} << 20;  ///< of channels and payloads; as well
};

class subscriber {
 public:
    /// Requires: a loop of the client's; the client outlives it.
    explicit subscriber(client& c, const mailbox_options& o = {});
    ~subscriber();
    subscriber(const subscriber&) = delete;
    subscriber& operator=(const subscriber&) = delete;

    /// Returns when the server has confirmed. On failure the name stays: it is subscribed when the connection is back,
    /// unless the server refused it.
    boost::asio::awaitable<reply<void>> subscribe(std::string channel);
    boost::asio::awaitable<reply<void>> psubscribe(std::string pattern);
    boost::asio::awaitable<reply<void>> ssubscribe(std::string channel);  ///< Redis 7
    boost::asio::awaitable<reply<void>> unsubscribe(std::string channel);
    boost::asio::awaitable<reply<void>> punsubscribe(std::string pattern);
    boost::asio::awaitable<reply<void>> sunsubscribe(std::string channel);

    /// The next message, in the order of arrival. Suspends until there is one; one waiter at a time. Cancellation
    /// throws operation_aborted and loses nothing.
    boost::asio::awaitable<message> next();

    std::uint64_t dropped() const noexcept;  ///< since the beginning

 private:
    class mailbox;
    class line;
    enum class kind : unsigned char { channel, pattern, shard };
    boost::asio::awaitable<reply<void>> change(kind k, bool add, std::string name);

    struct state;
    std::shared_ptr<state> state_;
};

}  // namespace larder::redis
