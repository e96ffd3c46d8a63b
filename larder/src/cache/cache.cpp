// SPDX-License-Identifier: MIT
// The reads and writes of one key: find_local() for a hit in L1; on a miss fetch() or, for loads that the cache owns,
// fetch_owned(). Both join the key's flight or lead a new one (lead()), then wait for it (await_flight()) and try again
// if it was abandoned. Invariant: a flight that is led here is finished however the leader ends (flight_guard).
// Also here: set(), warm(), refreshes, drain() and close().
#include <larder/cache.hpp>

#include "fetch_all.hpp"
#include "loading_executor.hpp"

namespace larder {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using detail::fetched;
using detail::verdict;

namespace {

cache_status status_of(fetched f) noexcept
{
    switch (f) {
        case fetched::local:
            return cache_status::hit_local;
        case fetched::shared:
            return cache_status::hit_shared;
        case fetched::stale:
            return cache_status::stale;
        case fetched::refused:
            return cache_status::refused;
        case fetched::loaded:
        case fetched::nothing:
            break;
    }
    return cache_status::loaded;
}

/// Abandons the flight if it is not finished, so that one of the waiting callers leads the next one.
class flight_guard {
 public:
    flight_guard(detail::flight_table& t, detail::flight& f) : table_{t}, flight_{f} {}
    flight_guard(const flight_guard&) = delete;
    flight_guard& operator=(const flight_guard&) = delete;
    ~flight_guard() { table_.finish(flight_, nullptr, fetched::nothing); }

