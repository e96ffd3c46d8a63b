// SPDX-License-Identifier: MIT
// API keys, for programs that act on behalf of a member. A key has 256 random bits and is shown once; only its hash is
// stored, and a hash of that many bits needs no salt. A key may be read-only, and may expire. A key that was created
// with another key can do no more than that key, and ends no later: when that key expires or is revoked. Thread-safe.
#pragma once

#include <agora/features/auth/auth.hpp>
#include <larder/region.hpp>

namespace agora::auth {

inline constexpr std::string_view api_key_prefix = "agk_";  ///< makes leaked keys recognisable
inline constexpr std::size_t max_api_keys = 50;             ///< per user

struct api_key {
    std::int64_t id = 0;
    std::string name;
    std::vector<std::string> scopes;  ///< "read", or "read" and "write"
    larder::timestamp created_at{};
    std::optional<larder::timestamp> expires_at;
};
BOOST_DESCRIBE_STRUCT(api_key, (), (id, name, scopes, created_at, expires_at))

struct new_api_key : api_key {
    std::string key;  ///< never shown again
};
BOOST_DESCRIBE_STRUCT(new_api_key, (api_key), (key))

struct api_key_list {
    std::vector<api_key> data;
};
BOOST_DESCRIBE_STRUCT(api_key_list, (), (data))

struct api_key_wish {
    std::string name;
    std::optional<std::vector<std::string>> scopes;  ///< default: read
    std::optional<std::int64_t> expires_in_days;     ///< 1 to 3650; default: none, or that of the creating key
};
BOOST_DESCRIBE_STRUCT(api_key_wish, (), (name, scopes, expires_in_days))

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

std::string hash_of_key(std::string_view key);

class api_keys {
 public:
    /// Requires: both outlive this.
    api_keys(storage::outbox& outbox, const larder::clock& clock) : outbox_{outbox}, clock_{clock} {}

    /// `parent` is the API key that sent the request, 0 if the member is signed in otherwise. Fails as unauthenticated
    /// if that key has ended, or the account has been deleted, in the meantime.
    asio::awaitable<outcome<new_api_key>> create(std::int64_t user_id, std::int64_t parent, const api_key_wish& wish);
    asio::awaitable<std::vector<api_key>> of_user(std::int64_t user_id);
    /// Also revokes the keys that were created with this one.
    asio::awaitable<outcome<void>> revoke(std::int64_t user_id, std::int64_t id);
    /// Returns nullopt if there is no such key.
    asio::awaitable<std::optional<key_owner>> owner_of(std::string hash);

 private:
    storage::outbox& outbox_;
    const larder::clock& clock_;
};

}  // namespace agora::auth
