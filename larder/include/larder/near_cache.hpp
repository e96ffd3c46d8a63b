// SPDX-License-Identifier: MIT
// Client-side caching of Redis keys that other programs write: a key is read once and then served from this process
// until Redis pushes an invalidation. For values that larder::cache does not own, such as sessions of another program.
//
//     larder::near_cache<profile> near{runtime, redis_options, &decode_profile};
//     auto p = co_await near.get("profile:42");        // reply<shared_ptr<const profile>>; null: there is no such key
//
// A value is served for at most `bound` after it has changed, however the connection fails: the reply to each heartbeat
// confirms that all earlier invalidations have arrived. Without tracking (Cluster, REST, or refused by the server) a
// value is kept for `bound`. It never outlives its key's TTL. Thread-safe; a hit takes no lock and sends nothing.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <larder/capped.hpp>
#include <larder/clock.hpp>
#include <larder/redis/options.hpp>
#include <larder/redis/outcome.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace larder {

class runtime;

struct near_cache_options {
    std::size_t bytes = std::size_t{16} << 20;  ///< memory limit; keys and values count with their size in Redis
    capped_milliseconds bound{3000};            ///< staleness bound, see above
    capped_milliseconds ttl{60'000};            ///< a value is read again after this time in any case
    capped_milliseconds deadline{100};          ///< for a read from Redis
    const clock* time = nullptr;                ///< null: the system clock; tests pass their own
};
static_assert(std::is_trivially_destructible_v<near_cache_options>);

struct near_cache_stats {
    std::uint64_t hits = 0;
    std::uint64_t reads = 0;  ///< reads from Redis
    std::size_t entries = 0;
    std::size_t bytes = 0;
};

namespace detail {

class near_store {
 public:
    using value = std::shared_ptr<const void>;
    using decoder = std::function<value(std::string_view key, std::string_view text, std::chrono::milliseconds left)>;
    near_store(runtime& loops, redis::options o, decoder d, const near_cache_options& limits);
    ~near_store();

    value get_local(std::string_view key);
    boost::asio::awaitable<redis::reply<value>> get(std::string key);
    void forget(std::string_view key);
    near_cache_stats stats() const;
    boost::asio::awaitable<void> close();

 private:
    struct core;
    std::shared_ptr<core> core_;
};

}  // namespace detail

template <class T>
class near_cache {
 public:
    using pointer = std::shared_ptr<const T>;

    using decoder = std::function<pointer(std::string_view key, std::string_view text, std::chrono::milliseconds left)>;

    /// Opens its own connections. `decode` makes a value from the string in Redis; `left` is the remaining TTL of the
    /// key (0: no expiry). If it returns null, get() returns null, as for a missing key, and nothing is cached.
    /// Requires: the runtime outlives the cache.
    near_cache(runtime& loops, redis::options o, decoder decode, const near_cache_options& limits = {})
        : store_{loops, std::move(o), std::move(decode), limits}
    {}

    /// Returns the value if it is cached here; nullptr if it must be read with get(). Does not suspend.
    pointer get_local(std::string_view key) { return std::static_pointer_cast<const T>(store_.get_local(key)); }
    boost::asio::awaitable<redis::reply<pointer>> get(std::string key)
    {
        auto read = co_await store_.get(std::move(key));
        if (!read) co_return read.error();
        co_return std::static_pointer_cast<const T>(*std::move(read));
    }
    /// Call it when this process is about to write the key, and again afterwards. Values read before the call are no
    /// longer served.
    void forget(std::string_view key) { store_.forget(key); }
    near_cache_stats stats() const { return store_.stats(); }
    /// Closes the connections. Requires: no read is in progress.
    boost::asio::awaitable<void> close() { return store_.close(); }

 private:
    detail::near_store store_;
};

}  // namespace larder
