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
// Beware of g++ 12: a loader that captures by value must be a named variable, not written inside the co_await.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>
#include <functional>
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
class seat;
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

/// Where a value came from.
enum class cache_status : std::uint8_t {
    hit_local,   ///< L1
    hit_shared,  ///< Redis
    loaded,      ///< by the loader of this call, or of one that was under way
    refused,     ///< the same, and kept nowhere: invalidated meanwhile, too big, or not to be stored
    stale,       ///< past its TTL: it is being loaded anew, or that failed
    bypassed,    ///< the loader ran and nothing was stored: called inside another load
    missed,      ///< get() only
};
std::string_view to_string(cache_status s) noexcept;

/// A value from the cache; it stays alive and unchanged as long as this does.
template <class V>
class cached {
 public:
    cached() = default;
    cached(std::shared_ptr<const detail::record> r, cache_status s) : record_{std::move(r)}, status_{s} {}

    /// False: a miss, which only get() and get_many() return.
    explicit operator bool() const noexcept { return record_ != nullptr; }
    const V& operator*() const noexcept { return detail::value_of<V>(*record_); }
    const V* operator->() const noexcept { return &**this; }
    operator const V&() const noexcept { return **this; }
    /// The value with a share in its life.
    std::shared_ptr<const V> share() const { return {record_, &**this}; }

    cache_status status() const noexcept { return status_; }
    bool negative() const noexcept { return record_->negative; }
    /// How long ago its load began, and what is left of its TTL (below zero when it is stale).
    std::chrono::milliseconds age() const { return since(record_->born); }
    std::chrono::milliseconds ttl() const { return -since(record_->soft); }

 private:
    static std::chrono::milliseconds since(boot_time t)
    {
        return std::chrono::duration_cast<std::chrono::milliseconds>(system_clock().steady() - t);
    }

    std::shared_ptr<const detail::record> record_;
    cache_status status_ = cache_status::missed;
};

