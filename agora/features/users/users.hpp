// SPDX-License-Identifier: MIT
// Users as other users see them: profiles, lists, and who follows whom. E-mail addresses and passwords belong to
// the slice accounts and never pass through here. Handlers call the functions at the end, which check the
// rules and call the store. Each read of the store costs one statement, each write is one transaction. Thread-safe.
#pragma once

#include <agora/api/list.hpp>
#include <agora/features/users/names.hpp>
#include <agora/http/parameters.hpp>
#include <agora/outcome.hpp>
#include <agora/services/erasure.hpp>
#include <agora/storage/db.hpp>
#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/describe.hpp>
#include <cstdint>
#include <functional>
#include <larder/clock.hpp>
#include <larder/json/schema.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace agora::storage {
class invalidations;
class outbox;
}  // namespace agora::storage

namespace agora {
struct services;
}
namespace larder {
class rate_limit;
}

namespace agora::problems {

inline const problem_code oneself{"oneself", 409, "Members cannot do this to their own account.",
                                  "Name another member, or ask another administrator."};
inline const problem_code signed_out{"signed_out", 401, "The sign-in has ended, or the account has been deleted.",
                                     "Sign in again."};

}  // namespace agora::problems

namespace agora::users {

namespace asio = boost::asio;

inline constexpr std::size_t max_bio = 2000;        ///< characters
inline constexpr std::size_t max_avatar_url = 500;  ///< bytes
inline constexpr std::array<std::string_view, 3> role_words{"user", "moderator", "admin"};

struct user {
    std::int64_t id = 0;
    std::string username;
    std::string display_name;
    std::string bio;  ///< plain text, may have several lines
    std::string avatar_url;
    std::string role;
    std::int64_t followers = 0;
    std::int64_t following = 0;
    std::int64_t posts = 0;
    std::optional<bool> is_following;  ///< null for guests
    larder::timestamp created_at{};
};
BOOST_DESCRIBE_STRUCT(user, (),
                      (id, username, display_name, bio, avatar_url, role, followers, following, posts, is_following,
                       created_at))

inline constexpr larder::json::member_facts user_facts[]{
    {.name = "id", .meaning = "Never given to anyone else, not even after the account is deleted.", .least = 1},
    {.name = "username", .meaning = "Unique, in lower case."},
    {.name = "display_name", .meaning = "The name that is shown, one line."},
    {.name = "bio", .meaning = "Plain text; may have several lines.", .most = max_bio},
    {.name = "avatar_url", .meaning = "An http or https address, or empty.", .most = max_avatar_url},
    {.name = "role", .meaning = "What the member may do.", .words = role_words},
    {.name = "followers", .meaning = "How many members follow this one.", .least = 0},
    {.name = "following", .meaning = "How many members this one follows.", .least = 0},
    {.name = "posts", .meaning = "How many posts the member has written.", .least = 0},
    {.name = "is_following", .meaning = "Whether the caller follows this member; null for guests."},
    {.name = "created_at", .meaning = "When the account was made."},
};
inline larder::json::type_facts facts_of(std::type_identity<user>)
{
    return {"User", "A member of the community.", user_facts};
}

/// A user as the author of something.
struct author {
    std::int64_t id = 0;
    std::string username;
    std::string avatar_url;
};
BOOST_DESCRIBE_STRUCT(author, (), (id, username, avatar_url))

inline constexpr larder::json::member_facts author_facts[]{
    {.name = "id", .meaning = "The id of the member.", .least = 1},
    {.name = "username", .meaning = "Unique, in lower case."},
    {.name = "avatar_url", .meaning = "An http or https address, or empty.", .most = max_avatar_url},
};
inline larder::json::type_facts facts_of(std::type_identity<author>)
{
    return {"Author", "A member as the author of something.", author_facts};
}

/// The username as it is stored: folded (markup/fold.hpp), so that upper and lower case do not matter.
std::string normalized_username(std::string_view written);

/// Whether the text has the form of a stored username.
bool is_username(std::string_view normalized) noexcept;

/// A change that a member makes to their own profile. Absent fields stay unchanged.
struct change {
    std::optional<std::string> display_name;
    std::optional<std::string> bio;
    std::optional<std::string> avatar_url;  ///< https:// or http://; an empty text removes it
};
BOOST_DESCRIBE_STRUCT(change, (), (display_name, bio, avatar_url))

inline constexpr larder::json::member_facts change_facts[]{
    {.name = "display_name", .meaning = "One line of visible characters.", .least = 1, .most = max_display_name},
    {.name = "bio", .meaning = "Plain text; may have several lines.", .most = max_bio},
    {.name = "avatar_url",
     .meaning = "An http or https address; an empty text removes the picture.",
     .most = max_avatar_url},
};
inline larder::json::type_facts facts_of(std::type_identity<change>)
{
    return {"ProfileChange", "A change of the own profile. Absent fields stay as they are.", change_facts};
}

struct list_query : api::page_query {
    std::optional<std::string> search;  ///< text that the username or the display name contains
};
BOOST_DESCRIBE_STRUCT(list_query, (api::page_query), (search))

inline constexpr larder::json::member_facts list_query_facts[]{
    {.name = "search",
     .meaning = "A text that the username or the display name contains. Upper and lower case are the same."},
};
inline larder::json::type_facts facts_of(std::type_identity<list_query>)
{
    return {"UserQuery", "Which users to return.", list_query_facts};
}

struct follow_state {
    bool following = false;
    std::int64_t followers = 0;  ///< number of followers of the followed user
};
BOOST_DESCRIBE_STRUCT(follow_state, (), (following, followers))

inline constexpr larder::json::member_facts follow_state_facts[]{
    {.name = "following", .meaning = "Whether the caller follows the member now."},
    {.name = "followers", .meaning = "How many members follow the member now.", .least = 0},
};
inline larder::json::type_facts facts_of(std::type_identity<follow_state>)
{
    return {"FollowState", "Whether the caller follows a member.", follow_state_facts};
}

enum class relation : std::uint8_t { followers, following };

/// The port to where users are kept. `viewer` is the user for whom `is_following` is filled in; 0 is a guest.
class store {
 public:
    virtual ~store() = default;
    virtual asio::awaitable<std::optional<user>> find(std::int64_t id, std::int64_t viewer) = 0;
    virtual asio::awaitable<std::optional<user>> find_by_name(std::string_view normalized, std::int64_t viewer) = 0;
    /// The ids of the users with the most posts. Scans all users.
    virtual asio::awaitable<std::vector<std::int64_t>> most_active(std::size_t most) = 0;
    /// Up to `w.limit + 1` users, ordered by id. Scans all users if `search` is not empty.
    virtual asio::awaitable<std::vector<user>> list(std::string_view search, std::int64_t viewer,
                                                    const api::window& w) = 0;
    virtual asio::awaitable<std::int64_t> count(std::string_view search, std::int64_t most) = 0;
    virtual asio::awaitable<std::vector<user>> related(std::int64_t id, relation how, std::int64_t viewer,
                                                       const api::window& w) = 0;

