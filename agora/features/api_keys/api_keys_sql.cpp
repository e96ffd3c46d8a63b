// SPDX-License-Identifier: MIT
// The table `api_keys`. insert() and revoke() lock the member's row, so that a key cannot outlive the key that created
// it, nor the account.
#include <agora/features/api_keys/api_keys.hpp>
#include <agora/storage/outbox.hpp>

namespace agora::api_keys {
namespace {

struct key_row {
    std::int64_t id;
    std::string name;
    bool read_only;
    larder::timestamp created_at;
    std::optional<larder::timestamp> expires_at;
};
BOOST_DESCRIBE_STRUCT(key_row, (), (id, name, read_only, created_at, expires_at))

struct grant_row {
    bool read_only;
    std::optional<larder::timestamp> expires_at;
};
BOOST_DESCRIBE_STRUCT(grant_row, (), (read_only, expires_at))

failure no_key() { return {problems::invalid_key, "this API key is not valid, or it has expired"}; }

constexpr std::string_view revoke_sql =
    "WITH RECURSIVE gone (id) AS ("
    "SELECT id FROM api_keys WHERE id = $1 AND user_id = $2 AND revoked_at IS NULL"
    " UNION SELECT k.id FROM api_keys k JOIN gone g ON k.parent_id = g.id)"
    " UPDATE api_keys SET revoked_at = $3 WHERE id IN (SELECT id FROM gone) AND revoked_at IS NULL RETURNING hash";

api_key to_key(key_row row)
{
    api_key out;
    out.id = row.id;
    out.name = std::move(row.name);
    out.scopes = {"read"};
    if (!row.read_only) out.scopes.emplace_back("write");
    out.created_at = row.created_at;
    out.expires_at = row.expires_at;
    return out;
}

class sql_store final : public store {
 public:
    explicit sql_store(storage::outbox& outbox) : outbox_{outbox} {}

    asio::awaitable<outcome<api_key>> insert(std::int64_t user_id, std::int64_t parent, const key_content& c,
                                             larder::timestamp now) override
    {
        std::optional<std::int64_t> made_by;
        if (parent != 0) made_by = parent;
        auto write = [&](storage::session& s,
                         storage::invalidations& invalidations) -> asio::awaitable<outcome<api_key>> {
            // Creating and revoking keys of one member is serialized here.
            const bool there = co_await users::lock_member(s, user_id);
            if (!there) co_return users::account_deleted();
            auto allowed = c.allowed;
            if (made_by) {
                const auto by = co_await s.first<grant_row>(
                    "SELECT read_only, expires_at FROM api_keys WHERE id = $1 AND user_id = $2 AND revoked_at IS NULL",
                    parent, user_id);
                if (!by || (by->expires_at && *by->expires_at <= now)) co_return no_key();
                allowed = limited_by(allowed, {by->read_only, by->expires_at});
            }
            const auto keys = co_await s.first<std::int64_t>(
                "SELECT count(*) AS keys FROM api_keys WHERE user_id = $1 AND revoked_at IS NULL", user_id);
            if (static_cast<std::size_t>(*keys) >= max_keys)
                co_return failure{problems::too_many_keys, "you already have 50 keys; revoke one first"};
            auto row = co_await s.first<key_row>(
                "INSERT INTO api_keys (user_id, name, hash, read_only, created_at, expires_at, parent_id)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id, name, read_only, created_at, expires_at",
                user_id, std::string_view{c.name}, std::string_view{c.hash}, allowed.read_only, now, allowed.ends,
                made_by);
            invalidations.add(key_owners(c.hash));
            co_return to_key(*std::move(row));
        };
        co_return co_await outbox_.write(write);
    }

    asio::awaitable<std::vector<api_key>> of_user(std::int64_t user_id) override
    {
        auto rows = co_await outbox_.db().all<key_row>(
            "SELECT id, name, read_only, created_at, expires_at FROM api_keys"
            " WHERE user_id = $1 AND revoked_at IS NULL ORDER BY id",
            user_id);
        std::vector<api_key> out;
        for (auto& row : rows) out.push_back(to_key(std::move(row)));
        co_return out;
    }

    asio::awaitable<outcome<void>> revoke(std::int64_t user_id, std::int64_t id, larder::timestamp now) override
    {
        auto write = [&](storage::session& s, storage::invalidations& invalidations) -> asio::awaitable<outcome<void>> {
            co_await users::lock_member(s, user_id);
            const auto ended = co_await s.all<std::string>(revoke_sql, id, user_id, now);
            if (ended.empty()) co_return failure::not_found("this key");
            for (const auto& hash : ended) invalidations.add(key_owners(hash));
            co_return outcome<void>{};
        };
        co_return co_await outbox_.write(write);
    }

    asio::awaitable<void> revoke_all(std::int64_t user_id, larder::timestamp now) override
    {
        co_await outbox_.write(
            [&](storage::session& s, storage::invalidations& invalidations) -> asio::awaitable<bool> {
                const auto ended = co_await s.all<std::string>(
                    "UPDATE api_keys SET revoked_at = $2 WHERE user_id = $1 AND revoked_at IS NULL RETURNING hash",
                    user_id, now);
                for (const auto& hash : ended) invalidations.add(key_owners(hash));
                co_return true;
            });
    }

    asio::awaitable<std::optional<key_owner>> owner_of(std::string hash) override
    {
        co_return co_await outbox_.db().first<key_owner>(
            "SELECT id, user_id, read_only, expires_at FROM api_keys WHERE hash = $1 AND revoked_at IS NULL",
            std::string_view{hash});
    }

 private:
    storage::outbox& outbox_;
};

}  // namespace

std::unique_ptr<store> make_store(storage::outbox& outbox) { return std::make_unique<sql_store>(outbox); }

asio::awaitable<void> remove_keys(storage::session& s, storage::invalidations& invalidations, std::int64_t user_id)
{
    const auto keys = co_await s.all<std::string>("DELETE FROM api_keys WHERE user_id = $1 RETURNING hash", user_id);
    for (const auto& hash : keys) invalidations.add(key_owners(hash));
}

}  // namespace agora::api_keys
