// SPDX-License-Identifier: MIT
// The SQL store of accounts. The time of the last password change identifies a password: beginning a sign-in and
// setting a password depend on it, so that neither can undo a concurrent change. Each transaction names what to
// invalidate. Start at sql_store.
#include <agora/features/accounts/accounts.hpp>
#include <agora/features/accounts/problem_codes.hpp>
#include <agora/markup/fold.hpp>
#include <agora/storage/outbox.hpp>

namespace agora::accounts {
namespace {

struct status_row {
    std::string role;
    larder::timestamp since;
    std::string username;
};
BOOST_DESCRIBE_STRUCT(status_row, (), (role, since, username))

struct member_row {
    std::string role;
    bool has_account;
};
BOOST_DESCRIBE_STRUCT(member_row, (), (role, has_account))

#define AGORA_ACCOUNT_COLUMNS                                                                     \
    "SELECT a.user_id, u.username, a.email, u.role, a.password_hash,"                             \
    " CASE WHEN a.email_verified_at IS NULL THEN 0 ELSE 1 END AS verified, a.password_changed_at" \
    " FROM accounts a JOIN users u ON u.id = a.user_id WHERE u.deleted_at IS NULL"
constexpr std::string_view by_name = AGORA_ACCOUNT_COLUMNS " AND u.username = $1";
constexpr std::string_view by_email =
    AGORA_ACCOUNT_COLUMNS " AND a.email = $1 ORDER BY verified DESC, a.user_id LIMIT 1";
constexpr std::string_view by_user = AGORA_ACCOUNT_COLUMNS " AND a.user_id = $1";
#undef AGORA_ACCOUNT_COLUMNS
constexpr std::string_view status_sql =
    "SELECT u.role, COALESCE(a.password_changed_at, 0) AS since, u.username FROM users u"
    " LEFT JOIN accounts a ON a.user_id = u.id WHERE u.id = $1 AND u.deleted_at IS NULL";

class sql_store final : public store {
 public:
    sql_store(storage::outbox& outbox, const std::vector<password_listener>& listeners)
        : outbox_{outbox}, db_{outbox.db()}, listeners_{listeners}
    {}

    asio::awaitable<std::optional<account>> find(std::string_view login) override
    {
        const bool email = login.find('@') != std::string_view::npos;  // usernames contain no @
        co_return co_await db_.first<account>(email ? by_email : by_name, login);
    }
    asio::awaitable<std::optional<account>> find(std::int64_t user_id) override
    {
        co_return co_await db_.first<account>(by_user, user_id);
    }

    asio::awaitable<outcome<std::int64_t>> create(const account& a, std::string_view display_name,
                                                  larder::timestamp now) override
    {
        std::optional<larder::timestamp> verified;
        if (a.verified) verified = now;
        const std::string folded = markup::folded(display_name);
        auto insert = [&](storage::session& s,
                          storage::invalidations& invalidations) -> asio::awaitable<outcome<std::int64_t>> {
            // If two accounts take the same name at the same time, the second waits here and gets no row.
            const auto id = co_await s.first<std::int64_t>(
                "INSERT INTO users (username, display_name, role, created_at, folded_name) VALUES ($1, $2, $3, $4, $5)"
                " ON CONFLICT (username) DO NOTHING RETURNING id",
                std::string_view{a.username}, display_name, std::string_view{a.role}, now, std::string_view{folded});
            if (!id) co_return username_taken();
            const auto made = co_await s.exec(
                "INSERT INTO accounts (user_id, email, password_hash, password_changed_at, created_at,"
                " email_verified_at) VALUES ($1, $2, $3, $4, $4, $5) ON CONFLICT DO NOTHING",
                *id, std::string_view{a.email}, std::string_view{a.password_hash}, now, verified);
            if (made == 0) co_return email_taken();
            if (!a.verified) co_await queue_email(s, "verify", *id, a.email, now);
            invalidations.add(account_statuses(*id));
            users::invalidate_profile(invalidations, *id, a.username);
            co_return *id;
        };
        co_return co_await outbox_.write(insert);
    }

    asio::awaitable<bool> set_password(const account& replaced, std::string_view hash, std::string_view keep,
                                       larder::timestamp now) override
    {
        const auto user_id = replaced.user_id;
        // Every password of an account has a different time, which identifies it.
        const auto at = std::max(now, replaced.password_changed_at + std::chrono::milliseconds{1});
        co_return co_await outbox_.write(
            [&](storage::session& s, storage::invalidations& invalidations) -> asio::awaitable<bool> {
                const auto changed = co_await s.exec(
                    "UPDATE accounts SET password_hash = $2, password_changed_at = $3"
                    " WHERE user_id = $1 AND password_changed_at = $4",
                    user_id, hash, at, replaced.password_changed_at);
                if (changed == 0) co_return false;
                // Those who knew the old password may have signed in from these networks, so they are forgotten.
                co_await s.exec("DELETE FROM sign_in_networks WHERE user_id = $1", user_id);
                password_replacement p;
                p.user_id = user_id;
                p.keep_sign_in = keep;
                p.now = now;
                for (const auto& listener : listeners_) co_await listener(s, invalidations, p);
                invalidations.add(account_statuses(user_id));
                co_return true;
            });
    }

