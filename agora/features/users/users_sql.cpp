// SPDX-License-Identifier: MIT
#include <agora/features/users/users.hpp>

namespace agora::users {

namespace {

struct user_row {
    std::int64_t id;
    std::string username;
    std::string display_name;
    std::string bio;
    std::string avatar_url;
    std::string role;
    std::int64_t followers;
    std::int64_t following;
    std::int64_t posts;
    larder::timestamp created_at;
};
BOOST_DESCRIBE_STRUCT(user_row, (),
                      (id, username, display_name, bio, avatar_url, role, followers, following, posts, created_at))

constexpr std::string_view by_id =
    "SELECT id, username, display_name, bio, avatar_url, role, followers, following, posts, created_at"
    " FROM users WHERE id = $1 AND deleted_at IS NULL";

constexpr std::string_view by_username =
    "SELECT id, username, display_name, bio, avatar_url, role, followers, following, posts, created_at"
    " FROM users WHERE username = $1 AND deleted_at IS NULL";

std::optional<user> to_user(std::optional<user_row> row)
{
    if (!row) return std::nullopt;
    user u;
    u.id = row->id;
    u.username = std::move(row->username);
    u.display_name = std::move(row->display_name);
    u.bio = std::move(row->bio);
    u.avatar_url = std::move(row->avatar_url);
    u.role = std::move(row->role);
    u.followers = row->followers;
    u.following = row->following;
    u.posts = row->posts;
    u.created_at = row->created_at;
    return u;
}

class sql_store final : public store {
 public:
    explicit sql_store(storage::database& db) : db_{db} {}

    asio::awaitable<std::optional<user>> find(std::int64_t id) override
    {
        co_return to_user(co_await db_.first<user_row>(by_id, id));
    }

    asio::awaitable<std::optional<user>> find_by_name(std::string_view normalized) override
    {
        co_return to_user(co_await db_.first<user_row>(by_username, normalized));
    }

    asio::awaitable<std::vector<std::int64_t>> most_active(std::size_t most) override
    {
        co_return co_await db_.all<std::int64_t>(
            "SELECT id FROM users WHERE deleted_at IS NULL ORDER BY posts DESC, id LIMIT $1",
            static_cast<std::int64_t>(most));
    }

 private:
    storage::database& db_;
};

}  // namespace

std::unique_ptr<store> make_users_store(storage::database& db) { return std::make_unique<sql_store>(db); }

}  // namespace agora::users
