// SPDX-License-Identifier: MIT
// Categories and tags, the two ways to group posts. Their counters are maintained by the posts slice. The store is
// thread-safe; every call costs one statement.
#pragma once

#include <agora/api/list.hpp>
#include <agora/features/posts/posts.hpp>
#include <agora/http/parameters.hpp>
#include <agora/outcome.hpp>
#include <agora/storage/db.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/describe.hpp>
#include <cstdint>
#include <larder/clock.hpp>
#include <larder/json/schema.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace agora {
struct services;
}

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

inline constexpr larder::json::member_facts category_facts[]{
    {.name = "id", .meaning = "The id of the category.", .least = 1},
    {.name = "slug", .meaning = "Its name in addresses."},
    {.name = "name", .meaning = "Its name."},
    {.name = "description", .meaning = "What belongs into it; may be empty."},
    {.name = "posts", .meaning = "How many posts it has.", .least = 0},
};
inline larder::json::type_facts facts_of(std::type_identity<category>)
{
    return {"Category", "A part of the community that posts belong to.", category_facts};
}

struct tag {
    std::int64_t id = 0;
    std::string name;
    std::int64_t posts = 0;
};
BOOST_DESCRIBE_STRUCT(tag, (), (id, name, posts))

/// The whole community in numbers.
struct community_numbers {
    std::int64_t posts = 0;
    std::int64_t members = 0;   ///< without deleted accounts
    larder::timestamp since{};  ///< when the first member joined
};
BOOST_DESCRIBE_STRUCT(community_numbers, (), (posts, members, since))

inline constexpr larder::json::member_facts tag_facts[]{
    {.name = "id", .meaning = "The id of the tag.", .least = 1},
    {.name = "name", .meaning = "The word, in lower case."},
    {.name = "posts", .meaning = "How many posts have it.", .least = 0},
};
inline larder::json::type_facts facts_of(std::type_identity<tag>)
{
    return {"Tag", "A word that authors give their posts.", tag_facts};
}

class store {
 public:
    virtual ~store() = default;
    /// Up to `w.limit + 1` categories, the oldest first.
    virtual asio::awaitable<std::vector<category>> list(const api::window& w) = 0;
    /// Up to `w.limit + 1` tags that have posts, the most used first.
    virtual asio::awaitable<std::vector<tag>> tags(const api::window& w) = 0;
    /// The categories with the most posts.
    virtual asio::awaitable<std::vector<category>> largest(std::int64_t most) = 0;
    virtual asio::awaitable<std::optional<category>> find(std::string_view slug) = 0;
    /// Scans all users.
    virtual asio::awaitable<community_numbers> community() = 0;
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

/// The pages of categories and tags, and their parts of the margin.
class page_routes;
std::shared_ptr<page_routes> make_pages(services& s, store& categories, posts::store& posts);

/// /api/categories, /api/categories/{id}/posts and /api/tags.
class slice {
 public:
    slice(services& s, posts::slice& posts);
    /// For slices that read categories and tags.
    categories::store& store() noexcept { return *store_; }

 private:
    asio::awaitable<outcome<api::list<category>>> list(http::anyone, const http::query<api::page_query>& q);
    asio::awaitable<outcome<api::list<posts::post_summary>>> posts_of(http::guest_or_member who,
                                                                      const http::path<std::int64_t>& id,
                                                                      const http::query<posts::list_query>& q);
    asio::awaitable<outcome<api::list<tag>>> tags(http::anyone, const http::query<api::page_query>& q);

    // The most popular targets, for warming:
    asio::awaitable<std::vector<std::string>> first_list(std::size_t most);
    asio::awaitable<std::vector<std::string>> first_tags(std::size_t most);
    asio::awaitable<std::vector<std::string>> popular(std::size_t most);

    const std::unique_ptr<categories::store> store_;
    posts::slice& posts_;
    const storage::cursor_signer& cursors_;
    const std::shared_ptr<page_routes> pages_;
};

}  // namespace agora::categories