 private:
    detail::flight_table& table_;
    detail::flight& flight_;
};

}  // namespace

std::string_view to_string(cache_status s) noexcept
{
    switch (s) {
        case cache_status::hit_local:
            return "hit_local";
        case cache_status::hit_shared:
            return "hit_shared";
        case cache_status::loaded:
            return "loaded";
        case cache_status::refused:
            return "refused";
        case cache_status::stale:
            return "stale";
        case cache_status::bypassed:
            return "bypassed";
        case cache_status::missed:
            break;
    }
    return "missed";
}

cache::cache(runtime& loops, const cache_options& o) : core_{std::make_shared<core>(o, core::home{loops})} {}
cache::cache(asio::io_context& loop, const cache_options& o) : core_{std::make_shared<core>(o, core::home{loop})} {}
cache::cache(runtime& loops, const redis::options& where, const cache_options& o)
    : core_{std::make_shared<core>(o, core::home{loops}, where)}
{}
cache::cache(asio::io_context& loop, const redis::options& where, const cache_options& o)
    : core_{std::make_shared<core>(o, core::home{loop}, where)}
{}
cache::cache(runtime& loops, std::string_view url, const cache_options& o)
    : cache{loops, redis::parse_url(url).value(), o}
{}
cache::cache(asio::io_context& loop, std::string_view url, const cache_options& o)
    : cache{loop, redis::parse_url(url).value(), o}
{}
cache::~cache() = default;

bool cache::inside_load(const asio::any_io_executor& e) noexcept
{
    return e.target<detail::loading_executor>() != nullptr;
}

cache::found cache::find_local(const entry_key& k, bool background) const
{
    const auto now = core_->coarse();
    core_->beat(now);
    auto r = core_->local.get(k.text());
    if (r == nullptr) return {};
    const auto& o = k.region().options();
    auto& in = core_->regions.of(k.region());
    const auto hit = [&](cache_status s, bool refresh) -> found {
        (s == cache_status::stale ? in.stale : in.hits_local).add();
        if (r->negative) in.negative.fetch_add(1, std::memory_order_relaxed);
        return {std::move(r), s, refresh};
    };
    switch (core_->judge(*r, o, now)) {
        case verdict::fresh:
            return hit(cache_status::hit_local, false);
        case verdict::early:
            return hit(cache_status::hit_local, background && !r->refreshing.exchange(true));
        case verdict::stale:
            // One caller refreshes the entry. A caller that cannot do so in the background waits for its own load.
            return hit(cache_status::stale, now >= r->retry_at.load() && !r->refreshing.exchange(true));
        case verdict::expired:
            if (now < r->retry_at.load() && core_->may_replace_failure(*r, o, now))
                return hit(cache_status::stale, false);
            break;
        case verdict::unconfirmed:
        case verdict::invalid:
            break;
    }
    return {};
}

cache::found cache::find_local_fresh(const entry_key& k) const
{
    const auto now = core_->coarse();
    core_->beat(now);
    auto r = core_->local.get(k.text());
    if (r == nullptr) return {};
    const auto v = core_->judge(*r, k.region().options(), now);
    if (v != verdict::fresh && v != verdict::early) return {};
    core_->regions.of(k.region()).hits_local.add();
    return {std::move(r), cache_status::hit_local};
}

bool cache::visit_local(const entry_key& k, void (*f)(void*, const detail::record&), void* state) const
{
    bool fresh = false;
    const auto now = core_->coarse();
    core_->beat(now);
    core_->local.with(k.text(), [&](const detail::record& r) {
        fresh = core_->judge(r, k.region().options(), now) == verdict::fresh;
        if (fresh) f(state, r);
    });
    if (fresh) core_->regions.of(k.region()).hits_local.add();
    return fresh;
}

namespace {

asio::awaitable<std::vector<std::shared_ptr<detail::record>>> load_one(detail::loader& by)
{
    std::vector<std::shared_ptr<detail::record>> out;
    out.push_back(co_await by.load());
    co_return out;
}

/// What to load, while the caller waits.
struct borrowed_load {
    const entry_key& key;
    const detail::value_type& type;
    detail::loader& by;
};

/// What to load in the background.
struct owned_load {
    entry_key key;
    const detail::value_type& type;
    std::shared_ptr<detail::loader> by;
};

/// Leads a flight. If a fresh value has entered L1 since the caller's lookup, it is the result. `stale_value` is the
/// value to be replaced, or null.
asio::awaitable<void> lead(std::shared_ptr<cache::core> c, detail::flight_slot in, borrowed_load what,
                           std::shared_ptr<const detail::record> stale_value, bool outlives_caller)
{
    const auto& f = in.in;
    const auto& k = what.key;
    const flight_guard at_the_end{c->flights, *f};
    const auto look = [&]() -> std::shared_ptr<const detail::record> {
        auto r = c->local.get(k.text());
        if (r == stale_value || r == nullptr) return nullptr;
        return c->judge(*r, k.region().options(), c->now()) == verdict::fresh ? r : nullptr;
    };
    if (c->flights.finish_with_held(*f, look)) co_return;
    detail::fetch work{c,
                       f,
                       k,
                       what.type,
                       {.held = c->usable_on_failure(k),
                        .replaced = std::move(stale_value),
                        .overtaken = std::move(in.overtaken),
                        .outlives_caller = outlives_caller}};
    auto one = [&by = what.by](std::span<const std::size_t>) { return load_one(by); };
    const detail::load_function call = one;
    detail::fetch* const all[] = {&work};
    co_await detail::run(*c, all, call);
}

asio::awaitable<void> lead_owned(std::shared_ptr<cache::core> c, detail::flight_slot in, owned_load what,
                                 std::shared_ptr<const detail::record> stale_value)
{
    const borrowed_load borrowed{what.key, what.type, *what.by};
    co_await lead(c, std::move(in), borrowed, stale_value, true);
}

}  // namespace

/// Waits for the flight. Returns nullopt if it was abandoned; the caller must try again.
asio::awaitable<std::optional<cache::found>> cache::await_flight(std::shared_ptr<detail::flight> f, const entry_key& k,
                                                                 bool own)
{
    const auto& o = k.region().options();
    auto& in = core_->regions.of(k.region());
    const bool patient = o.load.soft_timeout <= 0ms;
    const auto until = patient ? steady_time::max() : std::chrono::steady_clock::now() + o.load.soft_timeout;
    const bool ended = co_await detail::flight_table::wait(core_->flights, f, until);
    if (!ended) {
        // Looked up only now, because the flight may have put an old copy from Redis into L1.
        auto old = core_->usable_on_failure(k);
        if (old != nullptr) {
            in.stale.add();
            co_return found{std::move(old), cache_status::stale};
        }
        co_await detail::flight_table::wait(core_->flights, f, steady_time::max());
    }
    if (f->failure) std::rethrow_exception(f->failure);
    if (f->how == fetched::nothing) co_return std::nullopt;
    if (!own) ++in.coalesced;
    co_return found{f->result, status_of(f->how)};
}

void cache::count(const entry_key& k, const found& f) const
{
    auto& in = core_->regions.of(k.region());
    if (f.status == cache_status::hit_shared) ++in.hits_shared;
    if (f.status == cache_status::stale) in.stale.add();
    if (f.status == cache_status::loaded || f.status == cache_status::refused) ++in.misses;
    if (f.status == cache_status::hit_shared && f.value->negative) ++in.negative;
}

asio::awaitable<cache::found> cache::fetch(const entry_key& k, const detail::value_type& t, detail::loader& by,
                                           bool inside)
{
    const auto c = core_;
    if (inside || c->closing) {
        found out{nullptr, cache_status::bypassed};
        out.value = co_await by.load();
        co_return out;
    }
    const auto call = c->call();
    const borrowed_load what{k, t, by};
    for (;;) {
        const auto slot = c->join_or_start_flight(k);
        if (slot.leads) co_await lead(c, slot, what, nullptr, false);
        auto got = co_await await_flight(slot.in, k, slot.leads);
        if (!got) continue;
        count(k, *got);
        co_return *std::move(got);
    }
}

void cache::lead_in_background(detail::flight_slot in, entry_key k, const detail::value_type& t,
                               std::shared_ptr<detail::loader> by, std::shared_ptr<const detail::record> stale_value)
{
    owned_load what{std::move(k), t, std::move(by)};
    core_->in_background(lead_owned(core_, std::move(in), std::move(what), std::move(stale_value)));
}

asio::awaitable<cache::found> cache::join_or_lead(const entry_key& k, const detail::value_type& t,
                                                  std::shared_ptr<detail::loader> by,
                                                  std::shared_ptr<const detail::record> stale_value)
{
    for (;;) {
        const auto slot = core_->join_or_start_flight(k);
        if (slot.leads) lead_in_background(slot, k, t, by, stale_value);
        auto got = co_await await_flight(slot.in, k, slot.leads);
        if (got) co_return *std::move(got);
    }
}

asio::awaitable<cache::found> cache::fetch_owned(entry_key k, const detail::value_type& t,
                                                 std::shared_ptr<detail::loader> by)
{
    if (core_->closing) co_return co_await fetch(k, t, *by, true);
    const auto call = core_->call();
    auto got = co_await join_or_lead(k, t, std::move(by), nullptr);
    count(k, got);
    co_return got;
}

asio::awaitable<cache::found> cache::renew(entry_key k, const detail::value_type& t, std::shared_ptr<detail::loader> by,
                                           double below)
{
    if (core_->closing) co_return co_await fetch(k, t, *by, true);
    const auto call = core_->call();
    const auto lasts = [this](const detail::record& r, double part) {
        const std::chrono::duration<double> left = r.fresh_until - core_->now();
        return left.count() > 0 && left >= part * (r.fresh_until - r.loaded_at);
    };
    found held{core_->local.get(k.text()), cache_status::hit_local};
    if (held.value != nullptr && core_->judge(*held.value, k.region().options(), core_->now()) > verdict::early)
        held.value = nullptr;
    // Up to two rounds, because the value that the first flight reads from Redis may be about to expire, too.
    for (int round = 0; round < 2; ++round) {
        const bool is_hit = held.status == cache_status::hit_local || held.status == cache_status::hit_shared;
        if (!is_hit || (held.value != nullptr && lasts(*held.value, below))) break;
        held = co_await join_or_lead(k, t, by, held.value);
    }
    co_return held;
}

void cache::refresh(const entry_key& k, const detail::value_type& t, std::shared_ptr<detail::loader> by,
                    std::shared_ptr<const detail::record> stale_value)
{
    const auto slot = core_->join_or_start_flight(k);
    if (slot.leads) lead_in_background(slot, k, t, std::move(by), std::move(stale_value));
}

void cache::declare(const region_base& r) { core_->regions.of(detail::interned(r)); }

asio::awaitable<unfinished_work> cache::close(std::chrono::milliseconds limit)
{
    const auto c = core_;
    const auto until = std::chrono::steady_clock::now() + limit;
    c->closing = true;
    co_await c->calls.none(until);
    co_await c->background.none(until);
    const unfinished_work left{c->calls.size(), c->background.size(), c->pending.size()};
    if (!c->closed.exchange(true))
        for (auto& w : c->unclosed.end()) detail::waiter::wake(std::move(w));
    if (c->client != nullptr) co_await c->client->disconnect();
    co_return left;
}

asio::awaitable<invalidation> cache::store(entry_key k, const detail::value_type& t, std::shared_ptr<detail::record> r)
{
    const auto call = core_->call();
    const auto f = std::make_shared<detail::flight>(k.text(), core_->now());
    f->attached = false;
    detail::fetch work{core_, f, k, t, {}};
    const bool stored = co_await work.put(std::move(r));
    if (stored) co_return invalidation::confirmed;
    co_return co_await invalidate(std::move(k));  // readers must not get the old value after a set() that failed
}

asio::awaitable<unfinished_work> cache::drain(std::chrono::milliseconds limit)
{
    const auto c = core_;
    co_await c->background.none(std::chrono::steady_clock::now() + limit);
    co_return unfinished_work{0, c->background.size(), c->pending.size()};
}

}  // namespace larder
