// SPDX-License-Identifier: MIT
// The SQL store of users. The columns `followers` and `following` count the rows of `follows`; each transaction that
// changes the rows also changes the counters and names what to invalidate. Two users are always locked in the order of
// their ids, so that transactions cannot deadlock. Start at sql_store; the functions below it run inside transactions
// of other slices.
#include <agora/features/users/users_cache.hpp>
#include <agora/markup/fold.hpp>
#include <algorithm>
#include <random>

namespace agora::users {

namespace {

// $1 is the viewer in all statements with these columns.
#define AGORA_USER_COLUMNS                                                                                     \
    "SELECT u.id, u.username, u.display_name, u.bio, u.avatar_url, u.role, u.followers, u.following, u.posts," \
    " CASE WHEN CAST($1 AS BIGINT) <> 0 THEN"                                                                  \
    " (SELECT count(*) FROM follows f WHERE f.follower_id = $1 AND f.followed_id = u.id) END AS is_following," \
    " u.created_at"

constexpr std::string_view by_id_sql = AGORA_USER_COLUMNS " FROM users u WHERE u.id = $2 AND u.deleted_at IS NULL";
constexpr std::string_view by_name_sql =
    AGORA_USER_COLUMNS " FROM users u WHERE u.username = $2 AND u.deleted_at IS NULL";
constexpr std::string_view list_sql =
    AGORA_USER_COLUMNS " FROM users u WHERE u.id > $2 AND u.deleted_at IS NULL ORDER BY u.id LIMIT $3 OFFSET $4";
constexpr std::string_view search_sql = AGORA_USER_COLUMNS
    " FROM users u WHERE u.id > $2 AND u.deleted_at IS NULL"
    " AND (u.username LIKE $5 ESCAPE '!' OR u.folded_name LIKE $5 ESCAPE '!')"
    " ORDER BY u.id LIMIT $3 OFFSET $4";
constexpr std::string_view count_sql =
    "SELECT count(*) AS users FROM (SELECT 1 FROM users u WHERE u.deleted_at IS NULL"
    " AND (u.username LIKE $1 ESCAPE '!' OR u.folded_name LIKE $1 ESCAPE '!') LIMIT $2) AS counted";
constexpr std::string_view followers_sql = AGORA_USER_COLUMNS
    " FROM follows r JOIN users u ON u.id = r.follower_id"
    " WHERE r.followed_id = $2 AND r.follower_id > $3 AND u.deleted_at IS NULL"
    " ORDER BY r.follower_id LIMIT $4 OFFSET $5";
constexpr std::string_view following_sql = AGORA_USER_COLUMNS
    " FROM follows r JOIN users u ON u.id = r.followed_id"
    " WHERE r.follower_id = $2 AND r.followed_id > $3 AND u.deleted_at IS NULL"
    " ORDER BY r.followed_id LIMIT $4 OFFSET $5";
#undef AGORA_USER_COLUMNS

/// A LIKE pattern that matches the text anywhere; `!` escapes its wildcards.
std::string containing(std::string_view text)
{
    std::string pattern = "%";
    for (const char c : text) {
        if (c == '%' || c == '_' || c == '!') pattern += '!';
        pattern += c;
    }
    return pattern += '%';
}

class sql_store final : public store {
 public:
    sql_store(storage::outbox& outbox, const author_erasers& shown_by)
        : outbox_{outbox}, db_{outbox.db()}, shown_by_{shown_by}
    {}

    asio::awaitable<std::optional<user>> find(std::int64_t id, std::int64_t viewer) override
    {
        return db_.first<user>(by_id_sql, viewer, id);
    }

    asio::awaitable<std::optional<user>> find_by_name(std::string_view normalized, std::int64_t viewer) override
    {
        return db_.first<user>(by_name_sql, viewer, normalized);
    }

    asio::awaitable<std::vector<std::int64_t>> most_active(std::size_t most) override
    {
        co_return co_await db_.all<std::int64_t>(
            "SELECT id FROM users WHERE deleted_at IS NULL ORDER BY posts DESC, id LIMIT $1",
            static_cast<std::int64_t>(most));
    }

    asio::awaitable<std::vector<user>> list(std::string_view search, std::int64_t viewer, const api::window& w) override
    {
        const auto after = w.after.value_or(api::before_all).id;
        if (search.empty()) return db_.all<user>(list_sql, viewer, after, w.limit + 1, w.offset);
        return db_.all<user>(search_sql, viewer, after, w.limit + 1, w.offset, containing(search));
    }

