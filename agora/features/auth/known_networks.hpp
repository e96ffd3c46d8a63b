// SPDX-License-Identifier: MIT
// The client networks from which each account was signed in to: the 20 most recent, in the database, so that all nodes
// know them. Thread-safe. A lookup is one statement; a network that was seen within a day is not written again.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <larder/clock.hpp>
#include <string>

namespace agora::storage {
class outbox;
}

namespace agora::auth {

namespace asio = boost::asio;

inline constexpr std::int64_t max_known_networks = 20;  ///< of one account

class known_networks {
 public:
    /// Requires: both outlive this.
    known_networks(storage::outbox& outbox, const larder::clock& clock) : outbox_{outbox}, clock_{clock} {}

    /// Costs the same for accounts that do not exist (0).
    asio::awaitable<bool> contains(std::int64_t user_id, std::string network);
    /// Forgets the network that was seen longest ago when there are too many. Does nothing for an account that has been
    /// deleted meanwhile.
    asio::awaitable<void> remember(std::int64_t user_id, std::string network);

 private:
    storage::outbox& outbox_;
    const larder::clock& clock_;
};

}  // namespace agora::auth
