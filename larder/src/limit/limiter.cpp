// SPDX-License-Identifier: MIT
// The limiter. Start reading at rate_limit::take(): it first tries to decide from local state (core::try_take()), then
// calls Redis: exact rules by take_from_window() and lua/window.lua, approximate rules by borrow() and lua/borrow.lua.
// Without a Redis client, or when Redis does not reply (core::fall_back()), the same algorithms run in memory, in
// sliding_window.hpp and gcra.hpp. For each client at most one caller borrows at a time.
#include <atomic>
#include <cassert>
#include <larder/limit.hpp>
#include <larder/redis/client.hpp>
#include <larder/region.hpp>
#include <mutex>
#include <random>
#include <stdexcept>
#include <vector>

#include "client_table.hpp"
#include "scripts.hpp"

namespace larder {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using detail::client_state;

namespace {

constexpr auto token_lifetime = 1s;               // a borrowed token that is not used within this time is lost
constexpr auto refusal_lifetime = 1s;             // how long hits are refused without calling Redis again
constexpr auto long_batch = 500ms;                // a batch that lasts longer is too big
constexpr auto short_batch = 50ms;                // a batch that is used up sooner is too small
constexpr auto max_wait = 100ms;                  // longest wait for enough tokens for a batch
constexpr std::uint32_t batches_per_bucket = 16;  // the largest batch is 1/16 of a full bucket
constexpr std::uint32_t max_exact_quota = 1000;   // largest quota of an exact rule

/// The reply to one of the scripts.
struct script_reply {
    std::int64_t count = 0;
    std::int64_t left = 0;
    std::chrono::microseconds retry_after{0};
};

limit_decision decision_of(const script_reply& g)
{
    limit_decision d;
    d.allowed = g.count > 0;
    d.remaining = static_cast<std::uint32_t>(std::max<std::int64_t>(g.left, 0));
    d.retry_after = std::chrono::ceil<std::chrono::milliseconds>(std::max(g.retry_after, 0us));
    return d;
}

limit_decision refusal(boot_time until, boot_time now)
{
    limit_decision d;
    d.allowed = false;
    d.retry_after = std::max(std::chrono::ceil<std::chrono::milliseconds>(until - now), 1ms);
    return d;
}

void wake_all(client_state& c)
{
    c.borrowing = false;
    for (auto& w : c.waiting) detail::waiter::wake(std::move(w));
    c.waiting.clear();
}

std::uint64_t random_seed()
{
    std::random_device device;
    return std::uint64_t{device()} << 32 | device();
}

/// Returns the rule with its defaults filled in. Throws std::invalid_argument, naming the rule, if it is invalid.
limit_rule checked(limit_rule r)
{
    const auto refuse = [&](const char* why) { throw std::invalid_argument{"limit " + r.name + ": " + why}; };
    const bool named = r.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") == std::string::npos;
    if (r.name.empty() || !named) refuse("its name must consist of a-z, 0-9, _ and -");
    if (r.quota == 0) refuse("its quota must be at least 1");
    if (r.window <= 0ms) refuse("its window must be longer than 0");
    if (!r.approximate && r.quota > max_exact_quota)
        refuse("the quota of an exact rule must be at most 1,000; make the rule approximate");
    if (!r.approximate && r.burst != 0) refuse("only an approximate rule has a burst");
    if (r.burst == 0) r.burst = r.quota;
    if (detail::interval_of(r) == 0ns) refuse("its rate must be at most one hit per nanosecond");
    return r;
}

}  // namespace

struct rate_limit::core {
    core(redis::client* r, limit_rule w, const limiter_options& o)
        : redis{r}, rule{std::move(w)}, options{o}, clients{o.memory, random_seed()}
    {
        if (options.time == nullptr) options.time = &system_clock();
    }

    limit_decision count(limit_decision d)
    {
        ++(d.allowed ? allowed : refused);
        if (!d.shared) ++unshared;
        return d;
    }

    /// Decides without Redis, by counting in this process.
    limit_decision decide_local(client_state& c, boot_time now) const
    {
        return rule.approximate ? c.bucket.take(rule, now) : c.window.take(rule, now);
    }

    std::optional<limit_decision> try_take(client_state& c, boot_time now) const
    {
        if (redis == nullptr) return decide_local(c, now);
        if (c.tokens > 0 && now < c.borrowed_at + token_lifetime) {
            --c.tokens;
            limit_decision d;
            d.remaining = c.left_in_redis + c.tokens;
            return d;
        }
        if (now < c.recheck_at) return refusal(c.refused_until, now);
        return std::nullopt;
    }