    asio::awaitable<std::int64_t> count(std::string_view search, std::int64_t most) override
    {
        const auto pattern = containing(search);
        const auto n = co_await db_.first<std::int64_t>(count_sql, std::string_view{pattern}, most);
        co_return *n;
    }

    asio::awaitable<std::vector<user>> related(std::int64_t id, relation how, std::int64_t viewer,
                                               const api::window& w) override
    {
        const auto after = w.after.value_or(api::before_all).id;
        return db_.all<user>(how == relation::followers ? followers_sql : following_sql, viewer, id, after, w.limit + 1,
                             w.offset);
    }

    asio::awaitable<outcome<follow_state>> follow(std::int64_t me, std::int64_t id, larder::timestamp now) override
    {
        auto write = [&](storage::session& s,
                         storage::invalidations& invalidations) -> asio::awaitable<outcome<follow_state>> {
            const auto both = co_await lock_both(s, me, id);
            if (!both) co_return both.error();
            const auto added = co_await s.exec(
                "INSERT INTO follows (follower_id, followed_id, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
                me, id, now);
            co_return co_await counted(s, invalidations, {me, id, added, true});
        };
        co_return co_await outbox_.write(write);
    }

    asio::awaitable<outcome<follow_state>> unfollow(std::int64_t me, std::int64_t id) override
    {
        auto write = [&](storage::session& s,
                         storage::invalidations& invalidations) -> asio::awaitable<outcome<follow_state>> {
            const auto both = co_await lock_both(s, me, id);
            if (!both) co_return both.error();
            const auto gone =
                co_await s.exec("DELETE FROM follows WHERE follower_id = $1 AND followed_id = $2", me, id);
            co_return co_await counted(s, invalidations, {me, id, -gone, false});
        };
        co_return co_await outbox_.write(write);
    }

    asio::awaitable<outcome<user>> update(std::int64_t id, const change& wanted) override
    {
        std::optional<std::string> folded;
        if (wanted.display_name) folded = markup::folded(*wanted.display_name);
        auto write = [&](storage::session& s, storage::invalidations& invalidations) -> asio::awaitable<outcome<user>> {
            co_await s.exec(
                "UPDATE users SET display_name = COALESCE($2, display_name), bio = COALESCE($3, bio),"
                " avatar_url = COALESCE($4, avatar_url), folded_name = COALESCE($5, folded_name)"
                " WHERE id = $1 AND deleted_at IS NULL",
                id, wanted.display_name, wanted.bio, wanted.avatar_url, folded);
            auto edited = co_await s.first<user>(by_id_sql, std::int64_t{0}, id);
            if (!edited) co_return failure::not_found("this user");
            invalidate_profile(invalidations, id, edited->username);
            if (wanted.avatar_url) {
                author_erasure shown;
                shown.user_id = id;
                shown.username = edited->username;
                for (const auto& erase : shown_by_) co_await erase(s, invalidations, shown);
            }
            co_return *std::move(edited);
        };
        co_return co_await outbox_.write(write);
    }

 private:
    /// Locks both users. A concurrent deletion of either account finishes first, or waits and then removes this follow
    /// too. The order of the ids keeps two users who follow each other at the same time from deadlocking.
    static asio::awaitable<outcome<void>> lock_both(storage::session& s, std::int64_t me, std::int64_t id)
    {
        for (const auto who : {std::min(me, id), std::max(me, id)}) {
            const bool there = co_await lock_member(s, who);
            if (!there) co_return who == me ? account_deleted() : failure::not_found("this user");
        }
        co_return outcome<void>{};
    }

    /// A change to the counters: `by` is 1 if a follow was added, -1 if it was removed, 0 if nothing changed.
    struct step {
        std::int64_t me;
        std::int64_t id;
        std::int64_t by;
        bool following;
    };
    static asio::awaitable<outcome<follow_state>> counted(storage::session& s, storage::invalidations& invalidations,
                                                          step f)
    {
        for (const bool first : {true, false}) {
            const bool mine = first == (f.me < f.id);
            const auto who = mine ? f.me : f.id;
            const auto name = co_await s.first<std::string>(
                mine ? "UPDATE users SET following = following + $2 WHERE id = $1 RETURNING username"
                     : "UPDATE users SET followers = followers + $2 WHERE id = $1 RETURNING username",
                who, f.by);
            if (name && f.by != 0) invalidate_profile(invalidations, who, *name);
        }
        const auto n = co_await s.first<std::int64_t>("SELECT followers FROM users WHERE id = $1", f.id);
        follow_state now;
        now.following = f.following;
        now.followers = n.value_or(0);
        co_return now;
    }

