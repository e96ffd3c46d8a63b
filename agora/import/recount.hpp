// SPDX-License-Identifier: MIT
// Sets the counters that an import affects to the actual counts: likes, comments and activity of posts, likes of
// comments, posts of users, tags and the category. Also correct on a second run, when members have posted in between.
// Costs one pass over the source's rows. Runs inside the import's transaction.
#pragma once

#include <agora/storage/db.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>

namespace agora::import {

namespace asio = boost::asio;

/// `placeholder` is the user who owns the rows whose author is unknown.
asio::awaitable<void> recount(storage::session& s, std::int64_t source, std::int64_t category,
                              std::int64_t placeholder);

}  // namespace agora::import
