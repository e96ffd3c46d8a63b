// SPDX-License-Identifier: MIT
// The SQL store of accounts and sign-ins. The time of the last password change identifies a password: beginning a
// sign-in and setting a password depend on it, so that neither can undo a concurrent change. Each transaction names
// what to invalidate. Start at sql_store.
#include <agora/features/auth/auth.hpp>
#include <agora/features/auth/auth_cache.hpp>
#include <agora/features/auth/problem_codes.hpp>
#include <agora/features/auth/roles.hpp>
#include <agora/features/users/users.hpp>
#include <agora/markup/fold.hpp>
#include <agora/storage/outbox.hpp>

namespace agora::auth {
namespace {

struct account_row {
    std::int64_t user_id;
    std::string username;
    std::string email;
    std::string role;
    std::string password_hash;
    bool verified;
    larder::timestamp password_changed_at;
};
BOOST_DESCRIBE_STRUCT(account_row, (), (user_id, username, email, role, password_hash, verified, password_changed_at))

struct sign_in_row {
    std::string id;
    std::int64_t user_id;
    std::string current_jti;
    std::string previous_jti;
    larder::timestamp rotated_at;
    larder::timestamp created_at;
    larder::timestamp expires_at;
    std::string address;
    std::string agent;
    bool revoked;
};
BOOST_DESCRIBE_STRUCT(sign_in_row, (),
                      (id, user_id, current_jti, previous_jti, rotated_at, created_at, expires_at, address, agent,
                       revoked))

struct standing_row {
    std::string role;
    larder::timestamp since;
};
BOOST_DESCRIBE_STRUCT(standing_row, (), (role, since))

#define AGORA_ACCOUNT_COLUMNS                                                                     \
    "SELECT a.user_id, u.username, a.email, u.role, a.password_hash,"                             \
    " CASE WHEN a.email_verified_at IS NULL THEN 0 ELSE 1 END AS verified, a.password_changed_at" \
    " FROM accounts a JOIN users u ON u.id = a.user_id WHERE u.deleted_at IS NULL"
constexpr std::string_view by_name = AGORA_ACCOUNT_COLUMNS " AND u.username = $1";
constexpr std::string_view by_email =
    AGORA_ACCOUNT_COLUMNS " AND a.email = $1 ORDER BY verified DESC, a.user_id LIMIT 1";
constexpr std::string_view by_user = AGORA_ACCOUNT_COLUMNS " AND a.user_id = $1";
#undef AGORA_ACCOUNT_COLUMNS
constexpr std::string_view rotate_sql =
    "UPDATE sign_ins SET previous_jti = current_jti, current_jti = $3, rotated_at = $4"
    " WHERE id = $1 AND current_jti = $2 AND revoked_at IS NULL AND expires_at > $4"
    " RETURNING id, user_id, current_jti, previous_jti, rotated_at, created_at, expires_at, address, agent,"
    " CASE WHEN revoked_at IS NULL THEN 0 ELSE 1 END AS revoked";
constexpr std::string_view sign_in_by_id =
    "SELECT id, user_id, current_jti, previous_jti, rotated_at, created_at, expires_at, address, agent,"
    " CASE WHEN revoked_at IS NULL THEN 0 ELSE 1 END AS revoked FROM sign_ins WHERE id = $1";
constexpr std::string_view open_sign_ins =
    "SELECT id, user_id, current_jti, previous_jti, rotated_at, created_at, expires_at, address, agent, 0 AS revoked"
    " FROM sign_ins WHERE user_id = $1 AND revoked_at IS NULL AND expires_at > $2 ORDER BY created_at, id";
constexpr std::string_view standing_sql =
    "SELECT u.role, COALESCE(a.password_changed_at, 0) AS since FROM users u"
    " LEFT JOIN accounts a ON a.user_id = u.id WHERE u.id = $1 AND u.deleted_at IS NULL";

failure email_taken() { return {problems::email_taken, "another account has verified this address"}; }

std::optional<account> to_account(std::optional<account_row> row)
{
    if (!row) return std::nullopt;
    return account{row->user_id,
                   std::move(row->username),
                   std::move(row->email),
                   std::move(row->role),
                   std::move(row->password_hash),
                   row->verified,
                   row->password_changed_at};
}

sign_in to_sign_in(sign_in_row r)
{
    sign_in s;
    s.id = std::move(r.id);
    s.user_id = r.user_id;
    s.current_jti = std::move(r.current_jti);
    s.previous_jti = std::move(r.previous_jti);
    s.rotated_at = r.rotated_at;
    s.created_at = r.created_at;
    s.expires_at = r.expires_at;
    s.address = std::move(r.address);
    s.agent = std::move(r.agent);
    s.revoked = r.revoked;
    return s;
}

std::optional<std::int64_t> or_null(std::int64_t id) { return id == 0 ? std::nullopt : std::optional{id}; }

class sql_store final : public store {
 public:
    explicit sql_store(storage::outbox& outbox) : outbox_{outbox}, db_{outbox.db()} {}

