// SPDX-License-Identifier: MIT
// Comments of a post, as a flat list or as threads: a top-level comment with the replies under it.
//
// A page costs one statement, which reads at most `max_thread_rows` comments and `max_page_bytes` of text. A page of
// threads ends before the first thread that does not fit; a single thread that is too large is cut at its deepest
// replies and marked `more_replies`. A deleted comment keeps its place, so that its replies keep theirs. Handlers call
// the functions at the end. build_threads() is pure; the store is thread-safe.
#pragma once

#include <agora/api/authoring.hpp>
#include <agora/api/list.hpp>
#include <agora/api/precondition.hpp>
#include <agora/features/posts/posts.hpp>
#include <agora/features/users/users.hpp>
#include <agora/http/parameters.hpp>
#include <agora/outcome.hpp>
#include <agora/storage/db.hpp>
#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/describe.hpp>
#include <cstdint>
#include <larder/clock.hpp>
#include <larder/json/schema.hpp>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace agora {
struct services;
}

namespace agora::comments {

namespace asio = boost::asio;

inline constexpr std::int64_t max_thread_rows = 1000;
inline constexpr std::int64_t max_nesting = 50;  ///< a reply to a comment at this depth becomes its sibling
/// Size of a page as JSON. Limited because the event loop writes and compresses it, and so that it fits into the cache.
inline constexpr std::int64_t max_page_bytes = 600'000;

struct comment {
    std::int64_t id = 0;
    std::int64_t post_id = 0;
    std::optional<std::int64_t> parent_id;
    std::string body;  ///< empty when deleted, like body_html
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

inline constexpr larder::json::member_facts comment_facts[]{
    {.name = "id", .meaning = "The id of the comment.", .least = 1},
    {.name = "post_id", .meaning = "The post that it belongs to.", .least = 1},
    {.name = "parent_id", .meaning = "The comment that it replies to; null at the top level."},
    {.name = "body", .meaning = "The text in Markdown; empty when deleted."},
    {.name = "body_html", .meaning = "The text as sanitised HTML; empty when deleted."},
    {.name = "author", .meaning = "Who wrote the comment."},
    {.name = "likes", .meaning = "How many members like it.", .least = 0},
    {.name = "depth", .meaning = "How many comments are above it in its thread.", .least = 0, .most = max_nesting},
    {.name = "version", .meaning = "Counts the edits; the first version is 1.", .least = 1},
    {.name = "created_at", .meaning = "When it was written."},
    {.name = "updated_at", .meaning = "When it was last changed."},
    {.name = "deleted", .meaning = "Whether its text was deleted. Its replies stay."},
};
inline larder::json::type_facts facts_of(std::type_identity<comment>)
{
    return {"Comment", "A comment on a post.", comment_facts};
}

struct thread : comment {
    static constexpr bool json_defaults = true;  ///< lets the schema of this type describe the flat list too
    std::vector<thread> replies;
    bool more_replies = false;  ///< on a top-level comment: some replies are left out here; the flat list has them all
};
BOOST_DESCRIBE_STRUCT(thread, (comment), (replies, more_replies))

inline constexpr larder::json::member_facts thread_facts[]{
    {.name = "replies", .meaning = "The replies, oldest first."},
    {.name = "more_replies",
     .meaning = "Whether some replies of a top-level comment are left out here. The flat list has them all."},
};
inline larder::json::type_facts facts_of(std::type_identity<thread>)
{
    return {"CommentThread", "A comment with its replies. The flat list has only the members of Comment.",
            thread_facts};
}

inline constexpr std::size_t max_body = 20'000;  ///< characters

/// What an author writes.
struct draft {
    std::string body;
    std::optional<std::int64_t> parent_id;  ///< the comment that it replies to
};
BOOST_DESCRIBE_STRUCT(draft, (), (body, parent_id))

inline constexpr larder::json::member_facts draft_facts[]{
    {.name = "body", .meaning = "Markdown.", .least = 1, .most = max_body},
    {.name = "parent_id", .meaning = "The comment of the same post that it replies to.", .least = 1},
};
inline larder::json::type_facts facts_of(std::type_identity<draft>)
{
    return {"NewComment", "What an author writes.", draft_facts};
}

struct change {
    std::string body;
};
BOOST_DESCRIBE_STRUCT(change, (), (body))

inline constexpr larder::json::member_facts change_facts[]{
    {.name = "body", .meaning = "Markdown.", .least = 1, .most = max_body},
};
inline larder::json::type_facts facts_of(std::type_identity<change>)
{
    return {"CommentChange", "A new text of a comment.", change_facts};
}

/// A draft that has passed the rules, ready to be stored.
struct content {
    std::string body;
    std::string body_html;
    /// If the author has written the same comment there after this moment, insert() returns that one. nullopt: it does
    /// not look.
    std::optional<larder::timestamp> once_since{};
};

/// Where a comment is shown.
struct comment_place {
    std::int64_t post_id = 0;
    std::int64_t threads_before = 0;  ///< threads of the post that begin before the comment's own
};
BOOST_DESCRIBE_STRUCT(comment_place, (), (post_id, threads_before))

/// How comments are listed; the first is the default.
inline constexpr std::array<std::string_view, 2> view_words{"tree", "flat"};

struct list_query : api::page_query {
    std::optional<std::string> view;  ///< tree (default), flat

