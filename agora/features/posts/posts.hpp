// SPDX-License-Identifier: MIT
// Posts: what a post is, the rules for writing one, and the port to where posts are kept.
//
// A post's version grows with every edit, but not when a counter changes; an edit names the version it was made from
// (api/precondition.hpp). Deletion is soft: the row stays, and every reader gets "not found". Handlers call the
// functions at the end, which check the rules and call the store. The store is thread-safe; a page of a list costs one
// statement, however deep it is.
#pragma once

#include <agora/api/authoring.hpp>
#include <agora/api/list.hpp>
#include <agora/api/precondition.hpp>
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
#include <string_view>
#include <vector>

namespace agora::storage {
class outbox;
class invalidations;
}  // namespace agora::storage

namespace agora {
struct services;
}
namespace agora::html {
class writer;
}
namespace agora::site {
class site;
struct document;
}  // namespace agora::site

namespace agora::problems {

inline const problem_code deleted{"deleted", 410, "The object has been deleted.", "Do not request it again."};

}  // namespace agora::problems

namespace agora::posts {

namespace asio = boost::asio;

inline constexpr std::size_t max_title = 300;     ///< characters
inline constexpr std::size_t max_body = 100'000;  ///< characters
inline constexpr std::size_t max_tags = 5;
inline constexpr std::size_t max_tag = 35;
inline constexpr std::size_t excerpt_size = 300;  ///< characters

/// A post as lists show it.
struct post_summary {
    std::int64_t id = 0;
    std::string title;  ///< plain text
    std::string excerpt;
    std::optional<std::string> category;  ///< slug
    std::vector<std::string> tags;        ///< sorted
    users::author author;
    std::int64_t likes = 0;
    std::int64_t views = 0;
    std::int64_t comments = 0;
    std::optional<bool> liked;  ///< null for guests
    std::int64_t version = 0;
    larder::timestamp created_at{};
    larder::timestamp updated_at{};
};
BOOST_DESCRIBE_STRUCT(post_summary, (),
                      (id, title, excerpt, category, tags, author, likes, views, comments, liked, version, created_at,
                       updated_at))

inline constexpr larder::json::member_facts post_summary_facts[]{
    {.name = "id", .meaning = "The id of the post.", .least = 1},
    {.name = "title", .meaning = "Plain text, one line.", .least = 1, .most = max_title},
    {.name = "excerpt", .meaning = "The beginning of the text, without markup.", .most = excerpt_size},
    {.name = "category", .meaning = "The slug of the category; null when the post has none."},
    {.name = "tags", .meaning = "Sorted, in lower case.", .most = max_tags},
    {.name = "author", .meaning = "Who wrote the post."},
    {.name = "likes", .meaning = "How many members like the post.", .least = 0},
    {.name = "views", .meaning = "How often the post was read.", .least = 0},
    {.name = "comments", .meaning = "How many comments the post has.", .least = 0},
    {.name = "liked", .meaning = "Whether the caller likes the post; null for guests."},
    {.name = "version", .meaning = "Counts the edits of the post; the first version is 1.", .least = 1},
    {.name = "created_at", .meaning = "When the post was written."},
    {.name = "updated_at", .meaning = "When the post was last changed."},
};
inline larder::json::type_facts facts_of(std::type_identity<post_summary>)
{
    return {"PostSummary", "A post as lists show it, without its text.", post_summary_facts};
}

struct post : post_summary {
    std::string body;       ///< Markdown as written; for an imported post, converted from HTML
    std::string body_html;  ///< sanitised
};
BOOST_DESCRIBE_STRUCT(post, (post_summary), (body, body_html))

inline constexpr larder::json::member_facts post_facts[]{
    {.name = "body", .meaning = "The text in Markdown, as it was written."},
    {.name = "body_html", .meaning = "The text as sanitised HTML."},
};
inline larder::json::type_facts facts_of(std::type_identity<post>)
{
    return {"Post", "A post with its text.", post_facts};
}

/// What an author writes.
struct draft {
    std::string title;
    std::string body;
    std::optional<std::string> category;  ///< slug
    std::optional<std::vector<std::string>> tags;
};
BOOST_DESCRIBE_STRUCT(draft, (), (title, body, category, tags))

inline constexpr larder::json::member_facts draft_facts[]{
    {.name = "title", .meaning = "One line of plain text.", .least = 1, .most = max_title},
    {.name = "body", .meaning = "Markdown.", .least = 1, .most = max_body},
    {.name = "category", .meaning = "The slug of a category."},
    {.name = "tags",
     .meaning = "Each has 1 to 35 of a-z, 0-9 and the characters + # . - and is stored in lower case.",
     .most = max_tags},
};
inline larder::json::type_facts facts_of(std::type_identity<draft>)
{
    return {"NewPost", "What an author writes.", draft_facts};
}

/// A partial edit: absent members stay as they are; an empty category takes the post out of its category.
struct change {
    std::optional<std::string> title;
    std::optional<std::string> body;
    std::optional<std::string> category;
    std::optional<std::vector<std::string>> tags;
};
BOOST_DESCRIBE_STRUCT(change, (), (title, body, category, tags))

inline constexpr larder::json::member_facts change_facts[]{
    {.name = "title", .meaning = "One line of plain text. Absent: unchanged.", .least = 1, .most = max_title},
    {.name = "body", .meaning = "Markdown. Absent: unchanged.", .least = 1, .most = max_body},
    {.name = "category",
     .meaning = "The slug of a category. Absent: unchanged; an empty text takes the post out of its category."},
    {.name = "tags",
     .meaning =
         "Each has 1 to 35 of a-z, 0-9 and the characters + # . - and is stored in lower case. Absent: unchanged.",
     .most = max_tags},
};
inline larder::json::type_facts facts_of(std::type_identity<change>)
{
    return {"PostChange", "A change of parts of a post.", change_facts};
}

/// The orders of a list: the newest first, most likes, latest comment.
inline constexpr std::array<std::string_view, 3> sort_words{"new", "top", "active"};
/// The order of a list whose query names none.
inline constexpr std::string_view default_sort = sort_words[0];

/// The query of a list of posts. Empty values count as absent.
struct list_query : api::page_query {
    std::optional<std::string> sort;      ///< new (default), top, active
    std::optional<std::string> category;  ///< slug or id
    std::optional<std::string> tag;
    std::optional<std::string> author;  ///< username or id
    std::optional<std::string> q;       ///< full-text search, which does not exist yet: refused

