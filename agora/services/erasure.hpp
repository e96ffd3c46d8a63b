// SPDX-License-Identifier: MIT
// How slices take part in the deletion of an account, and in changes of a member's picture: each one that shows what
// members write registers an author_eraser, each one that keeps rows of their own an account_remover.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <larder/clock.hpp>
#include <string>
#include <vector>

namespace agora::storage {
class invalidations;
class session;
}  // namespace agora::storage

namespace agora {

/// One member whose name disappears from what they have written.
struct author_erasure {
    std::int64_t user_id = 0;
    std::string username;
    bool scrub = false;  ///< their texts are deleted, too; otherwise they stay, without the name
    larder::timestamp now{};
};

/// Runs in the transaction that deletes the account: adds the keys and tags of everything that shows the member, and
/// deletes their texts if `scrub` says so.
using author_eraser = std::function<boost::asio::awaitable<void>(
    storage::session& s, storage::invalidations& invalidations, const author_erasure& d)>;

using author_erasers = std::vector<author_eraser>;

/// Runs in the transaction that deletes an account: deletes the rows that are the member's alone (sign-ins, keys), and
/// adds their keys and tags to `invalidations`.
using account_remover = std::function<boost::asio::awaitable<void>(
    storage::session& s, storage::invalidations& invalidations, std::int64_t user_id)>;

using account_removers = std::vector<account_remover>;

}  // namespace agora
