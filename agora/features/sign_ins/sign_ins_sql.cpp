// SPDX-License-Identifier: MIT
// The table `sign_ins`. Beginning a sign-in locks the password that was verified for it, so that a concurrent change of
// the password either prevents it or ends it.
#include <agora/features/sign_ins/sign_ins.hpp>
#include <agora/storage/outbox.hpp>

namespace agora::sign_ins {
namespace {

#define AGORA_SIGN_IN_COLUMNS                                                                     \
    "id, user_id, current_jti, previous_jti, rotated_at, created_at, expires_at, address, agent," \
    " CASE WHEN revoked_at IS NULL THEN 0 ELSE 1 END AS revoked"
constexpr std::string_view rotate_sql =
    "UPDATE sign_ins SET previous_jti = current_jti, current_jti = $3, rotated_at = $4"
    " WHERE id = $1 AND current_jti = $2 AND revoked_at IS NULL AND expires_at > $4"
    " RETURNING " AGORA_SIGN_IN_COLUMNS;
constexpr std::string_view by_id = "SELECT " AGORA_SIGN_IN_COLUMNS " FROM sign_ins WHERE id = $1";
constexpr std::string_view active_of_user =
    "SELECT " AGORA_SIGN_IN_COLUMNS
    " FROM sign_ins WHERE user_id = $1 AND revoked_at IS NULL AND expires_at > $2 ORDER BY created_at, id";
#undef AGORA_SIGN_IN_COLUMNS

class sql_store final : public store {
 public:
    explicit sql_store(storage::outbox& outbox) : outbox_{outbox} {}

    asio::awaitable<bool> begin(const sign_in& s, larder::timestamp password_of) override
    {
        co_return co_await outbox_.write([&](storage::session& on, storage::invalidations&) -> asio::awaitable<bool> {
            // A concurrent password change has finished before, or waits and then ends this sign-in too.
            const bool same = co_await accounts::lock_password(on, s.user_id, password_of);
            if (!same) co_return false;
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
        co_return co_await outbox_.write([&](storage::session& s, storage::invalidations&) {
            return s.first<sign_in>(rotate_sql, id, jti, next, now);
        });
    }

    asio::awaitable<std::optional<sign_in>> find(std::string_view id) override
    {
        co_return co_await outbox_.db().first<sign_in>(by_id, id);
    }

    asio::awaitable<std::vector<sign_in>> of_user(std::int64_t user_id, larder::timestamp now) override
    {
        co_return co_await outbox_.db().all<sign_in>(active_of_user, user_id, now);
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

 private:
    storage::outbox& outbox_;
};

}  // namespace

std::unique_ptr<store> make_store(storage::outbox& outbox) { return std::make_unique<sql_store>(outbox); }

asio::awaitable<void> end_others(storage::session& s, storage::invalidations& invalidations,
                                 const accounts::password_replacement& p)
{
    const auto ended = co_await s.all<std::string>(
        "UPDATE sign_ins SET revoked_at = $3 WHERE user_id = $1 AND id <> $2 AND revoked_at IS NULL RETURNING id",
        p.user_id, p.keep_sign_in, p.now);
    for (const auto& id : ended) invalidations.add(sign_in_owners(id));
}

asio::awaitable<void> remove_sign_ins(storage::session& s, storage::invalidations& invalidations, std::int64_t user_id)
{
    const auto ids = co_await s.all<std::string>("DELETE FROM sign_ins WHERE user_id = $1 RETURNING id", user_id);
    for (const auto& id : ids) invalidations.add(sign_in_owners(id));
}

}  // namespace agora::sign_ins