    asio::awaitable<outcome<void>> verify_email(std::int64_t user_id, std::string_view email,
                                                larder::timestamp now) override
    {
        std::int64_t verified = 0;
        try {
            verified = co_await outbox_.write([&](storage::session& s, storage::invalidations&) {
                return s.exec("UPDATE accounts SET email_verified_at = $2 WHERE user_id = $1 AND email = $3", user_id,
                              now, email);
            });
        } catch (const storage::sql_error& e) {
            if (e.reason() != storage::errc::unique_violation) throw;
            co_return email_taken();
        }
        if (verified == 0) co_return failure::not_found("this address");
        co_return outcome<void>{};
    }

    asio::awaitable<void> rehash(const account& of, std::string_view hash) override
    {
        co_await outbox_.write([&](storage::session& s, storage::invalidations&) {
            return s.exec("UPDATE accounts SET password_hash = $2 WHERE user_id = $1 AND password_hash = $3",
                          of.user_id, hash, std::string_view{of.password_hash});
        });
    }

    asio::awaitable<account_status> status_of(std::int64_t user_id) override
    {
        auto row = co_await db_.first<status_row>(status_sql, user_id);
        account_status s;
        if (!row) co_return s;
        s.active = true;
        s.since = row->since;
        s.username = std::move(row->username);
        s.rank = row->role == "admin"       ? http::role::admin
                 : row->role == "moderator" ? http::role::moderator
                                            : http::role::user;
        co_return s;
    }

    asio::awaitable<outcome<void>> set_role(std::int64_t user_id, std::string_view role, std::int64_t actor_id) override
    {
        auto write = [&](storage::session& s, storage::invalidations& invalidations) -> asio::awaitable<outcome<void>> {
            const auto facts = co_await lock_roles(s, user_id, actor_id);
            if (!facts.role) co_return failure::not_found("this user");
            auto allowed = decide_role_change(facts, role);
            if (!allowed) co_return allowed;
            const auto name = co_await s.first<std::string>(
                "UPDATE users SET role = $2 WHERE id = $1 AND deleted_at IS NULL RETURNING username", user_id, role);
            if (!name) co_return failure::not_found("this user");
            invalidations.add(account_statuses(user_id));
            users::invalidate_profile(invalidations, user_id, *name);
            co_return outcome<void>{};
        };
        co_return co_await outbox_.write(write);
    }

 private:
    storage::outbox& outbox_;
    storage::database& db_;
    const std::vector<password_listener>& listeners_;
};

}  // namespace

std::unique_ptr<store> make_store(storage::outbox& outbox, const std::vector<password_listener>& listeners)
{
    return std::make_unique<sql_store>(outbox, listeners);
}

asio::awaitable<bool> lock_password(storage::session& s, std::int64_t user_id, larder::timestamp password_changed_at)
{
    const auto same = co_await s.exec(
        "UPDATE accounts SET password_changed_at = password_changed_at"
        " WHERE user_id = $1 AND password_changed_at = $2",
        user_id, password_changed_at);
    co_return same == 1;
}

asio::awaitable<void> remove_account(storage::session& s, storage::invalidations& invalidations, std::int64_t user_id)
{
    co_await s.exec("DELETE FROM sign_in_networks WHERE user_id = $1", user_id);
    co_await s.exec("DELETE FROM accounts WHERE user_id = $1", user_id);
    invalidations.add(account_statuses(user_id));
}

asio::awaitable<void> queue_email(storage::session& s, std::string_view purpose, std::int64_t user_id,
                                  std::string_view email, larder::timestamp now)
{
    co_await s.exec("INSERT INTO letters (purpose, user_id, email, due_at, created_at) VALUES ($1, $2, $3, $4, $4)",
                    purpose, user_id, email, now);
}

asio::awaitable<role_facts> lock_roles(storage::session& s, std::int64_t user_id, std::int64_t actor_id)
{
    // The row of the built-in administrator always exists, so locking it locks all roles.
    co_await s.exec("UPDATE users SET role = role WHERE username = 'agora'");
    // Then the member's own row, so that nothing else is written for a member whose account is being deleted.
    role_facts f;
    const bool there = co_await users::lock_member(s, user_id);
    if (!there) co_return f;
    auto member = co_await s.first<member_row>(
        "SELECT u.role, CASE WHEN a.user_id IS NULL THEN 0 ELSE 1 END AS has_account"
        " FROM users u LEFT JOIN accounts a ON a.user_id = u.id WHERE u.id = $1 AND u.deleted_at IS NULL",
        user_id);
    if (!member) co_return f;
    f.role = std::move(member->role);
    f.has_account = member->has_account;
    const auto actor = co_await s.first<std::int64_t>(
        "SELECT id FROM users WHERE id = $1 AND (role = 'admin' OR username = 'agora') AND deleted_at IS NULL",
        actor_id);
    f.actor_is_admin = actor_id == 0 || actor.has_value();
    const auto others = co_await s.first<std::int64_t>(
        "SELECT count(*) FROM users u JOIN accounts a ON a.user_id = u.id"
        " WHERE u.role = 'admin' AND u.deleted_at IS NULL AND u.id <> $1",
        user_id);
    f.other_admins = others.value_or(0);
    co_return f;
}

}  // namespace agora::accounts
