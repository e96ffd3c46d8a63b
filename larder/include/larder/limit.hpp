// SPDX-License-Identifier: MIT
// Rate limits, for one process or shared by all processes that use the same Redis.
//
//     larder::limiter limiter{redis};                         // or limiter{}: this process only
//     auto& posting = limiter.limit({.name = "posting", .quota = 5, .window = 60s});
//     auto d = co_await posting.take("user:42");
//     if (!d.allowed) ...                                     // retry after d.retry_after
//
// A rule is exact by default: no window of the given length, wherever it begins, contains more than `quota` admitted
// hits by Redis's clock. A hit costs one Redis call; once a client is refused, its further hits are refused without a
// call for up to a second. An approximate rule is a token bucket (GCRA) that refills by `quota` per window. Processes
// borrow its tokens in batches, so that most hits are decided without a call. A borrowed token may be used up to a
// second later, so at most `processes * max(1, burst / 16)` hits can be admitted late; no token is granted twice.
// Refused hits do not extend the waiting time. Thread-safe.
// Sources: ITU-T I.371 (GCRA); RFC 9110 10.2.3 (Retry-After).
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <larder/capped.hpp>
#include <larder/clock.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace larder {

namespace redis {
class client;
}

/// How a hit is decided when Redis does not reply in time.
enum class without_redis : std::uint8_t {
    count_local,  ///< each process counts on its own, starting at 0, so each admits up to `quota`
    fail_open,    ///< the hit is allowed
    fail_closed,  ///< the hit is refused
};

struct limit_rule {
    std::string name;               ///< used in keys and metrics; consists of a-z, 0-9, `_` and `-`
    std::uint32_t quota = 0;        ///< hits per window; at most 1,000 for an exact rule
    capped_milliseconds window{0};  ///< longer than 0
    bool approximate = false;       ///< a token bucket, for rules that are checked very often
    std::uint32_t burst = 0;        ///< approximate rules: hits allowed at once after a pause; 0: the quota
    without_redis fallback = without_redis::count_local;  ///< fail_closed protects what must never be exceeded
};

/// Trivially destructible, so it is safe inside a co_await expression.
struct limit_decision {
    bool allowed = true;
    bool shared = true;                        ///< false: Redis did not reply and the fallback decided
    std::uint32_t remaining = 0;               ///< hits left; an estimate for approximate rules
    std::chrono::milliseconds retry_after{0};  ///< time until one more hit is available
};

struct limit_stats {
    std::uint64_t allowed = 0;
    std::uint64_t refused = 0;
    std::uint64_t redis_calls = 0;
    std::uint64_t unshared = 0;  ///< decided by the fallback
    std::size_t clients = 0;     ///< clients that this process has state for
};

struct limiter_options {
    std::string prefix = "limit:";      ///< prefix of keys in Redis; the rule's name follows it
    capped_milliseconds deadline{100};  ///< for a Redis call; after it the rule's fallback decides
    /// Bytes per rule in this process. Beyond it the least recently seen clients are forgotten.
    std::size_t memory = std::size_t{4} << 20;
    const clock* time = nullptr;  ///< null: the system clock
};

/// One rule and the clients it is counted for.
class rate_limit {
 public:
    /// Counts a hit of `client` (a user, an address, a key) if it is allowed. Never throws because of Redis.
    boost::asio::awaitable<limit_decision> take(std::string client);
    /// The same, if it can be decided without calling Redis: a borrowed token is left, an earlier refusal is still
    /// valid, or there is no Redis. Otherwise nullopt.
    std::optional<limit_decision> try_take(std::string_view client);
    /// Takes back a hit that `d` admitted, for example when only failures are to be counted. Requires: the rule is
    /// exact. If Redis does not take the hit back in time, it stays counted until its window ends.
    boost::asio::awaitable<void> refund(std::string client, limit_decision d);
    /// Deletes the state of `client`. Other processes that have refused it may continue to do so for up to a
    /// second.
    boost::asio::awaitable<void> forget(std::string client);

    const limit_rule& rule() const noexcept;
    limit_stats stats() const;

    ~rate_limit();

 private:
    friend class limiter;
    struct core;
    explicit rate_limit(std::unique_ptr<core> c);
    std::unique_ptr<core> core_;
};

class limiter {
 public:
    /// Counts in this process only.
    explicit limiter(limiter_options o = {}) : limiter{nullptr, std::move(o)} {}
    explicit limiter(redis::client& redis, limiter_options o = {}) : limiter{&redis, std::move(o)} {}
    /// With nullptr, counts in this process only. Requires: the Redis client outlives the limiter.
    explicit limiter(redis::client* redis, limiter_options o = {});
    ~limiter();

    /// Adds a rule. The reference is valid as long as the limiter exists. Throws std::invalid_argument if the rule is
    /// invalid or its name is already in use.
    rate_limit& limit(limit_rule r);
    /// Calls `f` for each rule.
    void for_each(const std::function<void(const rate_limit&)>& f) const;

 private:
    struct rules;
    std::unique_ptr<rules> rules_;
};

}  // namespace larder
