// SPDX-License-Identifier: MIT
// The hybrid cache: values in this process (L1), behind them Redis (L2) if there is one, behind that your loader.
//
//     constexpr larder::region<profile(std::int64_t)> profiles{"profile:{}", {.ttl = 15min}};
//
//     larder::cache cache{io, "redis://localhost"};        // or in memory: larder::cache cache{io};
//     profile p = co_await cache.get_or_load(profiles(42), [&] { return db.load_profile(42); });
//     co_await cache.invalidate(profiles(42));
//
// However many ask for a missing entry, in however many processes, one loads it. A read never fails because of the
// cache; what the loader throws reaches everyone who waits for it. Values are shared and never change. What is
// promised about their age: docs/concepts/cache.md. Thread-safe, from coroutines of any loop.
//
// A loader may return the value or an awaitable of it; std::optional makes "there is none" a value (a negative entry).
// With g++ 12 a loader that captures by value, and has captures with destructors, must be a named variable, not written
// inside the co_await nor moved; anything else does not compile.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>
#include <functional>
#include <larder/cache/arguments.hpp>
#include <larder/cache/cached.hpp>
#include <larder/cache/record.hpp>
#include <larder/cache/relay.hpp>
#include <larder/cache/stats.hpp>
#include <larder/capped.hpp>
#include <larder/redis/client.hpp>
#include <larder/region.hpp>
#include <larder/runtime.hpp>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace larder {

namespace detail {
class flight;
class flight_slot;
}  // namespace detail

