// SPDX-License-Identifier: MIT
// L2: the entries' bytes in Redis, by the scripts of lua/. Works on every transport of redis::client: each script
// touches one key, and what goes out together (an entry and its tags) is one pipeline. Thread-safe as the client is.
// Throws only when the coroutine is cancelled.
#pragma once

#include <larder/redis/client.hpp>
#include <span>
#include <string>
#include <vector>

#include "envelope.hpp"

namespace larder::detail {

/// Who holds a lease: 32 hexadecimal digits of 128 random bits.
std::string random_token();

enum class wish : std::uint8_t { load, refresh, replace, peek };

struct acquire_question {
    std::string key;
    wish what = wish::load;
    std::int64_t known = 0;   ///< when the copy that is known was created
    std::string overtaken{};  ///< a token whose lease may be taken over
};

struct acquire_answer {
    enum class state : std::uint8_t { unreachable, hit, granted, busy, throttled, miss, foreign };
    state what = state::unreachable;
    std::string bytes;  ///< of the entry; empty: there is none
    std::chrono::milliseconds soft_left{0};
    std::chrono::milliseconds hard_left{0};
    std::chrono::milliseconds lease_left{0};
    std::int64_t now = 0;  ///< of Redis's clock, ms
};

struct tag_question {
    std::string tag;
    std::chrono::milliseconds keep;  ///< how long its version lives
};

class shared_tier {
 public:
    shared_tier(redis::client& client, std::chrono::milliseconds deadline) : client_{client}, deadline_{deadline} {}

    struct answers {
        std::vector<acquire_answer> entries;           ///< as many as asked
        std::vector<std::optional<tag_version>> tags;  ///< as many as asked
    };
    /// One round trip. Requires: `lease` is the token's.
    boost::asio::awaitable<answers> ask(std::vector<acquire_question> entries, std::vector<tag_question> tags,
                                        std::string_view token, std::chrono::milliseconds lease);

    enum class done : std::uint8_t { unreachable, no, yes };
    boost::asio::awaitable<done> fill(std::string_view key, std::string_view token, std::chrono::milliseconds ttl,
                                      std::string_view bytes);
    boost::asio::awaitable<done> release(std::string_view key, std::string_view token,
                                         std::chrono::milliseconds retry_after);
    boost::asio::awaitable<done> renew(std::string_view key, std::string_view token, std::chrono::milliseconds lease);
    boost::asio::awaitable<done> set(std::string_view key, std::chrono::milliseconds ttl, std::string_view bytes);
    boost::asio::awaitable<done> unlink(std::vector<std::string> keys);

    /// Calls f(key) for each key that matches and whose string is an entry of ours with a value, until it returns
    /// false. A SCAN over all keys; one that comes twice is given once.
    boost::asio::awaitable<void> scan(std::string glob, const std::function<bool(const std::string&)>& f);

    static std::string key_of_tag(std::string_view tag) { return "larder:tag:" + std::string{tag}; }

 private:
    boost::asio::awaitable<done> run(redis::request what);
    redis::exec_options in_time() const noexcept { return {deadline_}; }

    redis::client& client_;
    std::chrono::milliseconds deadline_;
};

}  // namespace larder::detail
