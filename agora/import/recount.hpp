// SPDX-License-Identifier: MIT
// The counters of what an import has touched, set to what they count: likes, comments and activity of posts, likes of
// comments, posts of users, tags and the category. Right also on a second run, when members have written in between.
// Costs one pass over the source's rows; part of the import's transaction.
#pragma once

#include <agora/storage/db.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>

namespace agora::import {

namespace asio = boost::asio;

/// `placeholder` is the user who owns the rows without a known author.
asio::awaitable<void> recount(storage::session& s, std::int64_t source, std::int64_t category,
                              std::int64_t placeholder);

}  // namespace agora::import