    /// Idempotent. Fails as not found if there is no such user.
    virtual asio::awaitable<outcome<follow_state>> follow(std::int64_t me, std::int64_t id, larder::timestamp now) = 0;
    virtual asio::awaitable<outcome<follow_state>> unfollow(std::int64_t me, std::int64_t id) = 0;
    virtual asio::awaitable<outcome<user>> update(std::int64_t id, const change& wanted) = 0;
};

/// A storage::data_step: converts the HTML bios of imported members to plain text.
asio::awaitable<std::optional<std::int64_t>> convert_imported(storage::session& s,
                                                              storage::invalidations& invalidations,
                                                              std::int64_t after);

/// `shown_by`: the erasers of all slices that show authors. They also run, without scrubbing, when a member changes
/// their avatar, so that whatever shows it is invalidated. Requires: both outlive the store.
std::unique_ptr<store> make_users_store(storage::outbox& outbox, const author_erasers& shown_by);
std::unique_ptr<store> make_users_store(storage::outbox& outbox);

/// Locks the member's row until the transaction ends. A concurrent deletion of the account waits and then also covers
/// what this transaction writes for the member. Returns false if the account has been deleted already.
asio::awaitable<bool> lock_member(storage::session& s, std::int64_t id);
/// The failure of a request whose own account has been deleted in the meantime.
failure account_deleted();

/// Invalidates what shows a member's name, role or counters, lists included. Call it in the transaction that changes
/// them.
void invalidate_profile(storage::invalidations& invalidations, std::int64_t id, std::string_view username);

/// A storage::data_step: folds the display names that were stored before searches used folded names.
asio::awaitable<std::optional<std::int64_t>> fold_names(storage::session& s, storage::invalidations& invalidations,
                                                        std::int64_t after);

/// Replaces the member's profile with that of "deleted-ID" and removes all follows by and of the member.
asio::awaitable<void> remove_profile(storage::session& s, storage::invalidations& invalidations,
                                     const author_erasure& d);

// The operations that handlers call. References must stay valid until the awaited call returns.

asio::awaitable<outcome<user>> find(store& s, std::int64_t id, std::int64_t viewer = 0);
asio::awaitable<outcome<user>> by_name(store& s, std::string_view written, std::int64_t viewer = 0);
asio::awaitable<outcome<api::list<user>>> list(store& s, const storage::cursor_signer& signer, std::int64_t viewer,
                                               const list_query& q);
class related_query {
 public:
    std::int64_t id = 0;
    relation how = relation::followers;
    std::int64_t viewer = 0;
};
asio::awaitable<outcome<api::list<user>>> related(store& s, const storage::cursor_signer& signer, related_query of,
                                                  const api::page_query& q);
asio::awaitable<outcome<follow_state>> follow(store& s, const larder::clock& c, std::int64_t me, std::int64_t id);
asio::awaitable<outcome<user>> update(store& s, std::int64_t me, const change& wanted);

/// The page for changing one's own profile.
class settings_pages;

/// /api/users: profiles, lists, and who follows whom.
class slice {
 public:
    explicit slice(services& s);
    /// For slices that read or write users.
    users::store& store() noexcept { return *store_; }

