// SPDX-License-Identifier: MIT
// Rate limits over all processes that share a Redis, or in one process.
//
//     larder::limiter limiter{redis};                         // or limiter{}: in this process
//     auto& posting = limiter.limit({.name = "posting", .quota = 5, .window = 60s});
//     auto d = co_await posting.take("user:42");
//     if (!d.allowed) ...                                     // and nobody waits longer for having asked:
//     d.retry_after
//
// A rule is exact unless it says otherwise: no window of that length, wherever it begins, has more than `quota`
// admitted hits, by Redis's clock. A hit costs one call of Redis, a refused one none for up to a second. An approximate
// rule is a token bucket (GCRA) that refills by `quota` in each window; processes borrow tokens in batches, so that
// most hits are decided here. What is over-granted then is at most what is borrowed: `processes * max(1, burst / 16)`
// tokens may be used up to a second after they were taken; over time not one is granted
// twice. Refused hits extend nothing. Thread-safe. Sources: ITU-T I.371 (GCRA); RFC 9110 10.2.3 (Retry-After).
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <larder/capped.hpp>
#include <larder/clock.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace larder {

namespace redis {
class client;
}

/// What becomes of a hit when Redis does not answer in time.
enum class without_redis : std::uint8_t {
    count_local,  ///< each process counts for itself, from nothing: up to `quota` for each of them
    fail_open,    ///< it is allowed
    fail_closed,  ///< it is refused
};

struct limit_rule {
    std::string name;         ///< in keys and metrics: a-z, 0-9, `_` and `-`
    std::uint32_t quota = 0;  ///< hits in each window; of an exact rule at most 1,000
    capped_milliseconds window{0};
    bool approximate = false;
    std::uint32_t burst = 0;  ///< approximate: hits at once after a pause; 0: the quota
    without_redis fallback = without_redis::count_local;
};

/// Trivially destructible: it may stand in a co_await expression.
struct limit_decision {
    bool allowed = true;
    bool shared = true;                        ///< false: Redis was asked and did not answer
    std::uint32_t remaining = 0;               ///< of an approximate rule: as far as is known here
    std::chrono::milliseconds retry_after{0};  ///< until one more is there; after a refusal: when to try again
};

struct limit_stats {
    std::uint64_t allowed = 0;
    std::uint64_t refused = 0;
    std::uint64_t asked = 0;     ///< calls of Redis
    std::uint64_t unshared = 0;  ///< decided by the fallback
    std::size_t clients = 0;     ///< that this process knows of
};

struct limiter_options {
    std::string prefix = "limit:";      ///< of keys in Redis, which go on with the rule's name
    capped_milliseconds deadline{100};  ///< of a call of Redis
    std::size_t memory =
        std::size_t{4} << 20;  ///< bytes per rule in this process; over it, who was last seen longest ago is forgotten
    std::function<boot_time()> now;  ///< null: boot_clock
};

/// One rule, and those it is counted for.
class rate_limit {
 public:
    /// Counts a hit of `who` (a user, an address, a key) if it is allowed. Never throws for what Redis does.
    boost::asio::awaitable<limit_decision> take(std::string who);
    /// The same if it can be decided without Redis: a token is in hand, the refusal still stands, or there is no Redis.
    std::optional<limit_decision> try_take(std::string_view who);
    /// Takes back one hit that `d` admitted, for example when only failures shall count. Requires: an exact rule. What
    /// Redis does not take back in time stays counted until its window ends.
    boost::asio::awaitable<void> refund(std::string who, limit_decision d);
    /// As if `who` had never come. Processes that have refused him go on doing so for up to a second.
    boost::asio::awaitable<void> forget(std::string who);

    const limit_rule& rule() const noexcept;
    limit_stats stats() const;

    struct core;
    explicit rate_limit(std::unique_ptr<core> c);
    ~rate_limit();

 private:
    std::unique_ptr<core> core_;
};

class limiter {
 public:
    /// In this process only.
    explicit limiter(limiter_options o = {}) : limiter{nullptr, std::move(o)} {}
    explicit limiter(redis::client& redis, limiter_options o = {}) : limiter{&redis, std::move(o)} {}
    /// null: in this process only. Requires: the client outlives this.
    explicit limiter(redis::client* redis, limiter_options o = {});
    ~limiter();

    /// Adds a rule; it lives as long as this. Throws std::invalid_argument when it makes no sense or its name is taken.
    rate_limit& limit(limit_rule r);
    /// Calls f for each rule.
    void for_each(const std::function<void(const rate_limit&)>& f) const;

 private:
    redis::client* redis_ = nullptr;
    limiter_options options_;
    mutable std::mutex mutex_;
    std::deque<rate_limit> limits_;
};

}  // namespace larder
