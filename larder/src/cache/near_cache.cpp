// SPDX-License-Identifier: MIT
// near_cache: values of Redis keys that other programs write, kept in this process. Start at near_store::get().
// Invariant: a value is kept only if no push and no forget() for its stripe of keys arrived between the request and its
// reply, because it may have been about this key. Channels, generations and freshness are as in freshness.hpp; a PING
// serves as the heartbeat.
#include <array>
#include <atomic>
#include <larder/local_cache.hpp>
#include <larder/near_cache.hpp>
#include <larder/redis/client.hpp>

#include "freshness.hpp"
#include "seeded_hash.hpp"
#include "shared_tier.hpp"

namespace larder::detail {

namespace asio = boost::asio;
using std::chrono::milliseconds;

namespace {

struct near_entry {
    near_store::value what;
    std::uint64_t generation = freshness::untracked;
    boot_time asked{};
};

}  // namespace

struct near_store::core : std::enable_shared_from_this<core> {
    core(runtime& on, redis::options o, decoder d, const near_cache_options& limits)
        : loops{on},
          decode{std::move(d)},
          options{limits},
          time{limits.time != nullptr ? *limits.time : system_clock()},
          tracking{options.bound},
          local{{.capacity = options.bytes, .time = limits.time}}
    {
        const bool one_server = o.kind == redis::deployment::standalone || o.kind == redis::deployment::sentinel;
        o.tracking = {.enabled = one_server, .noloop = false, .prefixes = {}};
        if (!o.name.empty()) o.name += "-near";
        client.emplace(loops, o);
        if (!one_server) return;
        client->on_push([this](const resp::value& push) { pushed(push); });
        client->on_connection([this](const redis::connection_event& e) {
            const auto channel = static_cast<std::size_t>(this_channel());
            if (e.up) {
                tracking.connected(channel, e.tracked, time.steady());
            } else {
                tracking.lost(channel);
            }
        });
    }

    std::atomic<std::uint64_t>& changes_of(std::string_view key) { return changes[seeded_hash(key, 0) >> 56]; }

    void forget(std::string_view key)
    {
        ++changes_of(key);
        local.remove(key);
    }

    void pushed(const resp::value& push)
    {
        if (push.size() < 2 || push.child(0).text() != "invalidate") return;
        const auto& keys = push.child(1);
        if (keys.is_null()) tracking.reset();  // FLUSHALL
        for (std::size_t i = 0; !keys.is_null() && i < keys.size(); ++i) forget(keys.child(i).text());
    }

    bool may_answer(const near_entry& e, boot_time now) const
    {
        return e.generation == tracking.generation() &&
               (now < e.asked + options.bound || tracking.is_fresh(e.generation, now));
    }

    /// Sends heartbeats if they are due. Called on every read, so a cache that is not used causes no traffic.
    void keep_up(boot_time now)
    {
        if (!tracking.heartbeat_due(now) || loops.stopping()) return;
        auto beat = [](std::shared_ptr<core> self) -> asio::awaitable<void> {
            const auto sent = self->tracking.begin_heartbeat(self->time.steady());
            const auto answer = co_await self->client->exec(redis::request{"PING"}, {self->options.bound / 3});
            const bool same = self->tracking.changes() == sent.changes;
            if (answer && same) self->tracking.heartbeat_answered(static_cast<std::size_t>(this_channel()), sent);
        };
        for (const auto channel : tracking.channels()) loops.spawn(channel, beat(shared_from_this()));
    }

    asio::awaitable<redis::reply<value>> read(std::string key);

    runtime& loops;
    const decoder decode;
    const near_cache_options options;
    const clock& time;
    freshness tracking;
    local_cache<near_entry> local;
    std::array<std::atomic<std::uint64_t>, 256> changes{};
    std::atomic<std::uint64_t> hits = 0;
    std::atomic<std::uint64_t> reads = 0;
    std::optional<redis::client> client;
};

asio::awaitable<redis::reply<near_store::value>> near_store::core::read(std::string key)
{
    ++reads;
    near_entry e{nullptr, tracking.generation(), time.steady()};
    const auto before = changes_of(key).load();
    redis::request both{"GET", key};
    both.add("PTTL", key);
    const auto answers =
        co_await client->pipeline<std::optional<std::string>, std::int64_t>(std::move(both), {options.deadline});
    if (!answers) co_return answers.error();
    const auto& [text, left] = *answers;
    if (!text) co_return text.error();
    if (!*text || !left) co_return value{};
    const capped_milliseconds lives{std::max<std::int64_t>(*left, 0)};
    e.what = decode(key, **text, lives);
    auto out = e.what;
    if (!out) co_return out;
    const auto until = lives > lives.zero() ? std::min(options.ttl, lives) : options.ttl;
    const auto bytes = (*text)->size();
    if (before == changes_of(key).load())
        local.set(key, std::make_shared<near_entry>(std::move(e)), {.ttl = until, .weight = bytes});
    // The key may have been forgotten while the value was being stored.
    if (before != changes_of(key).load()) local.remove(key);
    co_return out;
}

near_store::near_store(runtime& loops, redis::options o, decoder d, const near_cache_options& limits)
    : core_{std::make_shared<core>(loops, std::move(o), std::move(d), limits)}
{}
near_store::~near_store() = default;

near_store::value near_store::get_local(std::string_view key)
{
    const auto now = core_->time.steady();
    core_->keep_up(now);
    value out;
    core_->local.with(key, [&](const near_entry& e) {
        if (core_->may_answer(e, now)) out = e.what;
    });
    if (out) ++core_->hits;
    return out;
}

asio::awaitable<redis::reply<near_store::value>> near_store::get(std::string key)
{
    if (auto held = get_local(key)) co_return held;
    co_return co_await core_->read(std::move(key));
}

void near_store::forget(std::string_view key) { core_->forget(key); }

near_cache_stats near_store::stats() const
{
    const auto held = core_->local.stats();
    return {core_->hits, core_->reads, held.entries, held.bytes};
}

asio::awaitable<void> near_store::close() { co_await core_->client->disconnect(); }

}  // namespace larder::detail