    static constexpr std::array defaults{api::filter_default{"view", view_words[0]}};
};
BOOST_DESCRIBE_STRUCT(list_query, (api::page_query), (view))

inline constexpr larder::json::member_facts list_query_facts[]{
    {.name = "view",
     .meaning =
         "tree pages over top-level comments, each with its replies; flat pages over all comments, oldest first.",
     .initial = "\"tree\"",
     .words = view_words},
};
inline larder::json::type_facts facts_of(std::type_identity<list_query>)
{
    return {"CommentQuery", "Which comments to return, and how.", list_query_facts};
}

/// Whole threads in page order: each top-level comment is followed by its replies, parents before children.
struct thread_rows {
    std::vector<comment> comments;  ///< up to max_thread_rows + 1
    std::int64_t threads = 0;       ///< number of threads from this page on; the count stops at `limit + 1`
};

/// The port to where comments are kept.
class store {
 public:
    virtual ~store() = default;
    virtual asio::awaitable<std::optional<comment>> find(std::int64_t id) = 0;
    /// nullopt: there is no such comment. Deleted ones have a place.
    virtual asio::awaitable<std::optional<comment_place>> place_of(std::int64_t id) = 0;
    /// Up to `w.limit + 1` comments of a post that is not deleted, oldest first. If they are long, the list ends with
    /// the first comment that does not fit into a page.
    virtual asio::awaitable<std::vector<comment>> flat(std::int64_t post_id, const api::window& w) = 0;
    virtual asio::awaitable<thread_rows> threads(std::int64_t post_id, const api::window& w) = 0;
    /// The number of comments; the count stops at `most`.
    virtual asio::awaitable<std::int64_t> count(std::int64_t post_id, bool top_level_only, std::int64_t most) = 0;

    // Each write is one transaction, which also updates the post's counter of comments.

    /// Fails if the post, or the comment that is replied to, does not exist.
    virtual asio::awaitable<outcome<comment>> insert(std::int64_t post_id, std::optional<std::int64_t> parent_id,
                                                     const content& c, std::int64_t author_id,
                                                     larder::timestamp now) = 0;
    /// Fails as stale when the comment is no longer at `version`.
    virtual asio::awaitable<outcome<comment>> update(std::int64_t id, std::int64_t version, const content& c,
                                                     larder::timestamp now) = 0;
    virtual asio::awaitable<outcome<void>> remove(std::int64_t id, std::int64_t version, larder::timestamp now) = 0;
};

/// An author_eraser: invalidates the member's comments, which show their author, and deletes them if `scrub` is
/// set.
asio::awaitable<void> erase_author(storage::session& s, storage::invalidations& invalidations, const author_erasure& d);

/// A storage::data_step: converts the bodies of answers that were imported as HTML to Markdown.
asio::awaitable<std::optional<std::int64_t>> convert_imported(storage::session& s,
                                                              storage::invalidations& invalidations,
                                                              std::int64_t after);

/// Requires: the outbox outlives the store.
std::unique_ptr<store> make_comments_store(storage::outbox& outbox);

/// How many of the comments, from the first one on, fit into a page. The first one always fits.
std::size_t fitting(const std::vector<comment>& rows);

struct thread_page {
    std::vector<thread> threads;
    bool has_more = false;
};

/// Nests the rows of at most `limit` threads. A reply whose parent is not among the rows becomes a direct reply to its
/// thread's top-level comment.
thread_page build_threads(thread_rows rows, std::int64_t limit);

// The operations that handlers call. References must stay valid until the awaited call returns.

asio::awaitable<outcome<comment>> find(store& s, std::int64_t id);
/// By a form, a comment that the author has written there within the last minute is returned instead of a second one.
asio::awaitable<outcome<comment>> create(store& s, api::authoring by, std::int64_t post_id, std::int64_t author_id,
                                         const draft& d);
asio::awaitable<outcome<comment>> revise(store& s, api::authoring by, api::edit e, const change& wanted);
asio::awaitable<outcome<void>> remove(store& s, const larder::clock& c, api::edit e);
asio::awaitable<outcome<api::list<comment>>> flat(store& s, const storage::cursor_signer& signer, std::int64_t post_id,
                                                  const list_query& q);
asio::awaitable<outcome<api::list<thread>>> tree(store& s, const storage::cursor_signer& signer, std::int64_t post_id,
                                                 const list_query& q);

/// The row version of a comment is part of its ETag, so that a client can edit what it has read.
inline std::int64_t row_version(const comment& c) { return c.version; }

/// A page of the comments of a post: view=tree, view=flat.
using page = std::variant<api::list<thread>, api::list<comment>>;

/// The page of a post with its comments, and the forms for comments.
class page_routes;
std::shared_ptr<page_routes> make_pages(services& s, store& comments, posts::slice& posts, api::authoring by);

/// /api/posts/{id}/comments and /api/comments.
class slice {
 public:
    slice(services& s, posts::slice& posts);

 private:
    asio::awaitable<outcome<page>> of_post(http::anyone, const http::path<std::int64_t>& post_id,
                                           const http::query<list_query>& q);
    asio::awaitable<outcome<comment>> find(http::anyone, const http::path<std::int64_t>& id);
    asio::awaitable<outcome<http::created<comment>>> create(http::member who, const http::path<std::int64_t>& post_id,
                                                            const http::body<draft>& d);
    asio::awaitable<outcome<comment>> revise(http::member who, const http::path<std::int64_t>& id,
                                             http::if_match version, const http::body<change>& wanted);
    asio::awaitable<outcome<void>> remove(http::member who, const http::path<std::int64_t>& id, http::if_match version);
    asio::awaitable<std::vector<std::string>> popular_threads(std::size_t most);

    const std::unique_ptr<comments::store> store_;
    posts::slice& posts_;
    const storage::cursor_signer& cursors_;
    const api::authoring by_;
    const std::shared_ptr<page_routes> pages_;
};

}  // namespace agora::comments