    static constexpr std::array defaults{api::filter_default{"sort", default_sort}};
};
BOOST_DESCRIBE_STRUCT(list_query, (api::page_query), (sort, category, tag, author, q))

inline constexpr larder::json::member_facts list_query_facts[]{
    {.name = "sort",
     .meaning =
         "The order: the newest first, those with the most likes first, or those with the latest comments first.",
     .initial = "\"new\"",
     .words = sort_words},
    {.name = "category", .meaning = "Only posts of this category: its slug or its id."},
    {.name = "tag", .meaning = "Only posts that have this tag."},
    {.name = "author", .meaning = "Only posts by this author: a username or an id."},
    {.name = "q", .meaning = "Kept for full-text search, which does not exist yet: a text is refused."},
};
inline larder::json::type_facts facts_of(std::type_identity<list_query>)
{
    return {"PostQuery", "Which posts to return.", list_query_facts};
}

enum class order { newest, top, active };

/// Which posts a list contains, and their order. Empty fields do not filter; digits name a category or an author by id.
struct filter {
    order by = order::newest;
    std::string category;
    std::string tag;
    std::string author;
};

/// A draft that has passed the rules, ready to be stored.
struct content {
    std::string title;
    std::string body;
    std::string body_html;
    std::string excerpt;
    std::optional<std::int64_t> category_id;
    std::vector<std::string> tags;  ///< sorted, without duplicates
    /// If the author has written the same post after this moment, insert() returns that one. nullopt: it does not look.
    std::optional<larder::timestamp> once_since{};
};

/// What a sitemap says about a post.
struct post_address {
    std::int64_t id = 0;
    std::string title;
    larder::timestamp changed_at{};  ///< the last edit or comment
};
BOOST_DESCRIBE_STRUCT(post_address, (), (id, title, changed_at))

/// The posts number `number * size + 1` to `number * size + size`, by id.
struct post_range {
    std::int64_t number = 0;
    larder::timestamp changed_at{};
};
BOOST_DESCRIBE_STRUCT(post_range, (), (number, changed_at))

struct category_choice {
    std::string slug;
    std::string name;
};
BOOST_DESCRIBE_STRUCT(category_choice, (), (slug, name))

/// The port to where posts are kept. Each write is one transaction, which also updates the counters of the author, the
/// category and the tags.
class store {
 public:
    virtual ~store() = default;
    /// Up to `w.limit + 1` posts after `w.after`.
    virtual asio::awaitable<std::vector<api::placed<post_summary>>> list(const filter& f, const api::window& w) = 0;
    /// The number of posts; the count stops at `most`.
    virtual asio::awaitable<std::int64_t> count(const filter& f, std::int64_t most) = 0;
    virtual asio::awaitable<std::optional<post>> find(std::int64_t id) = 0;
    virtual asio::awaitable<bool> exists(std::int64_t id) = 0;
    virtual asio::awaitable<bool> was_deleted(std::int64_t id) = 0;
    /// The ids of the most liked posts, the most liked first.
    virtual asio::awaitable<std::vector<std::int64_t>> most_liked(std::size_t most) = 0;
    /// The ranges of `size` ids in which there are posts, in order. Scans all posts.
    virtual asio::awaitable<std::vector<post_range>> ranges(std::int64_t size) = 0;
    /// The posts of one range, by id.
    virtual asio::awaitable<std::vector<post_address>> addresses(std::int64_t number, std::int64_t size) = 0;
    virtual asio::awaitable<std::optional<std::int64_t>> category_id(std::string_view slug) = 0;
    /// Slug and name of each category, by name; at most 200.
    virtual asio::awaitable<std::vector<category_choice>> categories() = 0;

