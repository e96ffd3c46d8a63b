// SPDX-License-Identifier: MIT
// API keys in the table `api_keys`, see api_keys.hpp. create() and revoke() lock the member's row, so that a key cannot
// outlive the key that created it, nor the account.
#include <sodium/crypto_hash_sha256.h>
#include <sodium/randombytes.h>
#include <agora/api/text.hpp>
#include <agora/api/visible_text.hpp>
#include <agora/features/auth/api_keys.hpp>
#include <agora/features/auth/problem_codes.hpp>
#include <agora/features/users/users.hpp>
#include <agora/storage/outbox.hpp>

namespace agora::auth {
namespace {

constexpr std::size_t longest_name = 100;
constexpr std::int64_t most_days = 3650;

struct key_row {
    std::int64_t id;
    std::string name;
    bool read_only;
    larder::timestamp created_at;
    std::optional<larder::timestamp> expires_at;
};
BOOST_DESCRIBE_STRUCT(key_row, (), (id, name, read_only, created_at, expires_at))

struct owner_row {
    std::int64_t id;
    std::int64_t user_id;
    bool read_only;
    std::optional<larder::timestamp> expires_at;
};
BOOST_DESCRIBE_STRUCT(owner_row, (), (id, user_id, read_only, expires_at))

struct parent_row {
    bool read_only;
    std::optional<larder::timestamp> expires_at;
};
BOOST_DESCRIBE_STRUCT(parent_row, (), (read_only, expires_at))

failure no_key() { return {problems::invalid_key, "this API key is not valid, or it has expired"}; }

/// What a key may do, and until when.
struct grant {
    bool read_only = true;
    std::optional<larder::timestamp> ends;
};

/// The requested grant, limited to the rights and the expiry of the parent. Pure.
grant within(grant wished, const parent_row& parent)
{
    wished.read_only = wished.read_only || parent.read_only;
    if (parent.expires_at) wished.ends = std::min(wished.ends.value_or(*parent.expires_at), *parent.expires_at);
    return wished;
}

constexpr std::string_view revoke_sql =
    "WITH RECURSIVE gone (id) AS ("
    "SELECT id FROM api_keys WHERE id = $1 AND user_id = $2 AND revoked_at IS NULL"
    " UNION SELECT k.id FROM api_keys k JOIN gone g ON k.parent_id = g.id)"
    " UPDATE api_keys SET revoked_at = $3 WHERE id IN (SELECT id FROM gone) AND revoked_at IS NULL RETURNING hash";

void fill(api_key& out, key_row row)
{
    out.id = row.id;
    out.name = std::move(row.name);
    out.scopes = {"read"};
    if (!row.read_only) out.scopes.emplace_back("write");
    out.created_at = row.created_at;
    out.expires_at = row.expires_at;
}

/// Returns whether the key is read-only. Problems are appended to `errors`.
bool read_scopes(const api_key_wish& wish, std::vector<field_error>& errors)
{
    bool read_only = true;
    if (!wish.scopes) return read_only;
    for (std::size_t i = 0; i < wish.scopes->size(); ++i) {
        const auto& s = (*wish.scopes)[i];
        if (s == "write") read_only = false;
        if (s != "read" && s != "write")
            errors.emplace_back("scopes[" + std::to_string(i) + "]", "unknown", "must be read or write");
    }
    if (wish.scopes->empty()) errors.emplace_back("scopes", "required", "must name read, or read and write");
    return read_only;
}

}  // namespace

std::string hash_of_key(std::string_view key)
{
    std::string hash(crypto_hash_sha256_BYTES, '\0');
    crypto_hash_sha256(reinterpret_cast<unsigned char*>(hash.data()),
                       reinterpret_cast<const unsigned char*>(key.data()), key.size());
    return to_base64url(hash);
}

asio::awaitable<outcome<new_api_key>> api_keys::create(std::int64_t user_id, std::int64_t parent,
                                                       const api_key_wish& wish)
{
    std::vector<field_error> errors;
    const auto name = api::tidied(wish.name);
    api::check_length("name", name, longest_name, errors);
    if (api::has_hidden_characters(name))
        errors.emplace_back("name", "invalid", "must be one line of visible characters");
    grant wished;
    wished.read_only = read_scopes(wish, errors);
    if (wish.expires_in_days && (*wish.expires_in_days < 1 || *wish.expires_in_days > most_days))
        errors.emplace_back("expires_in_days", "out_of_range", "must be 1 to 3650");
    if (!errors.empty()) co_return failure::invalid(std::move(errors));

    std::string bytes(32, '\0');
    randombytes_buf(bytes.data(), bytes.size());
    new_api_key made;
    made.key = std::string{api_key_prefix} + to_base64url(bytes);
    const auto hash = hash_of_key(made.key);
    const auto now = clock_.wall();
    if (wish.expires_in_days) wished.ends = now + std::chrono::hours{24 * *wish.expires_in_days};
    std::optional<std::int64_t> made_by;
    if (parent != 0) made_by = parent;
    auto write = [&](storage::session& s,
                     storage::invalidations& invalidations) -> asio::awaitable<outcome<new_api_key>> {
        // Creating and revoking keys of one member is serialized here.
        const bool there = co_await users::lock_member(s, user_id);
        if (!there) co_return users::account_deleted();
        auto granted = wished;
        if (made_by) {
            const auto by = co_await s.first<parent_row>(
                "SELECT read_only, expires_at FROM api_keys WHERE id = $1 AND user_id = $2 AND revoked_at IS NULL",
                parent, user_id);
            if (!by || (by->expires_at && *by->expires_at <= now)) co_return no_key();
            granted = within(wished, *by);
        }
        const auto keys = co_await s.first<std::int64_t>(
            "SELECT count(*) AS keys FROM api_keys WHERE user_id = $1 AND revoked_at IS NULL", user_id);
        if (static_cast<std::size_t>(*keys) >= max_api_keys)
            co_return failure{problems::too_many_keys, "you already have 50 keys; revoke one first"};
        auto row = co_await s.first<key_row>(
            "INSERT INTO api_keys (user_id, name, hash, read_only, created_at, expires_at, parent_id)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id, name, read_only, created_at, expires_at",
            user_id, std::string_view{name}, std::string_view{hash}, granted.read_only, now, granted.ends, made_by);
        fill(made, *std::move(row));
        invalidations.add(key_owners(hash));
        co_return made;
    };
    co_return co_await outbox_.write(write);
}

asio::awaitable<std::vector<api_key>> api_keys::of_user(std::int64_t user_id)
{
    auto rows = co_await outbox_.db().all<key_row>(
        "SELECT id, name, read_only, created_at, expires_at FROM api_keys"
        " WHERE user_id = $1 AND revoked_at IS NULL ORDER BY id",
        user_id);
    std::vector<api_key> out(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) fill(out[i], std::move(rows[i]));
    co_return out;
}

asio::awaitable<outcome<void>> api_keys::revoke(std::int64_t user_id, std::int64_t id)
{
    const auto now = clock_.wall();
    auto write = [&](storage::session& s, storage::invalidations& invalidations) -> asio::awaitable<outcome<void>> {
        co_await users::lock_member(s, user_id);
        const auto ended = co_await s.all<std::string>(revoke_sql, id, user_id, now);
        if (ended.empty()) co_return failure::not_found("this key");
        for (const auto& hash : ended) invalidations.add(key_owners(hash));
        co_return outcome<void>{};
    };
    co_return co_await outbox_.write(write);
}

asio::awaitable<std::optional<key_owner>> api_keys::owner_of(std::string hash)
{
    const auto row = co_await outbox_.db().first<owner_row>(
        "SELECT id, user_id, read_only, expires_at FROM api_keys WHERE hash = $1 AND revoked_at IS NULL",
        std::string_view{hash});
    if (!row) co_return std::nullopt;
    key_owner owner;
    owner.id = row->id;
    owner.user_id = row->user_id;
    owner.read_only = row->read_only;
    owner.expires_at = row->expires_at;
    co_return owner;
}

}  // namespace agora::auth
