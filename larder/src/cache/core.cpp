// SPDX-License-Identifier: MIT
// Freshness decisions (judge(), may_replace_failure()), the reaction to connection events and pushes of Redis, and what
// goes into L1 (keep()). Invariant: L1 is changed for a key only under the lock of the key's flight stripe
// (flight_table), so an invalidation and the insertion of an older value exclude each other.
// Start at judge() for reads and at pushed() for what Redis reports.
#include "core.hpp"

#include <cmath>
#include <random>

namespace larder {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using std::chrono::duration_cast;
using std::chrono::milliseconds;

namespace detail {
namespace {

/// Returns whether to refresh before the TTL ends. The probability grows with the cost of the load and towards the end.
/// Source: A. Vattani et al., "Optimal probabilistic cache stampede prevention", VLDB 2015 (XFetch).
bool early(const record& r, double beta, boot_time now) noexcept
{
    const double cost = static_cast<double>(r.cost) * beta;
    const auto left = std::chrono::duration<double, std::micro>(r.fresh_until - now).count();
    if (left > 20 * cost) return false;  // -ln(u) is beyond 20 once in 5e8
    thread_local std::minstd_rand random{std::random_device{}()};
    return -std::log(std::uniform_real_distribution{1e-12, 1.0}(random)) * cost >= left;
}

}  // namespace

}  // namespace detail

detail::verdict cache::core::judge(const detail::record& r, const region_options& o, boot_time now) const noexcept
{
    using detail::verdict;
    if (!still_valid(r.tags)) return verdict::invalid;
    if (!is_confirmed(r, now)) return verdict::unconfirmed;
    if (now < r.fresh_until)
        return o.early_refresh > 0 && detail::early(r, o.early_refresh, now) ? verdict::early : verdict::fresh;
    return now < r.stale_until && now < r.fresh_until + o.stale.while_revalidate ? verdict::stale : verdict::expired;
}

bool cache::core::may_replace_failure(const detail::record& r, const region_options& o, boot_time now) const noexcept
{
    return still_valid(r.tags) && now < r.stale_until && (o.stale.beyond_bound || is_confirmed(r, now));
}

cache::core::home::home(runtime& on)
    : spawn{[&on](asio::awaitable<void> work) {
          const auto here = runtime::this_loop();
          on.spawn(here == runtime::no_loop ? 0 : here, std::move(work));
      }},
      spawn_on{[&on](std::size_t loop, asio::awaitable<void> work) { on.spawn(loop, std::move(work)); }},
      connect{[&on](const redis::options& o) { return std::make_unique<redis::client>(on, o); }},
      stopping{[&on] { return on.stopping(); }},
      check{[made = detail::forks()] { detail::check_fork(made); }}
{}

cache::core::home::home(asio::io_context& on)
    : spawn{[&on](asio::awaitable<void> work) {
          asio::co_spawn(on, std::move(work), [](const std::exception_ptr& e) {
              if (e) std::rethrow_exception(e);
          });
      }},
      spawn_on{[all = spawn](std::size_t, asio::awaitable<void> work) { all(std::move(work)); }},
      connect{[&on](const redis::options& o) { return std::make_unique<redis::client>(on, o); }},
      stopping{[] { return false; }},
      check{[&on, made = detail::forks(), thread = std::make_shared<detail::home_thread>()] {
          detail::check_fork(made);
          if (on.get_executor().running_in_this_thread()) thread->check();
      }}
{}

namespace {

detail::local_usage& usage_of(const local_entry& e)
{
    return *static_cast<const detail::record*>(e.value.get())->usage.load(std::memory_order_relaxed);
}

local_cache_options local_options(const cache_options& o)
{
    local_cache_options out;
    out.capacity = o.local_bytes;
    out.shards = o.local_shards;
    out.time = o.time;
    out.on_insertion = [](const local_entry& e) {
        auto& u = usage_of(e);
        u.entries.fetch_add(1, std::memory_order_relaxed);
        u.bytes.fetch_add(e.weight, std::memory_order_relaxed);
    };
    out.on_removal = [](const local_entry& e, removal_cause why) {
        auto& u = usage_of(e);
        u.entries.fetch_sub(1, std::memory_order_relaxed);
        u.bytes.fetch_sub(e.weight, std::memory_order_relaxed);
        if (why == removal_cause::evicted) u.evicted.fetch_add(1, std::memory_order_relaxed);
    };
    return out;
}

}  // namespace

cache::core::core(const cache_options& o, home h)
    : options{o}, at{std::move(h)}, local{local_options(o)}, loads{o.max_loads, o.max_waiting_loads}
{
    freshness.record_use(now());
}

cache::core::core(const cache_options& o, home h, redis::options redis) : core{o, std::move(h)}
{
    // Only a single server, reached directly or through Sentinel, supports tracking here and has a single epoch.
    const bool one_server = redis.kind == redis::deployment::standalone || redis.kind == redis::deployment::sentinel;
    redis.tracking = {.enabled = one_server, .noloop = true, .prefixes = {}};
    if (!redis.name.empty()) redis.name += "-cache";
    client = at.connect(redis);
    shared.emplace(*client, freshness,
                   detail::shared_tier_options{o.redis_deadline, one_server, o.relayed, [this] { return now(); }});
    if (!one_server) return;
    client->on_push([this](const resp::value& push) { pushed(push); });
    client->on_connection([this](const redis::connection_event& e) {
        const auto channel = static_cast<std::size_t>(detail::this_channel());
        shared->forget_epoch();
        if (e.up) {
            freshness.connected(channel, e.tracked, now());
            if (!at.stopping()) send_heartbeat(channel);
        } else {
            freshness.lost(channel);
        }
    });
}

void cache::core::send_heartbeats()
{
    for (const auto channel : freshness.channels()) send_heartbeat(channel);
}

void cache::core::send_heartbeat(std::size_t channel)
{
    auto work = [](std::shared_ptr<core> self) -> asio::awaitable<void> {
        co_await self->shared->heartbeat(self->options.bound / 3);
    };
    in_background(work(shared_from_this()), channel);
}

void cache::core::pushed(const resp::value& push)
{
    if (push.size() < 2 || push.child(0).text() != "invalidate") return;
    const auto& keys = push.child(1);
    const auto channel = detail::this_channel();
    const auto number = freshness.count_push();
    bool all = keys.is_null();  // FLUSHALL
    for (std::size_t i = 0; !all && i < keys.size(); ++i) {
        const auto name = keys.child(i).text();
        all = name == detail::shared_tier::epoch_key;
        on_invalidation_push(name, channel, number);
    }
    if (!all) return;
    shared->forget_epoch();
    freshness.reset();
}

void cache::core::on_invalidation_push(std::string_view redis_key, int channel, std::uint64_t push)
{
    if (redis_key.starts_with(detail::shared_tier::tag_prefix)) {
        redis_key.remove_prefix(detail::shared_tier::tag_prefix.size());
        if (const auto slot = tags.find(redis_key)) slot->on_invalidation_push(channel, push);
        return;
    }
    flights.on_invalidation_push(redis_key, channel, [&] {
        const auto held = local.get(redis_key);
        if (held != nullptr && held->channel == channel) local.remove(redis_key);
    });
}

void cache::core::forget(std::string_view redis_key)
{
    if (redis_key.starts_with(detail::shared_tier::tag_prefix)) {
        redis_key.remove_prefix(detail::shared_tier::tag_prefix.size());
        if (const auto slot = tags.find(redis_key)) slot->invalidate(now());
    } else {
        flights.detach(redis_key, [&] { local.remove(redis_key); });
    }
}

std::vector<std::shared_ptr<detail::tag_slot>> cache::core::slots_of(const entry_key& k, const detail::region_state& in)
{
    std::vector<std::shared_ptr<detail::tag_slot>> out{in.everything, in.tag};
    for (std::size_t i = 0; i < max_region_tags && !k.region().options().tags[i].empty(); ++i)
        out.push_back(tags.slot(k.tag_text(i)));
    return out;
}

void cache::core::keep(std::string_view key, detail::region_state& in, std::shared_ptr<const detail::record> r,
                       const detail::value_type& t)
{
    const auto& o = in.region.options();
    if (options.local_bytes == 0 || (shared && o.strict)) return;
    const auto begin = now();
    const bool may_last = o.stale.beyond_bound || freshness.generation() != detail::freshness::untracked;
    auto until = may_last ? r->stale_until : std::min(r->stale_until, r->confirmed_until);
    if (shared && o.local_ttl < 24h) until = std::min(until, begin + o.local_ttl);
    if (until <= begin) return;
    entry_options e;
    e.ttl = duration_cast<milliseconds>(until - begin);
    e.weight = t.weigh(*r) + r->tags.size() * sizeof(detail::tag_stamp);
    r->usage = &in.local;
    local.set(key, std::move(r), e);
}

std::shared_ptr<const detail::record> cache::core::usable_on_failure(const entry_key& k) const
{
    auto r = local.get(k.text());
    if (r != nullptr && !may_replace_failure(*r, k.region().options(), now())) r = nullptr;
    return r;
}

void cache::core::in_background(asio::awaitable<void> work, std::optional<std::size_t> loop)
{
    at.check();
    auto run = [](counted, asio::awaitable<void> w) -> asio::awaitable<void> {
        try {
            co_await std::move(w);
        } catch (const boost::system::system_error&) {  // cancelled, or out of sockets; no caller waits for the result
        }
    };
    auto all = run({shared_from_this(), &core::background}, std::move(work));
    if (loop) {
        at.spawn_on(*loop, std::move(all));
    } else {
        at.spawn(std::move(all));
    }
}

}  // namespace larder