    virtual asio::awaitable<outcome<post>> insert(const content& c, std::int64_t author_id, larder::timestamp now) = 0;
    /// Fails as stale when the post is no longer at `version`.
    virtual asio::awaitable<outcome<post>> update(std::int64_t id, std::int64_t version, const content& c,
                                                  larder::timestamp now) = 0;
    virtual asio::awaitable<outcome<void>> remove(std::int64_t id, std::int64_t version, larder::timestamp now) = 0;
};

/// Invalidates what shows the counters of a post (comments, likes). Call it in the transaction that changes them.
void invalidate_counters(storage::invalidations& invalidations, std::int64_t id, std::int64_t author_id);

/// An author_eraser: invalidates the member's posts, which show their author, and deletes them if `scrub` is set.
asio::awaitable<void> erase_author(storage::session& s, storage::invalidations& invalidations, const author_erasure& d);

/// A storage::data_step: converts the bodies of posts that were imported as HTML to Markdown.
asio::awaitable<std::optional<std::int64_t>> convert_imported(storage::session& s,
                                                              storage::invalidations& invalidations,
                                                              std::int64_t after);

/// Requires: the outbox outlives the store.
std::unique_ptr<store> make_posts_store(storage::outbox& outbox);

// The operations that handlers call. References must stay valid until the awaited call returns.

asio::awaitable<outcome<api::list<post_summary>>> list(store& s, const storage::cursor_signer& signer,
                                                       const list_query& q);
asio::awaitable<outcome<post>> find(store& s, std::int64_t id);
/// By a form, a post that the author has written within the last minute is returned instead of a second one.
asio::awaitable<outcome<post>> create(store& s, api::authoring by, std::int64_t author_id, const draft& d);
asio::awaitable<outcome<post>> replace(store& s, api::authoring by, api::edit e, const draft& d);
asio::awaitable<outcome<post>> revise(store& s, api::authoring by, api::edit e, const change& wanted);
asio::awaitable<outcome<void>> remove(store& s, const larder::clock& c, api::edit e);

/// A list of posts as a page shows it.
class shown_list {
 public:
    std::string base;          ///< the path of the list in its default order, such as "/" or "/c/repairs"
    std::string order{"new"};  ///< new, top, active
    std::string write_path{"/write"};
    std::string empty_heading{"Nobody has written yet"};
    std::string empty_text{
        "A good first post says who this community is for, and asks one question that many can answer."};
};
/// Writes the tabs, the posts, and the link to older ones. If there are no posts, it says what to do about it.
void write_list(html::writer& out, const shown_list& in, const api::list<post_summary>& posts);
/// Writes only the posts, and the link to older ones. `path` is that of the page.
void write_posts(html::writer& out, std::string_view path, const api::list<post_summary>& posts);
/// The path of the list in its order.
std::string path_of(const shown_list& in);
/// A list page loads this many posts after the cursor `after`.
struct after_query {
    std::optional<std::string> after;
};
BOOST_DESCRIBE_STRUCT(after_query, (), (after))

/// The row version of a post is part of its ETag, so that a client can edit what it has read.
inline std::int64_t row_version(const post& p) { return p.version; }

/// The pages of posts: lists, and the forms for writing, editing and deleting.
class page_routes;
std::shared_ptr<page_routes> make_pages(services& s, store& posts, api::authoring by);

/// The page of a member, /u/{name}: the profile and the posts.
class profile_routes;
std::shared_ptr<profile_routes> make_profile_pages(services& s, store& posts, users::store& users);

/// What an Atom feed is about.
struct feed_subject {
    std::string title;  ///< empty: the whole site
    std::string path;   ///< of the page that shows the same posts
    std::string feed_path;
};
/// An Atom feed (RFC 4287) of these posts. All addresses begin with PUBLIC_URL.
site::document atom_feed(const site::site& in, const feed_subject& about, const std::vector<post_summary>& posts);

/// The feeds of the newest posts: all, those with a tag, those of a member.
class feed_routes;
std::shared_ptr<feed_routes> make_feeds(services& s, store& posts, users::store& users);

/// /api/posts: lists, single posts, and writing them. A post is edited by its author and by moderators.
class slice {
 public:
    slice(services& s, users::slice& users);
    /// For slices that read posts.
    posts::store& store() noexcept { return *store_; }