    limit_decision fall_back(std::string_view client)
    {
        const auto now = options.time->steady();
        limit_decision d;
        if (rule.fallback == without_redis::count_local) {
            d = clients.with(client, [&](client_state& c) { return decide_local(c, now); });
        } else if (rule.fallback == without_redis::fail_closed) {
            d = refusal(now + 1s, now);
        }
        d.shared = false;
        return d;
    }

    std::string key(std::string_view client) const
    {
        std::string out = options.prefix + rule.name + ":";
        std::size_t at = 0;
        detail::append_tag_field(out, "{}", at, client, false);
        return out;
    }

    asio::awaitable<std::optional<script_reply>> call(redis::request what)
    {
        ++redis_calls;
        const auto answer = co_await redis->exec<std::vector<std::int64_t>>(std::move(what), {options.deadline});
        if (!answer || answer->size() != 3) co_return std::nullopt;
        co_return script_reply{(*answer)[0], (*answer)[1], std::chrono::microseconds{(*answer)[2]}};
    }

    asio::awaitable<limit_decision> take_from_window(std::string client);
    asio::awaitable<limit_decision> borrow(std::string client);
    asio::awaitable<limit_decision> borrow_more(const std::string& client, std::uint32_t batch);
    std::uint32_t next_batch(const client_state& c, boot_time now) const;
    void store_tokens(client_state& c, const script_reply& g, std::uint32_t batch) const;