template <class Signature>
class memoized;

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
    /// Requires: no call is under way, and drain() was awaited if it stands on Redis.
    ~cache();
    cache(const cache&) = delete;
    cache& operator=(const cache&) = delete;

    /// The value; if it is not there, load() makes it. The load is the caller's: it ends with the caller, by
    /// cancellation and by the region's soft time-out. `load` lives until this returns. Throws what load() throws
    /// (unless the region says `if_error`), errc::timed_out after its hard time-out, errc::overloaded when too many
    /// wait to load.
    template <class V, class Load>
    boost::asio::awaitable<cached<V>> get_or_load(key<V> k, Load load)
    {
        const bool inside = inside_load(co_await boost::asio::this_coro::executor);
        found hit = inside ? found{} : find_local(k, false);
        if (hit.value != nullptr && !hit.refresh) co_return cached<V>{std::move(hit.value), hit.status};
        detail::borrowed_loader<V, Load> by{load};
        found f = co_await fetch(k, detail::type_of<V>, by, inside);
        co_return cached<V>{std::move(f.value), f.status};
    }

    /// The same with a load that is the cache's: it goes on until it ends or its hard time-out, whoever waits for it.
    /// So it may run when this has returned, and owns all that it uses; the region may refresh entries before their TTL
    /// ends (early_refresh) or after (while_revalidate); the soft time-out does not cut it off, and a caller who is
    /// cancelled does not take it from the others.
    template <class V, class Load>
    boost::asio::awaitable<cached<V>> get_or_load_owned(key<V> k, Load load)
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

    /// Makes sure that the entry is there, with more than `renew_below` of its TTL left, 0 to 1: else it is loaded
    /// (anew), while readers are served the old value. It loads as a reader does, by single flight and lease, and
    /// counts as none. The status says whether it was loaded. `load` is kept as by get_or_load_owned(); throws what
    /// that throws.
    template <class V, class Load>
    boost::asio::awaitable<cached<V>> warm(key<V> k, Load load, double renew_below = 0)
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

    /// The value if there is one, from L1 or Redis; never a stale one. Throws nothing.
    template <class V>
    boost::asio::awaitable<cached<V>> get(key<V> k)
    {
        const bool inside = inside_load(co_await boost::asio::this_coro::executor);
        if (inside) co_return cached<V>{};
        found hit = find_local_fresh(k);
        if (hit.value == nullptr) hit = co_await peek(k, detail::type_of<V>);
        co_return cached<V>{std::move(hit.value), hit.status};
    }

    /// Calls f(const V&) for a fresh value in L1 and returns true; no coroutine, no allocation, no reference count.
    /// `f` must not block.
    template <class V, class F>
    bool with_local(const key<V>& k, F&& f)
    {
        return visit_local(
            k, [](void* state, const detail::record& r) { (*static_cast<F*>(state))(detail::value_of<V>(r)); }, &f);
    }

    /// Stores a value that was not loaded. For regions that live by their TTL alone: nothing orders a set() after or
    /// before an invalidation that runs at the same time.
    template <class V>
    boost::asio::awaitable<invalidation> set(key<V> k, V value)
    {
        auto r = detail::make_record(std::move(value));
        co_return co_await store(k, detail::type_of<V>, std::move(r));
    }

    /// What get() returns for each, in their order, with one round trip for those that are not in L1.
    template <class V>
    boost::asio::awaitable<std::vector<cached<V>>> get_many(std::vector<key<V>> keys)
    {
        const bool inside = inside_load(co_await boost::asio::this_coro::executor);
        if (inside) co_return std::vector<cached<V>>(keys.size());
        const std::vector<const entry_key*> all = pointers(keys);
        std::vector<found> f = co_await peek_many(all, detail::type_of<V>);
        co_return typed<V>(std::move(f));
    }

    /// As get_or_load() for each key; load() is called once, with the places in `keys` of those that this call has to
    /// load, and returns an awaitable of their values in that order. Each key has its own flight: one that somebody
    /// else is loading already is waited for, and loaded here only if that comes to nothing.
    template <class V, class Load>
    boost::asio::awaitable<std::vector<cached<V>>> get_or_load_many(std::vector<key<V>> keys, Load load)
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
        co_return typed<V>(std::move(f));
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
    boost::asio::awaitable<invalidation> invalidate(std::vector<entry_key> keys, std::vector<tag> tags);
    boost::asio::awaitable<invalidation> remove(entry_key k) { return invalidate(std::move(k)); }
    /// Everything in all regions.
    boost::asio::awaitable<invalidation> clear();

    // With an outbox (cache/relay.hpp):

    /// To be called before COMMIT.
    announcement announce(written_invalidation w);
    /// One pass: applies what stands in the log, deletes it, and lets all nodes know since when everything is applied.
    /// To be called on every node, every half second; one of them works, the others' calls return soon.
    boost::asio::awaitable<relay_report> relay(change_log& log);
    /// In memory with cache_options::relayed: what others had changed before then has been invalidated here. Entries
    /// are served for the bound from the latest such moment, or from their load.
    void vouch(boot_time since);
    bool on_redis() const noexcept;
    /// It was neither read nor written for cache_options::idle_after: relay() does nothing, and nothing is sent.
    bool is_idle() const noexcept;

    /// Up to `most` keys of a region that begin with `prefix`, in no order: from Redis (by SCAN) if there is one, else
    /// from L1. What does not parse as a key of the region, or is no entry of ours, is left out. For administrators: it
    /// looks at every key.
    boost::asio::awaitable<std::vector<entry_key>> keys(const region_base& in, std::string prefix, std::size_t most);
    /// The regions that have been used so far.
    std::vector<const region_base*> regions() const;
    /// Makes a region known before its first use.
    void declare(const region_base& r);

    cache_stats stats() const;
    /// Called after each command that the cache sends, on any loop; set before the first call.
    void on_redis_command(std::function<void(const redis::command_record&)> f);
    /// What would be served for a key, and why (not).
    boost::asio::awaitable<explanation> explain(entry_key k);

    /// Waits for background work: refreshes, values on their way to Redis, invalidations that are tried again.
    boost::asio::awaitable<void> drain();
    /// drain(), and ends the connections; final.
    boost::asio::awaitable<void> close();

    struct core;  ///< for the other parts of this module

 private:
    template <class Signature>
    friend class memoized;
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
    boost::asio::awaitable<found> fly(const entry_key& k, const detail::value_type& t,
                                      std::shared_ptr<detail::loader> by,
                                      std::shared_ptr<const detail::record> instead_of);
    void refresh(const entry_key& k, const detail::value_type& t, std::shared_ptr<detail::loader> by,
                 std::shared_ptr<const detail::record> instead_of);
    void launch(detail::seat in, entry_key k, const detail::value_type& t, std::shared_ptr<detail::loader> by,
                std::shared_ptr<const detail::record> instead_of);
    boost::asio::awaitable<std::optional<found>> ride(std::shared_ptr<detail::flight> f, const entry_key& k, bool own);
    void count(const entry_key& k, const found& f) const;
    boost::asio::awaitable<invalidation> invalidate_redis_keys(std::vector<std::string> keys);
    boost::asio::awaitable<found> peek(const entry_key& k, const detail::value_type& t);
    boost::asio::awaitable<std::vector<found>> peek_many(const std::vector<const entry_key*>& keys,
                                                         const detail::value_type& t);
    boost::asio::awaitable<std::vector<found>> fetch_many(const std::vector<const entry_key*>& keys,
                                                          const detail::value_type& t, const batch_loader& by);
    static boost::asio::awaitable<std::vector<found>> bypass_many(std::size_t n, const batch_loader& by);
    boost::asio::awaitable<invalidation> store(const entry_key& k, const detail::value_type& t,
                                               std::shared_ptr<detail::record> r);

    template <class V>
    static std::vector<const entry_key*> pointers(const std::vector<key<V>>& keys)
    {
        std::vector<const entry_key*> out;
        for (const auto& k : keys) out.push_back(&k);
        return out;
    }
    template <class V>
    static std::vector<cached<V>> typed(std::vector<found> f)
    {
        std::vector<cached<V>> out;
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
    boost::asio::awaitable<cached<V>> operator()(std::type_identity_t<Fields>... fields) const
    {
        bound_call load{function_, {fields...}};
        co_return co_await cache_.get_or_load_owned(region_(fields...), std::move(load));
    }

    const region<V(Fields...)>& region_of() const noexcept { return region_; }

 private:
    friend class cache;
    using function = std::function<boost::asio::awaitable<std::shared_ptr<detail::record>>(const Fields&...)>;
    memoized(cache& c, const region<V(Fields...)>& r, std::shared_ptr<const function> f)
        : cache_{c}, region_{r}, function_{std::move(f)}
    {}
    class bound_call {
     public:
        bound_call(std::shared_ptr<const function> f, std::tuple<Fields...> fields)
            : function_{std::move(f)}, fields_{std::move(fields)}
        {}
        boost::asio::awaitable<std::shared_ptr<detail::record>> operator()() const
        {
            return std::apply(*function_, fields_);
        }

     private:
        std::shared_ptr<const function> function_;
        std::tuple<Fields...> fields_;
    };

    cache& cache_;
    const region<V(Fields...)>& region_;
    std::shared_ptr<const function> function_;
};

template <class V, class... Fields, class F>
memoized<V(Fields...)> cache::memoize(const region<V(Fields...)>& in, F f)
{
    using function = typename memoized<V(Fields...)>::function;
    auto kept = std::make_shared<F>(std::move(f));
    return {*this, in, std::make_shared<const function>([kept](const Fields&... fields) {
                return detail::load_with<V>(*kept, fields...);
            })};
}

}  // namespace larder