    asio::awaitable<std::optional<account>> find(std::string_view login) override
    {
        const bool email = login.find('@') != std::string_view::npos;  // usernames contain no @
        co_return to_account(co_await db_.first<account_row>(email ? by_email : by_name, login));
    }
    asio::awaitable<std::optional<account>> find(std::int64_t user_id) override
    {
        co_return to_account(co_await db_.first<account_row>(by_user, user_id));
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
            if (!id) co_return failure{problems::username_taken, "this username is taken"};
            const auto made = co_await s.exec(
                "INSERT INTO accounts (user_id, email, password_hash, password_changed_at, created_at,"
                " email_verified_at) VALUES ($1, $2, $3, $4, $4, $5) ON CONFLICT DO NOTHING",
                *id, std::string_view{a.email}, std::string_view{a.password_hash}, now, verified);
            if (made == 0) co_return email_taken();
            if (!a.verified) {
                co_await s.exec(
                    "INSERT INTO letters (purpose, user_id, email, due_at, created_at) VALUES ('verify', $1, $2, $3, "
                    "$3)",
                    *id, std::string_view{a.email}, now);
            }
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
        co_return co_await outbox_.write([&](storage::session& s,
                                             storage::invalidations& invalidations) -> asio::awaitable<bool> {
            const auto changed = co_await s.exec(
                "UPDATE accounts SET password_hash = $2, password_changed_at = $3"
                " WHERE user_id = $1 AND password_changed_at = $4",
                user_id, hash, at, replaced.password_changed_at);
            if (changed == 0) co_return false;
            const auto ended = co_await s.all<std::string>(
                "UPDATE sign_ins SET revoked_at = $3 WHERE user_id = $1 AND id <> $2 AND revoked_at IS NULL RETURNING "
                "id",
                user_id, keep, now);
            for (const auto& id : ended) invalidations.add(sign_in_owners(id));
            // Those who knew the old password may have signed in from these networks, so they are forgotten.
            co_await s.exec("DELETE FROM sign_in_networks WHERE user_id = $1", user_id);
            co_await s.exec("DELETE FROM one_time_tokens WHERE user_id = $1 AND purpose IN ('reset', 'change')",
                            user_id);
            co_await s.exec("DELETE FROM letters WHERE user_id = $1 AND purpose IN ('reset', 'change')", user_id);
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

    asio::awaitable<bool> begin(const sign_in& s) override
    {
        co_return co_await outbox_.write([&](storage::session& on, storage::invalidations&) -> asio::awaitable<bool> {
            // A concurrent password change has finished before, or waits and then ends this sign-in too.
            const auto same = co_await on.exec(
                "UPDATE accounts SET password_changed_at = password_changed_at"
                " WHERE user_id = $1 AND password_changed_at = $2",
                s.user_id, s.password_of);
            if (same == 0) co_return false;
            co_await on.exec(
                "INSERT INTO sign_ins (id, user_id, current_jti, rotated_at, created_at, expires_at, address, agent)"
                " VALUES ($1, $2, $3, $4, $4, $5, $6, $7)",
                std::string_view{s.id}, s.user_id, std::string_view{s.current_jti}, s.created_at, s.expires_at,
                std::string_view{s.address}, std::string_view{s.agent});
            co_return true;
        });
    }

    asio::awaitable<std::optional<sign_in>> rotate(std::string_view id, std::string_view jti, std::string_view next,
                                                   larder::timestamp now) override
    {
        auto row = co_await outbox_.write([&](storage::session& s, storage::invalidations&) {
            return s.first<sign_in_row>(rotate_sql, id, jti, next, now);
        });
        if (!row) co_return std::nullopt;
        co_return to_sign_in(*std::move(row));
    }

    asio::awaitable<std::optional<sign_in>> find_sign_in(std::string_view id) override
    {
        auto row = co_await db_.first<sign_in_row>(sign_in_by_id, id);
        if (!row) co_return std::nullopt;
        co_return to_sign_in(*std::move(row));
    }

    asio::awaitable<std::vector<sign_in>> sign_ins_of(std::int64_t user_id, larder::timestamp now) override
    {
        auto rows = co_await db_.all<sign_in_row>(open_sign_ins, user_id, now);
        std::vector<sign_in> out;
        for (auto& r : rows) out.push_back(to_sign_in(std::move(r)));
        co_return out;
    }

    asio::awaitable<bool> end(std::string_view id, std::int64_t user_id, larder::timestamp now) override
    {
        co_return co_await outbox_.write(
            [&](storage::session& s, storage::invalidations& invalidations) -> asio::awaitable<bool> {
                const auto n = co_await s.exec(
                    "UPDATE sign_ins SET revoked_at = $3 WHERE id = $1 AND user_id = $2 AND revoked_at IS NULL", id,
                    user_id, now);
                invalidations.add(sign_in_owners(std::string{id}));
                co_return n == 1;
            });
    }

    asio::awaitable<account_status> status_of(std::int64_t user_id) override
    {
        const auto row = co_await db_.first<standing_row>(standing_sql, user_id);
        account_status s;
        if (!row) co_return s;
        s.active = true;
        s.since = row->since;
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

    asio::awaitable<void> record(const security_event& e, larder::timestamp now) override
    {
        co_await outbox_.write([&](storage::session& s, storage::invalidations&) {
            return s.exec(
                "INSERT INTO security_events (at, event, user_id, actor_id, address, request_id, detail)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7)",
                now, std::string_view{e.event}, or_null(e.user_id), or_null(e.actor_id), std::string_view{e.at.address},
                std::string_view{e.at.request_id}, std::string_view{e.detail});
        });
    }

    asio::awaitable<std::vector<recorded_event>> events(std::int64_t user_id, const api::window& w) override
    {
        const auto after = w.after.value_or(api::after_all).id;
        co_return co_await db_.all<recorded_event>(
            "SELECT id, at, event, user_id, actor_id, address, request_id, detail FROM security_events"
            " WHERE (CAST($1 AS BIGINT) = 0 OR user_id = $1) AND id < $2 ORDER BY id DESC LIMIT $3 OFFSET $4",
            user_id, after, w.limit + 1, w.offset);
    }

 private:
    storage::outbox& outbox_;
    storage::database& db_;
};

}  // namespace

std::unique_ptr<store> make_accounts_store(storage::outbox& outbox) { return std::make_unique<sql_store>(outbox); }

}  // namespace agora::auth
