// SPDX-License-Identifier: MIT
// Pub/sub: channels, patterns and sharded channels, over a separate connection. In a cluster, sharded channels use one
// additional connection per node; they follow their slots when slots move or nodes are replaced. Start with subscribe()
// and next().
//
//     subscriber events{client};
//     co_await events.subscribe("news");
//     for (;;) {
//         const message m = co_await events.next();
//         if (m.gap) reload_everything();
//     }
//
// Redis delivers at most once: messages that are published while the connection is down are lost. After a lost
// connection, or when a sharded channel has moved, all names are subscribed again, and then next() returns a message
// with `gap` set. If the reader is too slow, the oldest messages are dropped, and the next message says how many. A
// subscriber belongs to one event loop: construct, use and destroy it there.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <cstdint>
#include <larder/redis/outcome.hpp>
#include <memory>
#include <string>

namespace larder::redis {

class client;

struct message {
    /// The names were subscribed again. Messages may be missing before this one, none after it. The other fields are
    /// empty.
    bool gap = false;
    std::uint64_t missed = 0;  ///< messages dropped from the full mailbox before this one
    std::string pattern;       ///< the pattern that matched; empty: subscribed by name
    std::string channel;
    std::string payload;
};

struct mailbox_options {
    std::size_t messages = 10'000;              ///< limit of waiting messages; beyond it the oldest are dropped
    std::size_t bytes = std::size_t{16} << 20;  ///< the same for the total size of channels and payloads
};

class subscriber {
 public:
    /// Requires: called on one of the client's loops, and the client outlives the subscriber.
    explicit subscriber(client& c, const mailbox_options& o = {});
    ~subscriber();
    subscriber(const subscriber&) = delete;
    subscriber& operator=(const subscriber&) = delete;

    /// Returns when the server has confirmed the subscription. After a failure the name is kept and is subscribed when
    /// the connection is back, unless the server refused it.
    boost::asio::awaitable<reply<void>> subscribe(std::string channel);
    boost::asio::awaitable<reply<void>> psubscribe(std::string pattern);
    boost::asio::awaitable<reply<void>> ssubscribe(std::string channel);  ///< Redis 7
    boost::asio::awaitable<reply<void>> unsubscribe(std::string channel);
    boost::asio::awaitable<reply<void>> punsubscribe(std::string pattern);
    boost::asio::awaitable<reply<void>> sunsubscribe(std::string channel);

    /// Returns the next message in order of arrival; suspends until there is one. One waiter at a time. Cancellation
    /// throws operation_aborted and loses no message.
    boost::asio::awaitable<message> next();

    std::uint64_t dropped() const noexcept;  ///< messages dropped since construction

 private:
    class mailbox;
    class subscribed_connection;
    enum class kind : unsigned char { channel, pattern, shard };
    boost::asio::awaitable<reply<void>> change(kind k, bool add, std::string name);

    struct state;
    std::shared_ptr<state> state_;
};

}  // namespace larder::redis
