// SPDX-License-Identifier: MIT
// The client networks from which members have signed in: the 20 most recent of each account, kept in the database, so
// that all nodes know them. Thread-safe. A lookup is one statement; a network that was recorded within the last day is
// not written again.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <larder/clock.hpp>
#include <string>

namespace agora::storage {
class outbox;
}

namespace agora::accounts {

namespace asio = boost::asio;

inline constexpr std::int64_t max_known_networks = 20;  ///< per account

class known_networks {
 public:
    /// Requires: both outlive this.
    known_networks(storage::outbox& outbox, const larder::clock& clock) : outbox_{outbox}, clock_{clock} {}

    /// Whether the account was signed in to from the network. Takes the same time if there is no account (`user_id` 0).
    asio::awaitable<bool> contains(std::int64_t user_id, std::string network);
    /// Records the network. If there are too many, the one that was seen longest ago is dropped. Does nothing for an
    /// account that has been deleted in the meantime.
    asio::awaitable<void> remember(std::int64_t user_id, std::string network);

 private:
    storage::outbox& outbox_;
    const larder::clock& clock_;
};

}  // namespace agora::accounts
