// SPDX-License-Identifier: MIT
// API keys, for programs that act on behalf of a member. A key has 256 random bits and is shown once; only its hash is
// stored, and a hash of that many bits needs no salt. A key may be read-only, and may expire. A key that was created
// with another key can do no more than that key, and ends no later: when that key expires or is revoked. Thread-safe.
#pragma once

#include <agora/features/users/users.hpp>
#include <agora/http/parameters.hpp>
#include <agora/outcome.hpp>
#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/describe.hpp>
#include <larder/clock.hpp>
#include <larder/json/schema.hpp>
#include <larder/region.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace agora::problems {

inline const problem_code invalid_key{"invalid_key", 401, "The API key is not valid, has expired or has been revoked.",
                                      "Create a new API key."};
inline const problem_code too_many_keys{"too_many_keys", 409, "The member already has 50 API keys.",
                                        "Revoke a key that is no longer used."};

}  // namespace agora::problems

namespace agora::api_keys {

namespace asio = boost::asio;

inline constexpr std::string_view key_prefix = "agk_";  ///< makes leaked keys recognisable
inline constexpr std::size_t max_keys = 50;             ///< per user
inline constexpr std::size_t max_key_name = 100;        ///< characters

inline constexpr std::int64_t max_key_days = 3650;
inline constexpr std::array<std::string_view, 2> key_scopes{"read", "write"};

struct api_key {
    std::int64_t id = 0;
    std::string name;
    std::vector<std::string> scopes;  ///< "read", or "read" and "write"
    larder::timestamp created_at{};
    std::optional<larder::timestamp> expires_at;
};
BOOST_DESCRIBE_STRUCT(api_key, (), (id, name, scopes, created_at, expires_at))

inline constexpr larder::json::member_facts api_key_facts[]{
    {.name = "id", .meaning = "The id of the key.", .least = 1},
    {.name = "name", .meaning = "What the member calls it.", .least = 1, .most = max_key_name},
    {.name = "scopes", .meaning = "What the key may do.", .words = key_scopes},
    {.name = "created_at", .meaning = "When it was made."},
    {.name = "expires_at", .meaning = "When it ends; null: never."},
};
inline larder::json::type_facts facts_of(std::type_identity<api_key>)
{
    return {"ApiKey", "A key for a program, without the secret.", api_key_facts};
}

struct new_api_key : api_key {
    std::string key;  ///< never shown again
};
BOOST_DESCRIBE_STRUCT(new_api_key, (api_key), (key))

inline constexpr larder::json::member_facts new_api_key_facts[]{
    {.name = "key", .meaning = "The secret, sent as Authorization: Bearer. It is never shown again."},
};
inline larder::json::type_facts facts_of(std::type_identity<new_api_key>)
{
    return {"CreatedApiKey", "A new key with its secret.", new_api_key_facts};
}

struct api_key_list {
    std::vector<api_key> data;
};
BOOST_DESCRIBE_STRUCT(api_key_list, (), (data))

inline constexpr larder::json::member_facts api_key_list_facts[]{
    {.name = "data", .meaning = "The keys."},
};
inline larder::json::type_facts facts_of(std::type_identity<api_key_list>)
{
    return {"ApiKeyList", "The keys of a member.", api_key_list_facts};
}

struct api_key_request {
    std::string name;
    std::optional<std::vector<std::string>> scopes;  ///< default: read
    std::optional<std::int64_t> expires_in_days;     ///< 1 to 3650; default: none, or that of the creating key
};
BOOST_DESCRIBE_STRUCT(api_key_request, (), (name, scopes, expires_in_days))

inline constexpr larder::json::member_facts api_key_request_facts[]{
    {.name = "name", .meaning = "One line that says what the key is for.", .least = 1, .most = max_key_name},
    {.name = "scopes",
     .meaning = "What the key may do. To write, it must have both.",
     .least = 1,
     .initial = "[\"read\"]",
     .words = key_scopes},
    {.name = "expires_in_days",
     .meaning = "In how many days it ends. Absent: never, or with the key that creates it.",
     .least = 1,
     .most = max_key_days},
};
inline larder::json::type_facts facts_of(std::type_identity<api_key_request>)
{
    return {"NewApiKey", "A key to create.", api_key_request_facts};
}

/// The owner of a key, and what the key may do.
struct key_owner {
    std::int64_t id = 0;  ///< id of the key
    std::int64_t user_id = 0;
    bool read_only = true;
    std::optional<larder::timestamp> expires_at;
};
BOOST_DESCRIBE_STRUCT(key_owner, (), (id, user_id, read_only, expires_at))

/// Key: the API key's hash. Invalidated when the API key is created or revoked, or its owner's account is deleted.
inline constexpr larder::region<std::optional<key_owner>(std::string)> key_owners{"api-key:{}",
                                                                                  {.ttl = std::chrono::minutes{15}}};

/// What a key may do, and until when.
struct grant {
    bool read_only = true;
    std::optional<larder::timestamp> ends;
};
/// The requested grant, limited to the rights and the end of the key that creates the new one. Pure.
grant limited_by(grant requested, const grant& parent);

/// A key that has passed the rules, ready to be stored.
struct key_content {
    std::string name;
    std::string hash;
    grant allowed;
};

/// The port to where keys are kept.
class store {
 public:
    virtual ~store() = default;
    /// `parent` is the API key that sent the request, 0 if the member is signed in otherwise. Fails as unauthenticated
    /// if that key has ended, or the account has been deleted, in the meantime, and as a conflict above max_keys.
    virtual asio::awaitable<outcome<api_key>> insert(std::int64_t user_id, std::int64_t parent, const key_content& c,
                                                     larder::timestamp now) = 0;
    virtual asio::awaitable<std::vector<api_key>> of_user(std::int64_t user_id) = 0;
    /// Also revokes the keys that were created with this one.
    virtual asio::awaitable<outcome<void>> revoke(std::int64_t user_id, std::int64_t id, larder::timestamp now) = 0;
    virtual asio::awaitable<void> revoke_all(std::int64_t user_id, larder::timestamp now) = 0;
    /// Returns nullopt if there is no such key.
    virtual asio::awaitable<std::optional<key_owner>> owner_of(std::string hash) = 0;
};

/// Requires: the outbox outlives the store.
std::unique_ptr<store> make_store(storage::outbox& outbox);

/// An account_remover: deletes the member's keys.
asio::awaitable<void> remove_keys(storage::session& s, storage::invalidations& invalidations, std::int64_t user_id);

/// The settings of API keys.
class page_routes;

/// /api/api-keys: a member's own API keys.
class slice {
 public:
    explicit slice(services& s);

    /// Creates a key; see store::insert().
    asio::awaitable<outcome<new_api_key>> create_key(std::int64_t user_id, std::int64_t parent,
                                                     const api_key_request& r);
    api_keys::store& store() noexcept { return *store_; }

 private:
    asio::awaitable<outcome<api_key_list>> list(http::member who);
    asio::awaitable<outcome<http::created<new_api_key>>> create(http::member who, const http::body<api_key_request>& r);
    asio::awaitable<outcome<void>> revoke(http::member who, const http::path<std::int64_t>& id);

    const std::unique_ptr<api_keys::store> store_;
    const larder::clock& clock_;
    const std::shared_ptr<page_routes> pages_;
};

/// Requires: both outlive the pages.
std::shared_ptr<page_routes> make_pages(services& s, slice& keys);

}  // namespace agora::api_keys
