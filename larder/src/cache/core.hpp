// SPDX-License-Identifier: MIT
// cache::core: the parts of a cache, and what all of its operations share. The operations themselves are in cache.cpp
// (one key), many.cpp (several keys), invalidate.cpp, relay.cpp, explain.cpp and inspector.cpp; fetch.hpp does the work
// of a miss. judge() decides whether a record may be served; a reader should start there. Lifetime: background work
// holds a shared_ptr to the core, so the core may outlive its cache object.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <larder/cache.hpp>
#include <larder/home_thread.hpp>
#include <larder/local_cache.hpp>
#include <larder/timeout.hpp>

#include "bulkhead.hpp"
#include "coarse_clock.hpp"
#include "flights.hpp"
#include "freshness.hpp"
#include "pending.hpp"
#include "region_table.hpp"
#include "shared_tier.hpp"
#include "tag_table.hpp"
#include "work_count.hpp"

namespace larder {

namespace detail {

/// What may be done with a record.
enum class verdict : std::uint8_t {
    fresh,
    early,        ///< fresh, but XFetch has chosen it for an early refresh
    stale,        ///< past its TTL, but within while_revalidate
    expired,      ///< past while_revalidate, too: may be served only if the load fails
    unconfirmed,  ///< its freshness is not confirmed: an invalidation may have been missed
    invalid,      ///< invalidated: must never be served
};

}  // namespace detail

struct cache::core : std::enable_shared_from_this<core> {
    /// The runtime or io_context that the cache was created with: runs background work and connects to Redis.
    class home {
     public:
        explicit home(runtime& loops);
        explicit home(boost::asio::io_context& loop);
        std::function<void(boost::asio::awaitable<void>)> spawn;
        std::function<void(std::size_t loop, boost::asio::awaitable<void>)> spawn_on;
        std::function<std::unique_ptr<redis::client>(const redis::options&)> connect;
        std::function<bool()> stopping;  ///< true when the runtime stops: retry loops must end
        std::function<void()> check;     ///< throws std::logic_error on the wrong thread or in a fork: home_thread.hpp
    };
    /// Creates a cache in memory, without Redis.
    core(const cache_options& o, home h);
    /// Creates a cache with Redis, on connections of its own.
    core(const cache_options& o, home h, redis::options redis);

    boot_time coarse() const noexcept
    {
        return options.time != nullptr ? options.time->steady() : detail::coarse_now();
    }
    boot_time now() const noexcept { return options.time != nullptr ? options.time->steady() : boot_clock::now(); }
    /// Returns until when a value may be served without further confirmation, if its load or its read from Redis began
    /// at `begin`.
    boot_time confirmed_until(boot_time begin) const noexcept
    {
        return shared || options.relayed ? begin + options.bound - detail::coarseness : boot_time::max();
    }
    detail::verdict judge(const detail::record& r, const region_options& o, boot_time now) const noexcept;
    /// Returns whether the record may be served in place of a load that failed.
    bool may_replace_failure(const detail::record& r, const region_options& o, boot_time now) const noexcept;
    /// Returns whether the record is confirmed fresh: every invalidation that is older than the bound would have been
    /// noticed.
    bool is_confirmed(const detail::record& r, boot_time now) const noexcept
    {
        if (r.generation != 0 && r.generation != freshness.generation()) return false;
        return now < r.confirmed_until ||
               (r.tracked.load(std::memory_order_relaxed) && freshness.is_fresh(r.generation, now));
    }
    /// Sends the heartbeats that are due. Must be called on every read. Only reads and relays send heartbeats, and the
    /// relay of an idle cache pauses, so an idle cache causes no traffic. Its entries are no longer confirmed fresh
    /// then, and the first reads after the pause run the loader.
    void beat(boot_time now)
    {
        if (freshness.heartbeat_due(now) && shared) send_heartbeats();
    }
    bool is_idle() const noexcept { return now() > freshness.last_used() + options.idle_after; }
    void send_heartbeats();
    void send_heartbeat(std::size_t channel);
    /// Handles a push message of client-side caching (CLIENT TRACKING).
    void pushed(const resp::value& push);
    /// Handles the change of one Redis key, an entry's or a tag's, that Redis reported on this channel.
    void on_invalidation_push(std::string_view redis_key, int channel, std::uint64_t push);
    /// Drops everything that this process knows about the Redis key, and detaches its flight.
    void forget(std::string_view redis_key);

