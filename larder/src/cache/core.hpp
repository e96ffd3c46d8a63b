// SPDX-License-Identifier: MIT
// The parts of a cache and what all of its operations share.
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
    early,        ///< fresh, and XFetch says that it should be loaded anew
    stale,        ///< past its TTL, and within while_revalidate
    expired,      ///< past that: only if the load fails
    unconfirmed,  ///< an invalidation of it could have been missed
    invalid,      ///< invalidated: never serve it
};

}  // namespace detail

struct cache::core : std::enable_shared_from_this<core> {
    /// Where background work runs.
    class home {
     public:
        explicit home(runtime& loops);
        explicit home(boost::asio::io_context& loop);
        std::function<void(boost::asio::awaitable<void>)> spawn;
        std::function<void(std::size_t loop, boost::asio::awaitable<void>)> spawn_on;
        std::function<std::unique_ptr<redis::client>(const redis::options&)> connect;
        std::function<bool()> stopping;  ///< what can wait for ever shall not
        std::function<void()> check;     ///< throws std::logic_error: see home_thread.hpp
    };
    /// In memory only.
    core(const cache_options& o, home h);
    /// On Redis, by connections of its own.
    core(const cache_options& o, home h, redis::options redis);

    boot_time coarse() const noexcept
    {
        return options.time != nullptr ? options.time->steady() : detail::coarse_now();
    }
    boot_time now() const noexcept { return options.time != nullptr ? options.time->steady() : boot_clock::now(); }
    /// Until when a value may answer whose load, or reading, began then.
    boot_time confirmed_until(boot_time begin) const noexcept
    {
        return shared || options.relayed ? begin + options.bound - detail::coarseness : boot_time::max();
    }
    detail::verdict judge(const detail::record& r, const region_options& o, boot_time now) const noexcept;
    /// Whether a failed load may be answered with it.
    bool may_replace_failure(const detail::record& r, const region_options& o, boot_time now) const noexcept;
    bool is_confirmed(const detail::record& r, boot_time now) const noexcept
    {
        if (r.generation != 0 && r.generation != freshness.generation()) return false;
        return now < r.confirmed_until ||
               (r.tracked.load(std::memory_order_relaxed) && freshness.is_fresh(r.generation, now));
    }
    /// To be called with every reading: sends the heartbeats that are due. Nothing else sends them but relays, and a
    /// cache that is not used for a while has no relay, so it costs nothing. What it holds is proven by nothing then:
    /// the first readings load.
    void beat(boot_time now)
    {
        if (freshness.due(now) && shared) send_heartbeats();
    }
    bool is_idle() const noexcept { return now() > freshness.last_used() + options.idle_after; }
    void send_heartbeats();
    void send_heartbeat(std::size_t channel);
    void pushed(const resp::value& push);
    /// Redis told on this channel that a key has changed, an entry's or a tag's.
    void on_invalidation_push(std::string_view redis_key, int channel, std::uint64_t push);
    /// What is known of this Redis key is not true any more.
    void forget(std::string_view redis_key);

    /// Makes these Redis keys untrue here and in Redis; tries again in the background until that has confirmed.
    boost::asio::awaitable<confirmation> invalidate_here(std::vector<std::string> redis_keys);
    /// The same of keys that are pending already. `self` keeps this alive.
    static boost::asio::awaitable<confirmation> invalidate_begun(std::shared_ptr<core> self,
                                                                 std::vector<std::string> redis_keys);

    /// Counted while it exists.
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
            core_.reset();  // who waits may end the cache: not from inside its own connection's callback
            for (auto& d : done) detail::waiter::wake(std::move(d));
        }

     private:
        std::shared_ptr<core> core_;
        detail::work_count core::* what_;
    };
    counted call() { return {shared_from_this(), &core::calls}; }
    /// Runs it behind the caller's back; drain() waits for it. `work` keeps what it needs alive.
    void in_background(boost::asio::awaitable<void> work, std::optional<std::size_t> loop = std::nullopt);

    /// A place in the key's flight, or at the head of a new one.
    detail::flight_slot join_or_start_flight(const entry_key& k)
    {
        at.check();
        const auto t = now();
        return flights.join_or_start(k.text(), t, t - options.bound, k.region().options().strict);
    }
    std::vector<std::shared_ptr<detail::tag_slot>> slots_of(const entry_key& k, const detail::region_state& in);
    /// Puts a value into L1 if its region wants it there.
    void keep(std::string_view key, detail::region_state& in, std::shared_ptr<const detail::record> r,
              const detail::value_type& t);
    /// Where a load of the region has to get a place.
    detail::bulkhead& places_for(detail::region_state& in) { return in.loads_here ? *in.loads_here : loads; }
    std::shared_ptr<const detail::record> usable_on_failure(const entry_key& k) const;

    const cache_options options;
    const home at;
    detail::freshness freshness{options.bound - detail::coarseness, options.relayed};
    const std::string relay_name = detail::random_token();  ///< whose turn it is
    bool has_relayed = false;                               ///< a pass of this process has come to its end
    std::optional<detail::shared_tier> shared;
    local_cache<detail::record> local;
    detail::tag_table tags;
    mutable detail::region_table regions{tags, options.max_waiting_loads};
    detail::flight_table flights;
    detail::bulkhead loads;
    detail::pending_invalidations pending{detail::shared_tier::key_of_tag(detail::tag_of_everything)};

    detail::work_count calls;          ///< what callers wait for and L1 did not answer
    detail::work_count background;     ///< what nobody waits for but drain() and close()
    detail::work_count unclosed{1};    ///< 1 until close() waits no longer: who pauses waits for its end
    std::atomic<bool> closing{false};  ///< calls that begin now use neither flights nor Redis
    std::atomic<bool> closed{false};

    std::unique_ptr<redis::client> client;  ///< the last member: its connections tell the others until they end
};

}  // namespace larder
