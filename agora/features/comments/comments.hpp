// SPDX-License-Identifier: MIT
// Comments of a post, as a flat list or as threads: a top-level comment with the replies under it.
//
// A page is one statement. It reads at most `max_thread_rows` comments and `max_page_bytes` of text, however many there
// are and however long: a page of threads ends before the first one that does not fit, and a single thread that is
// larger than that is cut at its deepest replies and says so. A deleted comment keeps its place, so that the replies
// under it keep theirs. build_threads is pure; the store is thread-safe.
#pragma once

#include <agora/api/authoring.hpp>
#include <agora/api/list.hpp>
#include <agora/api/precondition.hpp>
#include <agora/features/posts/posts.hpp>
#include <agora/features/users/users.hpp>
#include <agora/outcome.hpp>
#include <agora/storage/db.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/describe.hpp>
#include <cstdint>
#include <larder/clock.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace agora::comments {

namespace asio = boost::asio;

inline constexpr std::int64_t max_thread_rows = 1000;
inline constexpr std::int64_t max_nesting = 50;  ///< a reply to a deeper one stands beside it
/// Of a page as JSON: it is written and compressed by the event loop, and small enough to be kept in the cache.
inline constexpr std::int64_t max_page_bytes = 600'000;

struct comment {
    std::int64_t id = 0;
    std::int64_t post_id = 0;
    std::optional<std::int64_t> parent_id;
    std::string body;  ///< empty when deleted, as body_html
    std::string body_html;
    users::author author;
    std::int64_t likes = 0;
    std::int64_t depth = 0;
    std::int64_t version = 0;
    larder::timestamp created_at{};
    larder::timestamp updated_at{};
    bool deleted = false;
};
BOOST_DESCRIBE_STRUCT(comment, (),
                      (id, post_id, parent_id, body, body_html, author, likes, depth, version, created_at, updated_at,
                       deleted))

struct thread : comment {
    static constexpr bool json_defaults = true;  ///< so that the schema of this type holds for the flat list too
    std::vector<thread> replies;
    bool more_replies = false;  ///< on a top-level comment: not all of its replies are here; the flat list has them
};
BOOST_DESCRIBE_STRUCT(thread, (comment), (replies, more_replies))

inline constexpr std::size_t max_body = 20'000;  ///< characters

/// What an author writes.
struct draft {
    std::string body;
    std::optional<std::int64_t> parent_id;  ///< the comment that it answers
};
BOOST_DESCRIBE_STRUCT(draft, (), (body, parent_id))

struct change {
    std::string body;
};
BOOST_DESCRIBE_STRUCT(change, (), (body))

/// A draft that has passed the rules, ready to be stored.
struct content {
    std::string body;
    std::string body_html;
};

struct list_query : api::page_query {
    std::optional<std::string> view;  ///< tree (default), flat
};
BOOST_DESCRIBE_STRUCT(list_query, (api::page_query), (view))

/// Whole threads in page order: each top-level comment is followed by its replies, parents before children.
struct thread_rows {
    std::vector<comment> comments;  ///< up to max_thread_rows + 1
    std::int64_t threads = 0;       ///< how many there are from here on, counted up to `limit + 1`
};

class store {
 public:
    virtual ~store() = default;
    virtual asio::awaitable<std::optional<comment>> find(std::int64_t id) = 0;
    /// Up to `w.limit + 1` comments of a post that is not deleted, oldest first; fewer when they are long: the first
    /// that does not fit into a page is the last one.
    virtual asio::awaitable<std::vector<comment>> flat(std::int64_t post_id, const api::window& w) = 0;
    virtual asio::awaitable<thread_rows> threads(std::int64_t post_id, const api::window& w) = 0;
    /// Counts up to `most`.
    virtual asio::awaitable<std::int64_t> count(std::int64_t post_id, bool top_level_only, std::int64_t most) = 0;

    // Each is one transaction, which also keeps the post's count of comments.

    /// Fails when the post, or the comment that it answers, is not there.
    virtual asio::awaitable<outcome<comment>> insert(std::int64_t post_id, std::optional<std::int64_t> parent_id,
                                                     const content& c, std::int64_t author_id,
                                                     larder::timestamp now) = 0;
    /// Fails as stale when the comment is no longer at `version`.
    virtual asio::awaitable<outcome<comment>> update(std::int64_t id, std::int64_t version, const content& c,
                                                     larder::timestamp now) = 0;
    virtual asio::awaitable<outcome<void>> remove(std::int64_t id, std::int64_t version, larder::timestamp now) = 0;
};

/// A users::author_eraser: his comments show another name, or are gone.
asio::awaitable<void> erase_author(storage::session& s, storage::invalidations& invalidations,
                                   const users::author_erasure& d);

/// A storage::data_step: the bodies of answers that were imported as HTML become Markdown.
asio::awaitable<std::optional<std::int64_t>> convert_imported(storage::session& s,
                                                              storage::invalidations& invalidations,
                                                              std::int64_t after);

/// Requires: the outbox outlives the store.
std::unique_ptr<store> make_comments_store(storage::outbox& outbox);

/// How many of the first comments fit into a page: at least one.
std::size_t fitting(const std::vector<comment>& rows);

struct thread_page {
    std::vector<thread> threads;
    bool has_more = false;
};

/// Nests the rows of at most `limit` threads. A reply whose parent is not among the rows hangs on its thread.
thread_page build_threads(thread_rows rows, std::int64_t limit);

// The verbs. References live until the awaited call returns.

asio::awaitable<outcome<comment>> find(store& s, std::int64_t id);
asio::awaitable<outcome<comment>> create(store& s, api::authoring by, std::int64_t post_id, std::int64_t author_id,
                                         const draft& d);
asio::awaitable<outcome<comment>> revise(store& s, api::authoring by, api::edit e, const change& wanted);
asio::awaitable<outcome<void>> remove(store& s, const larder::clock& c, api::edit e);
asio::awaitable<outcome<api::list<comment>>> flat(store& s, const storage::cursor_signer& signer, std::int64_t post_id,
                                                  const list_query& q);
asio::awaitable<outcome<api::list<thread>>> tree(store& s, const storage::cursor_signer& signer, std::int64_t post_id,
                                                 const list_query& q);

}  // namespace agora::comments