    /// Invalidates these Redis keys in this process and in Redis. If Redis does not confirm, this retries in the
    /// background until it does.
    boost::asio::awaitable<confirmation> invalidate_here(std::vector<std::string> redis_keys);
    /// The same for keys that are already in `pending`. `self` keeps the core alive.
    static boost::asio::awaitable<confirmation> invalidate_begun(std::shared_ptr<core> self,
                                                                 std::vector<std::string> redis_keys);

    /// Increments a work_count for as long as this object exists.
    class counted {
     public:
        counted(std::shared_ptr<core> c, detail::work_count core::* what) : core_{std::move(c)}, what_{what}
        {
            ((*core_).*what_).begin();
        }
        counted(counted&&) noexcept = default;
        counted& operator=(counted&&) = delete;
        ~counted()
        {
            if (core_ == nullptr) return;
            auto done = ((*core_).*what_).end();
            // A waiter may destroy the cache as soon as it is woken. The reference is dropped before that, so that it
            // cannot be the last one: this may be running inside a callback of the core's own connection.
            core_.reset();
            for (auto& d : done) detail::waiter::wake(std::move(d));
        }

     private:
        std::shared_ptr<core> core_;
        detail::work_count core::* what_;
    };
    counted call() { return {shared_from_this(), &core::calls}; }
    /// Runs `work` detached from the caller; drain() waits for it. `work` must keep what it uses alive.
    void in_background(boost::asio::awaitable<void> work, std::optional<std::size_t> loop = std::nullopt);

    /// Joins the key's flight, or starts a new one that the caller leads.
    detail::flight_slot join_or_start_flight(const entry_key& k)
    {
        at.check();
        const auto t = now();
        return flights.join_or_start(k.text(), t, t - options.bound, k.region().options().strict);
    }
    std::vector<std::shared_ptr<detail::tag_slot>> slots_of(const entry_key& k, const detail::region_state& in);
    /// Puts a value into L1 if the options of the cache and of the region allow it.
    void keep(std::string_view key, detail::region_state& in, std::shared_ptr<const detail::record> r,
              const detail::value_type& t);
    /// Returns the bulkhead that limits the loads of the region.
    detail::bulkhead& places_for(detail::region_state& in) { return in.loads_here ? *in.loads_here : loads; }
    /// Returns the copy in L1 if it may be served in place of a failed load, else null.
    std::shared_ptr<const detail::record> usable_on_failure(const entry_key& k) const;

    const cache_options options;
    const home at;
    detail::freshness freshness{options.bound - detail::coarseness, options.relayed};
    const std::string relay_name = detail::random_token();  ///< identifies this process among the relays
    bool has_relayed = false;                               ///< a relay pass of this process has been published
    std::optional<detail::shared_tier> shared;
    local_cache<detail::record> local;
    detail::tag_table tags;
    mutable detail::region_table regions{tags, options.max_waiting_loads};
    detail::flight_table flights;
    detail::bulkhead loads;
    detail::pending_invalidations pending{detail::shared_tier::key_of_tag(detail::tag_of_everything)};

    detail::work_count calls;          ///< calls that L1 could not answer
    detail::work_count background;     ///< background work, which only drain() and close() wait for
    detail::work_count unclosed{1};    ///< 0 once close() has stopped waiting; retry loops pause on it, then end
    std::atomic<bool> closing{false};  ///< new calls bypass flights and Redis
    std::atomic<bool> closed{false};

    std::unique_ptr<redis::client> client;  ///< the last member, destroyed first: its callbacks use the others
};

}  // namespace larder