struct cache_options {
    std::size_t local_bytes = std::size_t{64} << 20;  ///< bound of L1; 0: none, Redis is asked each time
    std::size_t local_shards = 0;                     ///< see local_cache_options
    std::size_t max_loads = 64;                       ///< at a time, in this process; more wait in turn
    std::size_t max_waiting_loads = 10'000;           ///< beyond that a load fails at once: errc::overloaded
    capped_milliseconds default_ttl{300'000};         ///< of the regions that say so
    capped_milliseconds bound{3000};                  ///< T: no value is served for longer after its proof of freshness
    capped_milliseconds redis_deadline{40};           ///< for each step with Redis; then it goes on without
    capped_milliseconds lease{5000};                  ///< of a load, renewed while it goes on
    capped_milliseconds idle_after{60'000};           ///< without use no heartbeats are sent and no relay works
    bool relayed = false;                             ///< others write too, and what they make untrue is in an outbox
    const clock* time = nullptr;                      ///< null: the process's; for tests
};
static_assert(std::is_trivially_destructible_v<cache_options>);

template <class Signature>
class memoized;

/// What drain() and close() did not wait for any longer.
struct unfinished_work {
    std::size_t calls = 0;       ///< they end without Redis
    std::size_t background = 0;  ///< refreshes, values on their way to Redis, invalidations that are tried again
    /// Keys and tags that Redis has not confirmed: other processes may read them until their TTL ends.
    std::size_t invalidations = 0;
    bool none() const noexcept { return calls == 0 && background == 0 && invalidations == 0; }
};

class cache {
 public:
    /// In memory only. The runtime or context must outlive the cache.
    explicit cache(runtime& loops, const cache_options& o = {});
    explicit cache(boost::asio::io_context& loop, const cache_options& o = {});
    /// On Redis, with connections of its own: they are tracked (CLIENT TRACKING), which other commands would disturb.
    /// Throws boost::system::system_error when a certificate file cannot be read.
    cache(runtime& loops, const redis::options& where, const cache_options& o = {});
    cache(boost::asio::io_context& loop, const redis::options& where, const cache_options& o = {});
    /// The same by URL (redis/options.hpp). Throws std::invalid_argument that names what is wrong with it.
    cache(runtime& loops, std::string_view url, const cache_options& o = {});
    cache(boost::asio::io_context& loop, std::string_view url, const cache_options& o = {});
    /// Requires: no call is under way, and close() was awaited if it stands on Redis.
    ~cache();
    cache(const cache&) = delete;
    cache& operator=(const cache&) = delete;

    /// The value; if it is not there, load() makes it. The load is the caller's: it ends with the caller, by
    /// cancellation and by the region's soft time-out. `load` lives until this returns. Throws what load() throws
    /// (unless the region says `if_error`), errc::timed_out after its hard time-out, errc::overloaded when too many
    /// wait to load. `load` is copied; std::ref(load) if it cannot be.
    template <class V, class Load>
    boost::asio::awaitable<cached<V>> get_or_load(key<V> k, Load&& load)
    {
        detail::check_loader<Load>();
        return load_borrowed<V, std::decay_t<Load>>(std::move(k), std::forward<Load>(load));
    }

    /// The same with a load that is the cache's: it goes on until it ends or its hard time-out, whoever waits for it.
    /// So it may run when this has returned, and owns all that it uses; the region may refresh entries before their TTL
    /// ends (early_refresh) or after (while_revalidate); the soft time-out does not cut it off, and a caller who is
    /// cancelled does not take it from the others.
    template <class V, class Load>
    boost::asio::awaitable<cached<V>> get_or_load_owned(key<V> k, Load&& load)
    {
        detail::check_loader<Load>();
        return load_owned<V, std::decay_t<Load>>(std::move(k), std::forward<Load>(load));
    }

    /// Makes sure that the entry is there, with more than `renew_below` of its TTL left, 0 to 1: else it is loaded
    /// (anew), while readers are served the old value. It loads as a reader does, by single flight and lease, and
    /// counts as none. The status says whether it was loaded. `load` is kept as by get_or_load_owned(); throws what
    /// that throws.
    template <class V, class Load>
    boost::asio::awaitable<cached<V>> warm(key<V> k, Load&& load, double renew_below = 0)
    {
        detail::check_loader<Load>();
        return renew_owned<V, std::decay_t<Load>>(std::move(k), std::forward<Load>(load), renew_below);
    }

    /// The value if there is one, from L1 or Redis; never a stale one. Throws nothing.
    template <class V>
    boost::asio::awaitable<lookup<V>> get(key<V> k)
    {
        const bool inside = inside_load(co_await boost::asio::this_coro::executor);
        if (inside) co_return lookup<V>{};
        found hit = find_local_fresh(k);
        if (hit.value == nullptr) hit = co_await peek(k, detail::type_of<V>);
        co_return lookup<V>{std::move(hit.value), hit.status};
    }

    /// Calls f(const V&) for a fresh value in L1 and returns true; no coroutine, no allocation, no reference count.
    /// `f` must not block.
    template <class V, class F>
    [[nodiscard]] bool with_local(const key<V>& k, F&& f)
    {
        return visit_local(
            k, [](void* state, const detail::record& r) { (*static_cast<F*>(state))(detail::value_of<V>(r)); }, &f);
    }

    /// Stores a value that was not loaded. For regions that live by their TTL alone: nothing orders a set() after or
    /// before an invalidation that runs at the same time.
    template <class V>
    boost::asio::awaitable<invalidation> set(key<V> k, const std::type_identity_t<V>& value)
    {
        return store(std::move(k), detail::type_of<V>, detail::make_record(value));
    }
    template <class V>
    boost::asio::awaitable<invalidation> set(key<V> k, std::type_identity_t<V>&& value)
    {
        detail::check_value<V>();
        return store(std::move(k), detail::type_of<V>, detail::make_record(std::move(value)));
    }

    /// What get() returns for each, in their order, with one round trip for those that are not in L1.
    template <class V>
    boost::asio::awaitable<std::vector<lookup<V>>> get_many(std::vector<key<V>> keys)
    {
        const bool inside = inside_load(co_await boost::asio::this_coro::executor);
        if (inside) co_return std::vector<lookup<V>>(keys.size());
        const std::vector<const entry_key*> all = pointers(keys);
        std::vector<found> f = co_await peek_many(all, detail::type_of<V>);
        co_return typed<lookup<V>>(std::move(f));
    }

    /// As get_or_load() for each key; load() is called once, with the places in `keys` of those that this call has to
    /// load, and returns an awaitable of their values in that order. Each key has its own flight: one that somebody
    /// else is loading already is waited for, and loaded here only if that comes to nothing.
    template <class V, class Load>
    boost::asio::awaitable<std::vector<cached<V>>> get_or_load_many(std::vector<key<V>> keys, Load&& load)
    {
        detail::check_loader<Load>();
        return load_many<V, std::decay_t<Load>>(std::move(keys), std::forward<Load>(load));
    }

    /// A function of the region's fields with its results cached: see memoized. `f` is kept.
    template <class V, class... Fields, class F>
    memoized<V(Fields...)> memoize(const region<V(Fields...)>& in, F f);

    // Invalidation: from the moment this returns, no caller in this process is given what was loaded before it was
    // called; once it is confirmed, no other process takes it from Redis, and what they hold in L1 ends within the
    // bound. Loads that are under way are given to those who wait for them already, and to nobody else. Throws nothing.
    boost::asio::awaitable<invalidation> invalidate(entry_key k);
    boost::asio::awaitable<invalidation> invalidate(tag t);
    boost::asio::awaitable<invalidation> invalidate(const region_base& all_of);
    /// All of them at once: `invalidate({posts(1), users(7)}, {larder::tag{"feed"}})`.
    boost::asio::awaitable<invalidation> invalidate(list_of<entry_key> keys, list_of<tag> tags);
    boost::asio::awaitable<invalidation> remove(entry_key k) { return invalidate(std::move(k)); }
    /// Everything in all regions.
    boost::asio::awaitable<invalidation> clear();

    // With an outbox (cache/relay.hpp):

    /// To be called before COMMIT.
    begun_invalidation begin_invalidation(written_invalidation w);
    /// One pass: applies what stands in the log, deletes it, and lets all nodes know since when everything is applied.
    /// To be called on every node, every half second; one of them works, the others' calls return soon.
    boost::asio::awaitable<relay_report> relay(change_log& log);
    /// In memory with cache_options::relayed: what others had changed before then has been invalidated here. Entries
    /// are served for the bound from the latest such moment, or from their load.
    void confirm_applied(boot_time since);
    bool on_redis() const noexcept;
    /// It was neither read nor written for cache_options::idle_after: relay() does nothing, and nothing is sent.
    bool is_idle() const noexcept;

    /// Up to `most` keys of a region that begin with `prefix`, in no order: from Redis (by SCAN) if there is one, else
    /// from L1. What does not parse as a key of the region, or is no entry of ours, is left out. For administrators: it
    /// looks at every key.
    boost::asio::awaitable<std::vector<entry_key>> keys(const region_base& in, std::string prefix, std::size_t most);
    /// The regions that have been used so far; they live as long as the program.
    std::vector<const region_base*> regions() const;
    /// Makes a region known before its first use.
    void declare(const region_base& r);

    cache_stats stats() const;
    /// Called after each command that the cache sends, on any loop; set before the first call.
    void on_redis_command(std::function<void(const redis::command_record&)> f);
    /// What would be served for a key, and why (not).
    boost::asio::awaitable<explanation> explain(entry_key k);

    /// Waits for background work for `limit` at most: refreshes, values on their way to Redis, invalidations that are
    /// tried again. Says what is left; calls count for nothing here.
    [[nodiscard]] boost::asio::awaitable<unfinished_work> drain(std::chrono::milliseconds limit = default_limit);
    /// Waits for the calls that are under way and for background work, for `limit` at most, ends the connections, and
    /// says what it left undone. Final: reads that begin later find what L1 holds and can prove, or load and keep
    /// nothing; invalidations are done in this process. Loads that are left may run on: the loops must outlive them.
    [[nodiscard]] boost::asio::awaitable<unfinished_work> close(std::chrono::milliseconds limit = default_limit);
    static constexpr std::chrono::seconds default_limit{10};

    struct core;  ///< for the other parts of this module

 private:
    struct found {
        std::shared_ptr<const detail::record> value;
        cache_status status = cache_status::missed;
        bool refresh = false;  ///< it may be served, but should be loaded anew
    };
    using batch_loader = std::function<boost::asio::awaitable<std::vector<std::shared_ptr<detail::record>>>(
        std::span<const std::size_t>)>;

    static bool inside_load(const boost::asio::any_io_executor& e) noexcept;
    /// `background`: whether the caller can refresh without waiting for it.
    found find_local(const entry_key& k, bool background) const;
    found find_local_fresh(const entry_key& k) const;
    bool visit_local(const entry_key& k, void (*f)(void*, const detail::record&), void* state) const;
    boost::asio::awaitable<found> fetch(const entry_key& k, const detail::value_type& t, detail::loader& by,
                                        bool inside);
    boost::asio::awaitable<found> fetch_owned(entry_key k, const detail::value_type& t,
                                              std::shared_ptr<detail::loader> by);
    boost::asio::awaitable<found> renew(entry_key k, const detail::value_type& t, std::shared_ptr<detail::loader> by,
                                        double below);
    boost::asio::awaitable<found> join_or_lead(const entry_key& k, const detail::value_type& t,
                                               std::shared_ptr<detail::loader> by,
                                               std::shared_ptr<const detail::record> stale_value);
    void refresh(const entry_key& k, const detail::value_type& t, std::shared_ptr<detail::loader> by,
                 std::shared_ptr<const detail::record> stale_value);
    void lead_in_background(detail::flight_slot in, entry_key k, const detail::value_type& t,
                            std::shared_ptr<detail::loader> by, std::shared_ptr<const detail::record> stale_value);
    boost::asio::awaitable<std::optional<found>> await_flight(std::shared_ptr<detail::flight> f, const entry_key& k,
                                                              bool own);
    boost::asio::awaitable<std::vector<entry_key>> keys_of(const region_base& in, std::string prefix, std::size_t most);
    void count(const entry_key& k, const found& f) const;
    boost::asio::awaitable<invalidation> invalidate_redis_keys(std::vector<std::string> keys);
    boost::asio::awaitable<found> peek(const entry_key& k, const detail::value_type& t);
    boost::asio::awaitable<std::vector<found>> peek_many(const std::vector<const entry_key*>& keys,
                                                         const detail::value_type& t);
    boost::asio::awaitable<std::vector<found>> fetch_many(const std::vector<const entry_key*>& keys,
                                                          const detail::value_type& t, const batch_loader& by);
    static boost::asio::awaitable<std::vector<found>> bypass_many(std::size_t n, const batch_loader& by);
    boost::asio::awaitable<invalidation> store(entry_key k, const detail::value_type& t,
                                               std::shared_ptr<detail::record> r);

    template <class V, class Load>
    boost::asio::awaitable<cached<V>> load_borrowed(key<V> k, Load load)
    {
        const bool inside = inside_load(co_await boost::asio::this_coro::executor);
        found hit = inside ? found{} : find_local(k, false);
        if (hit.value != nullptr && !hit.refresh) co_return cached<V>{std::move(hit.value), hit.status};
        detail::borrowed_loader<V, Load> by{load};
        found f = co_await fetch(k, detail::type_of<V>, by, inside);
        co_return cached<V>{std::move(f.value), f.status};
    }
    template <class V, class Load>
    boost::asio::awaitable<cached<V>> load_owned(key<V> k, Load load)
    {
        const bool inside = inside_load(co_await boost::asio::this_coro::executor);
        found hit = inside ? found{} : find_local(k, true);
        if (hit.value == nullptr || hit.refresh) {
            auto by = std::make_shared<detail::owned_loader<V, Load>>(std::move(load));
            if (inside) {
                hit = co_await fetch(k, detail::type_of<V>, *by, true);
            } else if (hit.value == nullptr) {
                hit = co_await fetch_owned(k, detail::type_of<V>, std::move(by));
            } else {
                refresh(k, detail::type_of<V>, std::move(by), hit.value);
            }
        }
        co_return cached<V>{std::move(hit.value), hit.status};
    }
    template <class V, class Load>
    boost::asio::awaitable<cached<V>> renew_owned(key<V> k, Load load, double renew_below)
    {
        const bool inside = inside_load(co_await boost::asio::this_coro::executor);
        auto by = std::make_shared<detail::owned_loader<V, Load>>(std::move(load));
        found f;
        if (inside) {
            f = co_await fetch(k, detail::type_of<V>, *by, true);
        } else {
            f = co_await renew(k, detail::type_of<V>, std::move(by), renew_below);
        }
        co_return cached<V>{std::move(f.value), f.status};
    }
    template <class V, class Load>
    boost::asio::awaitable<std::vector<cached<V>>> load_many(std::vector<key<V>> keys, Load load)
    {
        const std::vector<const entry_key*> all = pointers(keys);
        auto each = [&load](std::span<const std::size_t> which) { return load_batch<V>(load, which); };
        const batch_loader by = each;
        std::vector<found> f;
        const bool inside = inside_load(co_await boost::asio::this_coro::executor);
        if (inside) {
            f = co_await bypass_many(keys.size(), by);
        } else {
            f = co_await fetch_many(all, detail::type_of<V>, by);
        }
        co_return typed<cached<V>>(std::move(f));
    }

    template <class V>
    static std::vector<const entry_key*> pointers(const std::vector<key<V>>& keys)
    {
        std::vector<const entry_key*> out;
        for (const auto& k : keys) out.push_back(&k);
        return out;
    }
    template <class Value>
    static std::vector<Value> typed(std::vector<found> f)
    {
        std::vector<Value> out;
        for (auto& one : f) out.emplace_back(std::move(one.value), one.status);
        return out;
    }
    template <class V, class Load>
    static boost::asio::awaitable<std::vector<std::shared_ptr<detail::record>>> load_batch(
        Load& load, std::span<const std::size_t> which)
    {
        std::vector<V> values = co_await load(which);
        std::vector<std::shared_ptr<detail::record>> out;
        for (auto& v : values) out.push_back(detail::make_record(std::move(v)));
        co_return out;
    }

    std::shared_ptr<core> core_;
};

/// A function whose results are cached, by get_or_load_owned().
///
///     auto profile_of = cache.memoize(profiles, [&db](std::int64_t id) { return db.load_profile(id); });
///     profile p = co_await profile_of(42);
template <class V, class... Fields>
class memoized<V(Fields...)> {
 public:
    /// The fields are kept, and the text of a std::string_view with them: nothing has to outlive the call.
    boost::asio::awaitable<cached<V>> operator()(const std::type_identity_t<Fields>&... fields) const
    {
        return cache_.get_or_load_owned(region_(fields...), bound_call{function_, kept_fields{fields...}});
    }

    const region<V(Fields...)>& region_of() const noexcept { return region_; }

 private:
    friend class cache;
    using kept_fields = std::tuple<detail::kept_t<Fields>...>;
    using function =
        std::function<boost::asio::awaitable<std::shared_ptr<detail::record>>(const detail::kept_t<Fields>&...)>;
    memoized(cache& c, const region<V(Fields...)>& r, std::shared_ptr<const function> f)
        : cache_{c}, region_{r}, function_{std::move(f)}
    {}
    class bound_call {
     public:
        bound_call(std::shared_ptr<const function> f, kept_fields fields)
            : function_{std::move(f)}, fields_{std::move(fields)}
        {}
        boost::asio::awaitable<std::shared_ptr<detail::record>> operator()() const
        {
            return std::apply(*function_, fields_);
        }

     private:
        std::shared_ptr<const function> function_;
        kept_fields fields_;
    };

    cache& cache_;
    region<V(Fields...)> region_;
    std::shared_ptr<const function> function_;
};

template <class V, class... Fields, class F>
memoized<V(Fields...)> cache::memoize(const region<V(Fields...)>& in, F f)
{
    using function = typename memoized<V(Fields...)>::function;
    auto kept = std::make_shared<F>(std::move(f));
    return {*this, in, std::make_shared<const function>([kept](const detail::kept_t<Fields>&... fields) {
                return detail::load_with<V, Fields...>(*kept, fields...);
            })};
}

}  // namespace larder
