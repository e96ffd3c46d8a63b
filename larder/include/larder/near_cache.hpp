// SPDX-License-Identifier: MIT
// Keys of Redis that others write, kept near: read once, then answered from this process until Redis tells that they
// have changed (client-side caching). For values that larder::cache does not own, such as sessions of another program.
//
//     larder::near_cache<profile> near{runtime, redis_options, &decode_profile};
//     auto p = co_await near.get("profile:42");        // reply<shared_ptr<const profile>>; null: there is no such key
//
// A value is served for at most `bound` after it has changed, however the connection fails: each heartbeat proves that
// all invalidations from before it have come; without tracking (Cluster, REST, refused) a value lives for the bound.
// It never outlives its key's TTL. Thread-safe; a hit takes no lock and sends nothing.
#pragma once

#include <functional>
#include <larder/capped.hpp>
#include <larder/redis/client.hpp>
#include <memory>
#include <string>
#include <string_view>

namespace larder {

struct near_cache_options {
    std::size_t bytes = std::size_t{16} << 20;  ///< of this process, keys and values as they are in Redis
    capped_milliseconds bound{3000};
    capped_milliseconds ttl{60'000};    ///< after so long it is read again all the same
    capped_milliseconds deadline{100};  ///< of a reading
    std::function<boot_time()> now;     ///< null: boot_clock
};

struct near_cache_stats {
    std::uint64_t hits = 0;
    std::uint64_t reads = 0;  ///< of Redis
    std::size_t entries = 0;
    std::size_t bytes = 0;
};

namespace detail {

class near_store {
 public:
    using value = std::shared_ptr<const void>;
    using decoder = std::function<value(std::string_view key, std::string_view text, std::chrono::milliseconds left)>;
    near_store(runtime& loops, redis::options o, decoder d, near_cache_options limits);
    ~near_store();

    value get_here(std::string_view key);
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

    /// Connects on its own. `decode` makes a value of a string in Redis whose key has so much left (0: for ever); null,
    /// as for a key that is not there, is not kept. Requires: the runtime outlives this.
    near_cache(runtime& loops, redis::options o, decoder decode, near_cache_options limits = {})
        : store_{loops, std::move(o), std::move(decode), std::move(limits)}
    {}

    /// null: it has to be read.
    pointer get_here(std::string_view key) { return std::static_pointer_cast<const T>(store_.get_here(key)); }
    boost::asio::awaitable<redis::reply<pointer>> get(std::string key)
    {
        auto read = co_await store_.get(std::move(key));
        if (!read) co_return read.error();
        co_return std::static_pointer_cast<const T>(*std::move(read));
    }
    /// This process has written the key, or is about to: nothing that was read before is served.
    void forget(std::string_view key) { store_.forget(key); }
    near_cache_stats stats() const { return store_.stats(); }
    /// Ends its connections. Requires: nobody is reading.
    boost::asio::awaitable<void> close() { return store_.close(); }

 private:
    detail::near_store store_;
};

}  // namespace larder
