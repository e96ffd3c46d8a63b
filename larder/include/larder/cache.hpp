// SPDX-License-Identifier: MIT
// The hybrid cache: values are looked up in this process (L1), then in Redis (L2) if one is configured, and are made by
// your loader if neither has them. Start reading at get_or_load() and invalidate().
//
//     constexpr larder::region<profile(std::int64_t)> profiles{"profile:{}", {.ttl = 15min}};
//
//     larder::cache cache{io, "redis://localhost"};        // or in memory: larder::cache cache{io};
//     profile p = co_await cache.get_or_load(profiles(42), [&] { return db.load_profile(42); });
//     co_await cache.invalidate(profiles(42));
//
// When several callers, in one process or in many, request a missing entry at once, only one of them runs the loader. A
// read never fails because of the cache; an exception from the loader is rethrown to every caller that waits for it.
// Values are shared and immutable. docs/concepts/the-promise.md says how old they may be. Thread-safe; may be called
// from coroutines on any event loop.
//
// A loader returns the value or an awaitable of it. With std::optional as the value type, "does not exist" is cached
// too (a negative entry). With g++ 12, a loader whose captures have destructors must be a named variable; one that is
// written inside the co_await expression or passed with std::move does not compile.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>
#include <functional>
#include <larder/cache/arguments.hpp>
#include <larder/cache/cached.hpp>
#include <larder/cache/invalidation.hpp>
#include <larder/cache/record.hpp>
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
    std::size_t local_bytes = std::size_t{64} << 20;  ///< size limit of L1; 0: no L1, every read goes to Redis
    std::size_t local_shards = 0;                     ///< see local_cache_options
    std::size_t max_loads = 64;                       ///< concurrent loads in this process; further ones queue
    std::size_t max_waiting_loads = 10'000;           ///< queue limit; beyond it a load fails with errc::overloaded
    capped_milliseconds default_ttl{300'000};         ///< TTL of regions declared with default_ttl
    capped_milliseconds bound{3000};                  ///< staleness bound: see the-promise.md
    capped_milliseconds redis_deadline{40};           ///< for each Redis call; after it the cache goes on without Redis
    capped_milliseconds lease{5000};                  ///< duration of a load's lease, renewed while the load runs
    capped_milliseconds idle_after{60'000};           ///< unused for this long: no heartbeats, relay() does nothing
    bool relayed = false;                             ///< other processes also write, through an outbox
    const clock* time = nullptr;                      ///< null: the system clock; tests pass their own
};
static_assert(std::is_trivially_destructible_v<cache_options>);

template <class Signature>
class memoized;

/// The work that was still running when drain() or close() reached its time limit.
struct unfinished_work {
    std::size_t calls = 0;       ///< calls still in progress; they finish without Redis
    std::size_t background = 0;  ///< refreshes, writes to Redis, and invalidations that are being retried
    /// Keys and tags whose invalidation Redis has not confirmed. Other processes may read the old values until their
    /// TTL ends.
    std::size_t invalidations = 0;
    bool none() const noexcept { return calls == 0 && background == 0 && invalidations == 0; }
};

class cache {
 public:
    /// A cache in memory only. The runtime or context must outlive the cache.
    explicit cache(runtime& loops, const cache_options& o = {});
    explicit cache(boost::asio::io_context& loop, const cache_options& o = {});
    /// A cache on Redis. It opens its own connections because they use CLIENT TRACKING, which other commands on the
    /// same connection would disturb. Throws boost::system::system_error when a certificate file cannot be read.
    cache(runtime& loops, const redis::options& where, const cache_options& o = {});
    cache(boost::asio::io_context& loop, const redis::options& where, const cache_options& o = {});
    /// The same, from a URL (redis/options.hpp). Throws std::invalid_argument that says what is wrong with the URL.
    cache(runtime& loops, std::string_view url, const cache_options& o = {});
    cache(boost::asio::io_context& loop, std::string_view url, const cache_options& o = {});
    /// Requires: no call is in progress, and close() has been awaited if the cache uses Redis.
    ~cache();
    cache(const cache&) = delete;
    cache& operator=(const cache&) = delete;

    /// Returns the cached value, or the one that load() makes. The load belongs to the caller: it is cancelled when the
    /// caller is cancelled and when the region's soft time-out expires. `load` is copied and kept until this returns;
    /// pass std::ref(load) if it cannot be copied. Throws what load() throws (unless the region's `if_error` allows the
    /// old value), errc::timed_out after the region's hard time-out, and errc::overloaded when too many loads are
    /// queued.
    template <class V, class Load>
    boost::asio::awaitable<cached<V>> get_or_load(key<V> k, Load&& load)
    {
        detail::check_loader<Load>();
        return load_borrowed<V, std::decay_t<Load>>(std::move(k), std::forward<Load>(load));
    }

    /// The same, but the load belongs to the cache: it runs until it finishes or reaches its hard time-out, even if
    /// every caller has gone. It may therefore still run after this has returned, so `load` must own everything that it
    /// uses. In return the cache can refresh entries in the background, before their TTL ends (early_refresh) or after
    /// (while_revalidate); the soft time-out ends the wait but not the load, and cancelling one caller does not affect
    /// the others.
    template <class V, class Load>
    boost::asio::awaitable<cached<V>> get_or_load_owned(key<V> k, Load&& load)
    {
        detail::check_loader<Load>();
        return load_owned<V, std::decay_t<Load>>(std::move(k), std::forward<Load>(load));
    }

    /// Ensures that the entry exists and has more than the fraction `renew_below` (0 to 1) of its TTL left. Otherwise
    /// it is loaded, while readers continue to get the old value. The load uses single flight and a lease, as a read
    /// does, but is not counted as a read in the statistics. The returned status says whether the value was loaded.
    /// `load` is kept, and exceptions are thrown, as in get_or_load_owned().
    template <class V, class Load>
    boost::asio::awaitable<cached<V>> warm(key<V> k, Load&& load, double renew_below = 0)
    {
        detail::check_loader<Load>();
        return renew_owned<V, std::decay_t<Load>>(std::move(k), std::forward<Load>(load), renew_below);
    }

    /// Returns the value if L1 or Redis has a fresh one; never loads, never returns a stale value. Throws nothing.
    template <class V>
    boost::asio::awaitable<lookup<V>> get(key<V> k)
    {
        const bool inside = inside_load(co_await boost::asio::this_coro::executor);
        if (inside) co_return lookup<V>{};
        found hit = find_local_fresh(k);
        if (hit.value == nullptr) hit = co_await peek(k, detail::type_of<V>);
        co_return lookup<V>{std::move(hit.value), hit.status};
    }

    /// If L1 has a fresh value, calls f(const V&) and returns true. Needs no coroutine, no allocation and no reference
    /// count. `f` must not block.
    template <class V, class F>
    [[nodiscard]] bool with_local(const key<V>& k, F&& f)
    {
        return visit_local(
            k, [](void* state, const detail::record& r) { (*static_cast<F*>(state))(detail::value_of<V>(r)); }, &f);
    }

    /// Stores a value that no loader made. Use it only in regions that rely on their TTL, because a set() is not
    /// ordered against an invalidation that runs at the same time.
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

    /// get() for several keys, with one round trip for all that are not in L1. The results are in the order of `keys`.
    template <class V>
    boost::asio::awaitable<std::vector<lookup<V>>> get_many(std::vector<key<V>> keys)
    {
        const bool inside = inside_load(co_await boost::asio::this_coro::executor);
        if (inside) co_return std::vector<lookup<V>>(keys.size());
        const std::vector<const entry_key*> all = pointers(keys);
        std::vector<found> f = co_await peek_many(all, detail::type_of<V>);
        co_return typed<lookup<V>>(std::move(f));
    }

    /// get_or_load() for several keys. load() is called once with the indices in `keys` that this call has to load, and
    /// returns an awaitable of a vector with their values in that order. Each key has its own flight: if another caller
    /// is already loading a key, this call waits for that load, and loads the key itself only if it yields no value.
    /// The soft time-out ends the load only if every key that it loads has an old value.
    template <class V, class Load>
    boost::asio::awaitable<std::vector<cached<V>>> get_or_load_many(std::vector<key<V>> keys, Load&& load)
    {
        detail::check_loader<Load>();
        return load_many<V, std::decay_t<Load>>(std::move(keys), std::forward<Load>(load));
    }

    /// Wraps `f`, a function of the region's fields, so that its results are cached; see memoized. `f` is kept.
    template <class V, class... Fields, class F>
    memoized<V(Fields...)> memoize(const region<V(Fields...)>& in, F f);

    // Invalidation. Once the call returns, no caller in this process gets a value whose load began before the call.
    // Once it is confirmed, no other process reads the old value from Redis, and the copies in their L1 expire within
    // the staleness bound. The result of a load that is in progress goes only to the callers that already wait for it.
    // Throws nothing.
    boost::asio::awaitable<invalidation> invalidate(entry_key k);
    boost::asio::awaitable<invalidation> invalidate(tag t);
    boost::asio::awaitable<invalidation> invalidate(const region_base& all_of);
    /// Several keys and tags in one call: `invalidate({posts(1), users(7)}, {larder::tag{"feed"}})`.
    boost::asio::awaitable<invalidation> invalidate(list_of<entry_key> keys, list_of<tag> tags);
    boost::asio::awaitable<invalidation> remove(entry_key k) { return invalidate(std::move(k)); }
    /// Invalidates every entry of every region.
    boost::asio::awaitable<invalidation> clear();

    /// Registers a region before its first use, so that cache_inspector lists it.
    void declare(const region_base& r);

    /// Waits up to `limit` for background work: refreshes, writes to Redis, and invalidations that are being retried.
    /// Returns what is unfinished. It does not wait for calls.
    [[nodiscard]] boost::asio::awaitable<unfinished_work> drain(std::chrono::milliseconds limit = default_limit);
    /// Waits up to `limit` for calls in progress and for background work, closes the connections, and returns what is
    /// unfinished. The cache stays closed: later reads return what L1 still holds as confirmed fresh, or load without
    /// storing the value; later invalidations apply to this process only. Unfinished loads may continue, so the event
    /// loops must outlive them.
    [[nodiscard]] boost::asio::awaitable<unfinished_work> close(std::chrono::milliseconds limit = default_limit);
    static constexpr std::chrono::seconds default_limit{10};

    struct core;  ///< the implementation, for the other files of this module

 private:
    friend class cache_outbox;     // cache/outbox.hpp: invalidations in a transaction
    friend class cache_inspector;  // cache/inspector.hpp: statistics, keys, explanations

    struct found {
        std::shared_ptr<const detail::record> value;
        cache_status status = cache_status::missed;
        bool refresh = false;  ///< the value may be served, but this caller should reload it
    };
    using batch_loader = std::function<boost::asio::awaitable<std::vector<std::shared_ptr<detail::record>>>(
        std::span<const std::size_t>)>;

    static bool inside_load(const boost::asio::any_io_executor& e) noexcept;
    /// `background`: the caller can refresh the entry without waiting for the load.
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

/// A function whose results are cached with get_or_load_owned().
///
///     auto profile_of = cache.memoize(profiles, [&db](std::int64_t id) { return db.load_profile(id); });
///     profile p = co_await profile_of(42);
template <class V, class... Fields>
class memoized<V(Fields...)> {
 public:
    /// The fields are copied, including the text behind a std::string_view, so nothing has to outlive the call.
    boost::asio::awaitable<cached<V>> operator()(const std::type_identity_t<Fields>&... fields) const
    {
        return cache_.get_or_load_owned(region_(fields...), bound_call{function_, kept_fields{fields...}});
    }

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
