// SPDX-License-Identifier: MIT
// Converts the bios of members who were imported while a bio was still HTML.
#include <agora/features/users/users.hpp>
#include <agora/markup/from_html.hpp>
#include <agora/storage/outbox.hpp>

namespace agora::users {

namespace {

struct imported {
    std::int64_t id;
    std::string username;
    std::string bio;
};
BOOST_DESCRIBE_STRUCT(imported, (), (id, username, bio))

}  // namespace

asio::awaitable<std::optional<std::int64_t>> convert_imported(storage::session& s,
                                                              storage::invalidations& invalidations, std::int64_t after)
{
    const auto some = co_await s.all<imported>(
        "SELECT id, username, bio FROM users WHERE id > $1 AND source_id IS NOT NULL AND bio <> '' ORDER BY id LIMIT "
        "100",
        after);
    if (some.empty()) co_return std::nullopt;
    for (const auto& u : some) {
        const std::string bio = markup::plain_text(u.bio, max_bio);
        co_await s.exec("UPDATE users SET bio = $2 WHERE id = $1", u.id, std::string_view{bio});
        invalidate_profile(invalidations, u.id, u.username);
    }
    co_return some.back().id;
}

}  // namespace agora::users
