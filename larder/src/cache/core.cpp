// SPDX-License-Identifier: MIT
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

/// Whether to load anew before the TTL ends: the likelier, the nearer the end and the dearer the load.
/// Source: A. Vattani et al., "Optimal probabilistic cache stampede prevention", VLDB 2015 (XFetch).
bool early(const record& r, double beta, steady_time now) noexcept
{
    const double cost = static_cast<double>(r.cost) * beta;
    const auto left = std::chrono::duration<double, std::micro>(r.soft - now).count();
    if (left > 20 * cost) return false;  // -ln(u) is beyond 20 once in 5e8
    thread_local std::minstd_rand random{std::random_device{}()};
    return -std::log(std::uniform_real_distribution{1e-12, 1.0}(random)) * cost >= left;
}

}  // namespace

verdict judge(const record& r, const region_options& o, steady_time now) noexcept
{
    if (!still_valid(r.tags)) return verdict::invalid;
    if (now >= r.trusted) return verdict::unproven;
    if (now < r.soft) return o.early_refresh > 0 && early(r, o.early_refresh, now) ? verdict::early : verdict::fresh;
    return now < r.hard && now < r.soft + o.stale.while_revalidate ? verdict::stale : verdict::expired;
}

bool may_replace_failure(const record& r, const region_options& o, steady_time now) noexcept
{
    return still_valid(r.tags) && now < r.hard && (now < r.trusted || o.stale.beyond_bound);
}

}  // namespace detail

cache::core::home::home(runtime& loops)
    : spawn{[&loops](asio::awaitable<void> work) {
          const auto here = runtime::this_loop();
          loops.spawn(here == runtime::no_loop ? 0 : here, std::move(work));
      }},
      stopping{[&loops] { return loops.stopping(); }}
{}

cache::core::home::home(asio::io_context& loop)
    : spawn{[&loop](asio::awaitable<void> work) {
          asio::co_spawn(loop, std::move(work), [](const std::exception_ptr& e) {
              if (e) std::rethrow_exception(e);
          });
      }},
      stopping{[] { return false; }}
{}

cache::core::core(const cache_options& o, home h, redis::client* redis)
    : options{o},
      at{std::move(h)},
      local{{.capacity = o.local_bytes, .shards = o.local_shards, .time = o.time}},
      loads{o.max_loads, o.max_waiting_loads}
{
    if (redis != nullptr) shared.emplace(*redis, o.redis_deadline);
}

std::vector<std::shared_ptr<detail::tag_slot>> cache::core::slots_of(const entry_key& k, const detail::region_state& in)
{
    std::vector<std::shared_ptr<detail::tag_slot>> out{in.everything, in.tag};
    for (std::size_t i = 0; i < max_region_tags && !k.region().options().tags[i].empty(); ++i)
        out.push_back(tags.slot(k.tag_text(i)));
    return out;
}

void cache::core::keep(std::string_view key, const region_options& o, std::shared_ptr<const detail::record> r,
                       const detail::value_type& t)
{
    if (options.local_bytes == 0) return;
    const auto begin = now();
    auto until = o.stale.beyond_bound ? r->hard : std::min(r->hard, r->trusted);
    if (shared && o.local_ttl < 24h) until = std::min(until, begin + o.local_ttl);
    if (until <= begin) return;
    entry_options e;
    e.ttl = duration_cast<milliseconds>(until - begin);
    e.weight = t.weigh(*r) + r->tags.size() * sizeof(detail::tag_stamp);
    local.set(key, std::move(r), e);
}

std::shared_ptr<const detail::record> cache::core::usable_on_failure(const entry_key& k) const
{
    auto r = local.get(k.text());
    if (r != nullptr && !detail::may_replace_failure(*r, k.region().options(), now())) r = nullptr;
    return r;
}

void cache::core::in_background(asio::awaitable<void> work)
{
    {
        const std::lock_guard lock{background_mutex};
        ++background;
    }
    auto counted = [](std::shared_ptr<core> self, asio::awaitable<void> w) -> asio::awaitable<void> {
        try {
            co_await std::move(w);
        } catch (const boost::system::system_error&) {  // cancelled, or out of sockets: it was nobody's business
        }
        std::vector<std::shared_ptr<detail::waiter>> done;
        {
            const std::lock_guard lock{self->background_mutex};
            if (--self->background == 0) done.swap(self->drains);
        }
        for (auto& d : done) detail::waiter::wake(std::move(d));
    };
    at.spawn(counted(shared_from_this(), std::move(work)));
}

}  // namespace larder
