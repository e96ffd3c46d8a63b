// SPDX-License-Identifier: MIT
// API keys: for programs that act as a member. 256 random bits, shown once; of a key only its hash is kept, and a hash
// of that many bits needs no salt. A key may be for reading only, and may end by itself. A key that a key has made can
// do no more than that one, and ends no later: by its time, or when that one is revoked. Thread-safe.
#pragma once

#include <agora/features/auth/auth.hpp>
#include <larder/region.hpp>

namespace agora::auth {

inline constexpr std::string_view api_key_prefix = "agk_";  ///< so that a leaked one is recognised
inline constexpr std::size_t max_api_keys = 50;             ///< of one user

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
    std::optional<std::int64_t> expires_in_days;     ///< 1 to 3650; default: it ends with the key that makes it, if any
};
BOOST_DESCRIBE_STRUCT(api_key_wish, (), (name, scopes, expires_in_days))

/// Whose a key is.
struct key_owner {
    std::int64_t id = 0;  ///< of the key
    std::int64_t user_id = 0;
    bool read_only = true;
    std::optional<larder::timestamp> expires_at;
};
BOOST_DESCRIBE_STRUCT(key_owner, (), (id, user_id, read_only, expires_at))

/// By the key's hash. Changed by: revoking it.
inline constexpr larder::region<std::optional<key_owner>(std::string)> key_owners{"api-key:{}",
                                                                                  {.ttl = std::chrono::minutes{15}}};

std::string hash_of_key(std::string_view key);

class api_keys {
 public:
    /// Requires: both outlive this.
    api_keys(storage::outbox& outbox, const larder::clock& clock) : outbox_{outbox}, clock_{clock} {}

    /// `parent`: the key that asks for another one; 0: the member does. Fails as unauthenticated when that key, or the
    /// member, is gone meanwhile.
    asio::awaitable<outcome<new_api_key>> create(std::int64_t user_id, std::int64_t parent, const api_key_wish& wish);
    asio::awaitable<std::vector<api_key>> of_user(std::int64_t user_id);
    /// Revokes the keys that this one has made, too.
    asio::awaitable<outcome<void>> revoke(std::int64_t user_id, std::int64_t id);
    /// nullopt: there is no such key.
    asio::awaitable<std::optional<key_owner>> owner_of(std::string hash);

 private:
    storage::outbox& outbox_;
    const larder::clock& clock_;
};

}  // namespace agora::auth