    redis::client* const redis;
    const limit_rule rule;
    limiter_options options;
    detail::client_table clients;
    std::atomic<std::uint64_t> allowed = 0;
    std::atomic<std::uint64_t> refused = 0;
    std::atomic<std::uint64_t> redis_calls = 0;
    std::atomic<std::uint64_t> unshared = 0;
};

asio::awaitable<limit_decision> rate_limit::core::take_from_window(std::string client)
{
    const auto window = std::chrono::microseconds{rule.window}.count();
    const auto k = key(client);
    const auto answer = co_await call(detail::lua::window(std::array{std::string_view{k}}, rule.quota, window));
    if (!answer) co_return fall_back(client);
    const auto now = options.time->steady();
    if (answer->count == 0) {
        clients.with(client, [&](client_state& c) {
            c.refused_until = now + answer->retry_after;
            c.recheck_at = std::min(c.refused_until, now + refusal_lifetime);
        });
    }
    co_return decision_of(*answer);
}

/// The first caller that finds no token borrows a batch; callers that come meanwhile wait for the reply.
asio::awaitable<limit_decision> rate_limit::core::borrow(std::string client)
{
    const auto loop = co_await asio::this_coro::executor;
    const auto deadline = std::chrono::steady_clock::now() + options.deadline;
    for (;;) {
        std::optional<limit_decision> local;
        std::shared_ptr<detail::waiter> pending;
        std::uint32_t batch = 0;
        clients.with(client, [&](client_state& c) {
            const auto now = options.time->steady();
            local = try_take(c, now);
            if (local) return;
            if (std::exchange(c.borrowing, true)) {
                pending = c.waiting.emplace_back(std::make_shared<detail::waiter>(loop));
            } else {
                batch = next_batch(c, now);
            }
        });
        if (local) co_return *local;
        if (!pending) co_return co_await borrow_more(client, batch);
        const bool woken = co_await detail::waiter::wait(pending, deadline);
        if (!woken) co_return fall_back(client);
    }
}

/// Adapts the size so that a batch lasts between 50 and 500 ms, within the rule's largest batch.
std::uint32_t rate_limit::core::next_batch(const client_state& c, boot_time now) const
{
    const auto lasted = now - c.borrowed_at;
    auto next = lasted < short_batch ? c.batch * 2 : lasted > long_batch ? c.batch / 2 : c.batch;
    return std::clamp(next, 1U, std::max(1U, rule.burst / batches_per_bucket));
}

asio::awaitable<limit_decision> rate_limit::core::borrow_more(const std::string& client, std::uint32_t batch)
{
    const auto k = key(client);
    std::optional<script_reply> answer;
    std::exception_ptr cancelled;
    const auto interval = static_cast<double>(detail::interval_of(rule).count()) / 1000;  // us
    try {
        answer = co_await call(detail::lua::borrow(std::array{std::string_view{k}}, interval, rule.burst, batch));
    } catch (...) {
        cancelled = std::current_exception();
    }
    clients.with(client, [&](client_state& c) {
        if (answer) store_tokens(c, *answer, batch);
        wake_all(c);
    });
    if (cancelled) std::rethrow_exception(cancelled);
    if (!answer) co_return fall_back(client);
    auto d = decision_of(*answer);
    if (d.allowed) d.remaining += static_cast<std::uint32_t>(answer->count) - 1;
    co_return d;
}

/// Stores the borrowed tokens, except the first one, which the borrowing caller uses itself.
void rate_limit::core::store_tokens(client_state& c, const script_reply& g, std::uint32_t batch) const
{
    const auto now = options.time->steady();
    c.batch = batch;
    c.borrowed_at = now;
    c.tokens = g.count > 0 ? static_cast<std::uint32_t>(g.count) - 1 : 0;
    c.left_in_redis = static_cast<std::uint32_t>(g.left);
    if (g.count == batch) return;
    // The bucket is empty. The next call to Redis is made when it may contain a batch again.
    const boot_time::duration refill_time = std::min<boot_time::duration>(detail::interval_of(rule) * batch, max_wait);
    c.refused_until = now + std::max<boot_time::duration>(g.retry_after, refill_time);
    c.recheck_at = std::min(c.refused_until, now + refusal_lifetime);
}

rate_limit::rate_limit(std::unique_ptr<core> c) : core_{std::move(c)} {}
rate_limit::~rate_limit() = default;

const limit_rule& rate_limit::rule() const noexcept { return core_->rule; }

std::optional<limit_decision> rate_limit::try_take(std::string_view client)
{
    const auto now = core_->options.time->steady();
    const auto local = core_->clients.with(client, [&](client_state& c) { return core_->try_take(c, now); });
    if (!local) return std::nullopt;
    return core_->count(*local);
}

asio::awaitable<limit_decision> rate_limit::take(std::string client)
{
    if (const auto local = try_take(client)) co_return *local;
    limit_decision d;
    if (rule().approximate) {
        d = co_await core_->borrow(std::move(client));
    } else {
        d = co_await core_->take_from_window(std::move(client));
    }
    co_return core_->count(d);
}

asio::awaitable<void> rate_limit::refund(std::string client, limit_decision d)
{
    assert(!rule().approximate);
    if (!d.allowed) co_return;
    const bool in_redis = core_->redis != nullptr && d.shared;
    core_->clients.with(client, [&](client_state& c) {
        c.recheck_at = {};  // an earlier refusal may no longer be right
        if (!in_redis) c.window.refund();
    });
    if (!in_redis) co_return;
    redis::request pop{"RPOP", core_->key(client)};
    co_await core_->redis->exec(std::move(pop), {core_->options.deadline});
}

asio::awaitable<void> rate_limit::forget(std::string client)
{
    core_->clients.forget(client);
    if (core_->redis == nullptr) co_return;
    redis::request unlink{"UNLINK", core_->key(client)};
    co_await core_->redis->exec(std::move(unlink), {core_->options.deadline});
}

limit_stats rate_limit::stats() const
{
    return {core_->allowed, core_->refused, core_->redis_calls, core_->unshared, core_->clients.size()};
}

struct limiter::rules {
    redis::client* redis = nullptr;
    limiter_options options;
    std::mutex mutex{};
    std::vector<std::unique_ptr<rate_limit>> all{};  ///< callers keep references to them
};

limiter::limiter(redis::client* redis, limiter_options o) : rules_{std::make_unique<rules>(redis, std::move(o))} {}
limiter::~limiter() = default;

rate_limit& limiter::limit(limit_rule r)
{
    auto made = std::make_unique<rate_limit::core>(rules_->redis, checked(std::move(r)), rules_->options);
    const std::lock_guard lock{rules_->mutex};
    for (const auto& l : rules_->all)
        if (l->rule().name == made->rule.name)
            throw std::invalid_argument{"limit " + l->rule().name + ": this name is already in use"};
    return *rules_->all.emplace_back(std::unique_ptr<rate_limit>{new rate_limit{std::move(made)}});
}

void limiter::for_each(const std::function<void(const rate_limit&)>& f) const
{
    const std::lock_guard lock{rules_->mutex};
    for (const auto& l : rules_->all) f(*l);
}

}  // namespace larder