 private:
    asio::awaitable<outcome<user>> find(http::guest_or_member who, const http::path<std::int64_t>& id);
    asio::awaitable<outcome<user>> by_name(http::guest_or_member who, const http::path<std::string>& username);
    asio::awaitable<outcome<api::list<user>>> list(http::guest_or_member who, const http::query<list_query>& q);
    asio::awaitable<outcome<api::list<user>>> followers(http::guest_or_member who, const http::path<std::int64_t>& id,
                                                        const http::query<api::page_query>& q);
    asio::awaitable<outcome<api::list<user>>> following(http::guest_or_member who, const http::path<std::int64_t>& id,
                                                        const http::query<api::page_query>& q);
    asio::awaitable<outcome<follow_state>> follow(http::member who, const http::path<std::int64_t>& id);
    asio::awaitable<outcome<follow_state>> unfollow(http::member who, const http::path<std::int64_t>& id);
    asio::awaitable<outcome<user>> update(http::member who, const http::body<change>& wanted);
    asio::awaitable<std::vector<std::string>> popular(std::size_t most);

    const std::unique_ptr<users::store> store_;
    const storage::cursor_signer& cursors_;
    const larder::clock& clock_;
    std::shared_ptr<settings_pages> settings_;
};

/// `changes`: the limit of changes to profiles. Requires: all references outlive the pages.
std::shared_ptr<settings_pages> make_settings_pages(services& s, store& users, larder::rate_limit& changes);

}  // namespace agora::users
