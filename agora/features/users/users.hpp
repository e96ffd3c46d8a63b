// SPDX-License-Identifier: MIT
// Users as others see them. E-mail addresses and passwords belong to accounts and never pass through here.
// The store is thread-safe; every call costs one statement.
#pragma once

#include <agora/outcome.hpp>
#include <agora/storage/db.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/describe.hpp>
#include <cstdint>
#include <larder/clock.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace agora::users {

namespace asio = boost::asio;

struct user {
    std::int64_t id = 0;
    std::string username;
    std::string display_name;
    std::string bio;
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

/// Usernames are stored in lower case; people write them as they like.
std::string normalized_username(std::string_view written);

/// Whether a stored username can look like this.
bool is_username(std::string_view normalized) noexcept;

class store {
 public:
    virtual ~store() = default;
    virtual asio::awaitable<std::optional<user>> find(std::int64_t id) = 0;
    virtual asio::awaitable<std::optional<user>> find_by_name(std::string_view normalized) = 0;
    /// The ids of those who wrote the most posts. Looks at all users.
    virtual asio::awaitable<std::vector<std::int64_t>> most_active(std::size_t most) = 0;
};

/// Requires: `db` outlives the store.
std::unique_ptr<store> make_users_store(storage::database& db);

asio::awaitable<outcome<user>> one(store& s, std::int64_t id);
asio::awaitable<outcome<user>> by_name(store& s, std::string_view written);

}  // namespace agora::users