 private:
    asio::awaitable<outcome<api::list<post_summary>>> list(http::guest_or_member who, const http::query<list_query>& q);
    asio::awaitable<outcome<api::list<post_summary>>> list_of_author(http::guest_or_member who,
                                                                     const http::path<std::int64_t>& user_id,
                                                                     const http::query<list_query>& q);
    asio::awaitable<outcome<post>> find(http::anyone, const http::path<std::int64_t>& id);
    asio::awaitable<outcome<http::created<post>>> create(http::member who, const http::body<draft>& d);
    asio::awaitable<outcome<post>> replace(http::member who, const http::path<std::int64_t>& id, http::if_match version,
                                           const http::body<draft>& d);
    asio::awaitable<outcome<post>> revise(http::member who, const http::path<std::int64_t>& id, http::if_match version,
                                          const http::body<change>& wanted);
    asio::awaitable<outcome<void>> remove(http::member who, const http::path<std::int64_t>& id, http::if_match version);

    // The most popular targets, for warming:
    asio::awaitable<std::vector<std::string>> popular_lists(std::size_t most);
    asio::awaitable<std::vector<std::string>> popular_posts(std::size_t most);
    asio::awaitable<std::vector<std::string>> popular_authors(std::size_t most);

    const std::unique_ptr<posts::store> store_;
    users::slice& users_;
    const storage::cursor_signer& cursors_;
    const api::authoring by_;
    const std::shared_ptr<page_routes> pages_;
    const std::shared_ptr<profile_routes> profiles_;
    const std::shared_ptr<feed_routes> feeds_;
};

}  // namespace agora::posts
