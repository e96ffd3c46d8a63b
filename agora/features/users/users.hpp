// SPDX-License-Identifier: MIT
// Users as others see them. E-mail addresses and passwords belong to accounts and never pass through here.
// The store is thread-safe; reading costs one statement, writing is one transaction.
#pragma once

#include <agora/api/list.hpp>
#include <agora/features/users/names.hpp>
#include <agora/outcome.hpp>
#include <agora/storage/db.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/describe.hpp>
#include <cstdint>
#include <functional>
#include <larder/clock.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace agora::storage {
class invalidations;
class outbox;
}  // namespace agora::storage

namespace agora::users {

namespace asio = boost::asio;

struct user {
    std::int64_t id = 0;
    std::string username;
    std::string display_name;
    std::string bio;  ///< plain text, of several lines
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

/// A user as the author of something.
struct author {
    std::int64_t id = 0;
    std::string username;
    std::string avatar_url;
};
BOOST_DESCRIBE_STRUCT(author, (), (id, username, avatar_url))

/// Usernames are stored folded (markup/fold.hpp); people write them as they like.
std::string normalized_username(std::string_view written);

/// Whether a stored username can look like this.
bool is_username(std::string_view normalized) noexcept;

inline constexpr std::size_t max_bio = 2000;        ///< characters
inline constexpr std::size_t max_avatar_url = 500;  ///< bytes

/// What one changes of oneself: absent members stay as they are.
struct change {
    std::optional<std::string> display_name;
    std::optional<std::string> bio;
    std::optional<std::string> avatar_url;  ///< https:// or http://; empty: none
};
BOOST_DESCRIBE_STRUCT(change, (), (display_name, bio, avatar_url))

struct list_query : api::page_query {
    std::optional<std::string> search;  ///< part of the username or of the display name
};
BOOST_DESCRIBE_STRUCT(list_query, (api::page_query), (search))

struct follow_state {
    bool following = false;
    std::int64_t followers = 0;  ///< of the one who is followed
};
BOOST_DESCRIBE_STRUCT(follow_state, (), (following, followers))

enum class relation : std::uint8_t { followers, following };

/// `viewer`: whose `is_following` is told; 0: a guest's.
class store {
 public:
    virtual ~store() = default;
    virtual asio::awaitable<std::optional<user>> find(std::int64_t id, std::int64_t viewer) = 0;
    virtual asio::awaitable<std::optional<user>> find_by_name(std::string_view normalized, std::int64_t viewer) = 0;
    /// The ids of those who wrote the most posts. Looks at all users.
    virtual asio::awaitable<std::vector<std::int64_t>> most_active(std::size_t most) = 0;
    /// Up to `w.limit + 1` users by their ids; looks at all users when `search` is not empty.
    virtual asio::awaitable<std::vector<user>> list(std::string_view search, std::int64_t viewer,
                                                    const api::window& w) = 0;
    virtual asio::awaitable<std::int64_t> count(std::string_view search, std::int64_t most) = 0;
    virtual asio::awaitable<std::vector<user>> related(std::int64_t id, relation how, std::int64_t viewer,
                                                       const api::window& w) = 0;

    /// Fails as not found. Once or ten times, it is one follow.
    virtual asio::awaitable<outcome<follow_state>> follow(std::int64_t me, std::int64_t id, larder::timestamp now) = 0;
    virtual asio::awaitable<outcome<follow_state>> unfollow(std::int64_t me, std::int64_t id) = 0;
    virtual asio::awaitable<outcome<user>> update(std::int64_t id, const change& wanted) = 0;
};

/// One who leaves for good.
struct author_erasure {
    std::int64_t user_id = 0;
    std::string username;
    bool scrub = false;  ///< what he has written goes too; else it stays, without his name
    larder::timestamp now{};
};

/// What a slice does about him, in the transaction of his leaving: it names what shows him, and scrubs what is his if
/// that is wished.
using author_eraser = std::function<asio::awaitable<void>(storage::session& s, storage::invalidations& invalidations,
                                                          const author_erasure& d)>;

/// A storage::data_step: the bios of members who were imported with HTML become text.
asio::awaitable<std::optional<std::int64_t>> convert_imported(storage::session& s,
                                                              storage::invalidations& invalidations,
                                                              std::int64_t after);

/// `shown_by`: of all slices that show who wrote something; a new picture is told to them. Requires: the outbox
/// outlives the store.
std::unique_ptr<store> make_users_store(storage::outbox& outbox, std::vector<author_eraser> shown_by = {});

/// Keeps a member from leaving until the transaction ends, so that what it writes for the member goes with the account.
/// False: the member has left already.
asio::awaitable<bool> lock_member(storage::session& s, std::int64_t id);
failure account_deleted();

/// Names what shows a member's name, role or numbers, lists included. To be called in the transaction that changes
/// them.
void invalidate_profile(storage::invalidations& invalidations, std::int64_t id, std::string_view username);

/// The data step that folds the display names written before searches looked at folded ones (storage/data_steps.hpp).
asio::awaitable<std::optional<std::int64_t>> fold_names(storage::session& s, storage::invalidations& invalidations,
                                                        std::int64_t after);

/// His profile becomes that of "deleted-ID", and nobody follows or is followed by him.
asio::awaitable<void> remove_profile(storage::session& s, storage::invalidations& invalidations,
                                     const author_erasure& d);

// The verbs. References live until the awaited call returns.

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

}  // namespace agora::users