    storage::outbox& outbox_;
    storage::database& db_;
    const author_erasers& shown_by_;
};

std::string random_ending()
{
    std::random_device random;
    return std::to_string(random());
}

/// A user who followed the deleted member or was followed by them.
struct counterpart {
    std::int64_t id;
    std::string username;
};
BOOST_DESCRIBE_STRUCT(counterpart, (), (id, username))

struct shown_name {
    std::int64_t id;
    std::string display_name;
};
BOOST_DESCRIBE_STRUCT(shown_name, (), (id, display_name))

}  // namespace

asio::awaitable<bool> lock_member(storage::session& s, std::int64_t id)
{
    co_return co_await s.exec("UPDATE users SET role = role WHERE id = $1 AND deleted_at IS NULL", id) == 1;
}

failure account_deleted() { return {problems::signed_out, "this account has been deleted"}; }

void invalidate_profile(storage::invalidations& invalidations, std::int64_t id, std::string_view username)
{
    invalidations.add(larder::tag{"user:{}", id});
    invalidations.add(larder::tag{"username:{}", username});
    invalidations.add(larder::tag{"users"});
}

asio::awaitable<std::optional<std::int64_t>> fold_names(storage::session& s, storage::invalidations& invalidations,
                                                        std::int64_t after)
{
    const auto names =
        co_await s.all<shown_name>("SELECT id, display_name FROM users WHERE id > $1 ORDER BY id LIMIT 200", after);
    if (names.empty()) co_return std::nullopt;
    for (const auto& n : names) {
        const auto folded = markup::folded(n.display_name);
        co_await s.exec("UPDATE users SET folded_name = $2 WHERE id = $1", n.id, std::string_view{folded});
    }
    invalidations.add(larder::tag{"users"});
    co_return names.back().id;
}

asio::awaitable<void> remove_profile(storage::session& s, storage::invalidations& invalidations,
                                     const author_erasure& d)
{
    const auto followed = co_await s.all<counterpart>(
        "UPDATE users SET followers = followers - 1 WHERE id IN"
        " (SELECT followed_id FROM follows WHERE follower_id = $1) RETURNING id, username",
        d.user_id);
    const auto followers = co_await s.all<counterpart>(
        "UPDATE users SET following = following - 1 WHERE id IN"
        " (SELECT follower_id FROM follows WHERE followed_id = $1) RETURNING id, username",
        d.user_id);
    co_await s.exec("DELETE FROM follows WHERE follower_id = $1 OR followed_id = $1", d.user_id);
    // An imported author may have this name already; then a random suffix makes it unique.
    const auto anonymous = std::string{left_prefix} + std::to_string(d.user_id);
    const auto other = anonymous + "-" + random_ending();
    co_await s.exec(
        "UPDATE users SET username = CASE WHEN EXISTS (SELECT 1 FROM users o WHERE o.username = $2) THEN $4 ELSE $2 "
        "END,"
        " display_name = '', folded_name = '', bio = '', avatar_url = '', role = 'user', followers = 0, following = 0, "
        "deleted_at = $3"
        " WHERE id = $1",
        d.user_id, std::string_view{anonymous}, d.now, std::string_view{other});
    invalidate_profile(invalidations, d.user_id, d.username);
    for (const auto* others : {&followed, &followers}) {
        for (const auto& u : *others) {
            invalidations.add(larder::tag{"user:{}", u.id});
            invalidations.add(larder::tag{"username:{}", u.username});
        }
    }
}

std::unique_ptr<store> make_users_store(storage::outbox& outbox, const author_erasers& shown_by)
{
    return std::make_unique<sql_store>(outbox, shown_by);
}

std::unique_ptr<store> make_users_store(storage::outbox& outbox)
{
    static const author_erasers nobody;
    return make_users_store(outbox, nobody);
}

}  // namespace agora::users
