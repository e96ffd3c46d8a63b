// SPDX-License-Identifier: MIT
// Categories and tags, the two ways to group posts. Their counters are maintained by the posts slice. The store is
// thread-safe; every call costs one statement.
#pragma once

#include <agora/api/list.hpp>
#include <agora/outcome.hpp>
#include <agora/storage/db.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/describe.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace agora::categories {

namespace asio = boost::asio;

struct category {
    std::int64_t id = 0;
    std::string slug;
    std::string name;
    std::string description;
    std::int64_t posts = 0;
};
BOOST_DESCRIBE_STRUCT(category, (), (id, slug, name, description, posts))

struct tag {
    std::int64_t id = 0;
    std::string name;
    std::int64_t posts = 0;
};
BOOST_DESCRIBE_STRUCT(tag, (), (id, name, posts))

class store {
 public:
    virtual ~store() = default;
    /// Up to `w.limit + 1` categories, the oldest first.
    virtual asio::awaitable<std::vector<category>> list(const api::window& w) = 0;
    /// Up to `w.limit + 1` tags that have posts, the most used first.
    virtual asio::awaitable<std::vector<tag>> tags(const api::window& w) = 0;
    virtual asio::awaitable<bool> exists(std::int64_t category_id) = 0;
    /// The number of categories; the count stops at `most`.
    virtual asio::awaitable<std::int64_t> count(std::int64_t most) = 0;
    /// The number of tags that have posts; the count stops at `most`.
    virtual asio::awaitable<std::int64_t> count_tags(std::int64_t most) = 0;
};

/// Requires: `db` outlives the store.
std::unique_ptr<store> make_categories_store(storage::database& db);

// The operations that handlers call. References must stay valid until the awaited call returns.

asio::awaitable<outcome<api::list<category>>> list(store& s, const storage::cursor_signer& signer,
                                                   const api::page_query& q);
asio::awaitable<outcome<api::list<tag>>> tags(store& s, const storage::cursor_signer& signer, const api::page_query& q);

}  // namespace agora::categories
