// SPDX-License-Identifier: MIT
// The limiter. Start reading at rate_limit::take(): it first tries to decide from local state (core::try_take()), then
// asks Redis: exact rules by ask_window() and lua/window.lua, approximate rules by borrow() and lua/borrow.lua. Without
// a Redis client, or when Redis does not reply (core::fall_back()), the same algorithms run in memory, in
// sliding_window.hpp and gcra.hpp. For each client at most one caller borrows at a time.
#include <atomic>
#include <cassert>
#include <larder/limit.hpp>
#include <larder/redis/client.hpp>
#include <larder/region.hpp>
#include <random>
#include <stdexcept>

#include "client_table.hpp"
#include "scripts.hpp"

namespace larder {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using detail::client_state;

namespace {

constexpr auto hold = 1s;                   // a borrowed token that is not used within this time is lost
constexpr auto refusal_holds = 1s;          // how long hits are refused without calling Redis again
constexpr auto lasts_long = 500ms;          // a batch that lasts longer is too big
constexpr auto lasts_short = 50ms;          // a batch that is used up sooner is too small
constexpr auto longest_pause = 100ms;       // longest wait for enough tokens for a batch
constexpr std::uint32_t batches = 16;       // the largest batch is 1/16 of a full bucket
constexpr std::uint32_t most_exact = 1000;  // largest quota of an exact rule

/// The reply to one of the scripts.
struct granted {
    std::int64_t count = 0;
    std::int64_t left = 0;
    std::chrono::microseconds retry_after{0};
};

limit_decision decision_of(const granted& g)
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
    c.asking = false;
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
    if (!r.approximate && r.quota > most_exact)
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
        if (!options.now) options.now = [] { return boot_clock::now(); };
    }

    limit_decision count(limit_decision d)
    {
        ++(d.allowed ? allowed : refused);
        if (!d.shared) ++unshared;
        return d;
    }

    /// Decides without Redis, by counting in this process.
    limit_decision decide_alone(client_state& c, boot_time now) const
    {
        return rule.approximate ? c.bucket.take(rule, now) : c.window.take(rule, now);
    }

    std::optional<limit_decision> try_take(client_state& c, boot_time now) const
    {
        if (redis == nullptr) return decide_alone(c, now);
        if (c.in_hand > 0 && now < c.borrowed + hold) {
            --c.in_hand;
            limit_decision d;
            d.remaining = c.left_there + c.in_hand;
            return d;
        }
        if (now < c.ask_again) return refusal(c.refused_until, now);
        return std::nullopt;
    }

    limit_decision fall_back(std::string_view who)
    {
        const auto now = options.now();
        limit_decision d;
        if (rule.fallback == without_redis::count_local) {
            d = clients.with(who, [&](client_state& c) { return decide_alone(c, now); });
        } else if (rule.fallback == without_redis::fail_closed) {
            d = refusal(now + 1s, now);
        }
        d.shared = false;
        return d;
    }

    std::string key(std::string_view who) const
    {
        std::string out = options.prefix + rule.name + ":";
        std::size_t at = 0;
        detail::append_tag_field(out, "{}", at, who, false);
        return out;
    }

    asio::awaitable<std::optional<granted>> call(redis::request what)
    {
        ++asked;
        const auto answer = co_await redis->exec<std::vector<std::int64_t>>(std::move(what), {options.deadline});
        if (!answer || answer->size() != 3) co_return std::nullopt;
        co_return granted{(*answer)[0], (*answer)[1], std::chrono::microseconds{(*answer)[2]}};
    }

    asio::awaitable<limit_decision> ask_window(std::string who);
    asio::awaitable<limit_decision> borrow(std::string who);
    asio::awaitable<limit_decision> borrow_more(const std::string& who, std::uint32_t wish);
    std::uint32_t next_batch(const client_state& c, boot_time now) const;
    void note(client_state& c, const granted& g, std::uint32_t wish) const;

    redis::client* const redis;
    const limit_rule rule;
    limiter_options options;
    detail::client_table clients;
    std::atomic<std::uint64_t> allowed = 0;
    std::atomic<std::uint64_t> refused = 0;
    std::atomic<std::uint64_t> asked = 0;
    std::atomic<std::uint64_t> unshared = 0;
};

asio::awaitable<limit_decision> rate_limit::core::ask_window(std::string who)
{
    const auto window = std::chrono::microseconds{rule.window}.count();
    const auto k = key(who);
    const auto answer = co_await call(detail::lua::window(std::array{std::string_view{k}}, rule.quota, window));
    if (!answer) co_return fall_back(who);
    const auto now = options.now();
    if (answer->count == 0) {
        clients.with(who, [&](client_state& c) {
            c.refused_until = now + answer->retry_after;
            c.ask_again = std::min(c.refused_until, now + refusal_holds);
        });
    }
    co_return decision_of(*answer);
}

/// The first caller that finds no token borrows a batch; callers that come meanwhile wait for the reply.
asio::awaitable<limit_decision> rate_limit::core::borrow(std::string who)
{
    const auto loop = co_await asio::this_coro::executor;
    const auto give_up = std::chrono::steady_clock::now() + options.deadline;
    for (;;) {
        std::optional<limit_decision> here;
        std::shared_ptr<detail::waiter> wait_as;
        std::uint32_t wish = 0;
        clients.with(who, [&](client_state& c) {
            const auto now = options.now();
            here = try_take(c, now);
            if (here) return;
            if (std::exchange(c.asking, true)) {
                wait_as = c.waiting.emplace_back(std::make_shared<detail::waiter>(loop));
            } else {
                wish = next_batch(c, now);
            }
        });
        if (here) co_return *here;
        if (!wait_as) co_return co_await borrow_more(who, wish);
        const bool woken = co_await detail::waiter::wait(wait_as, give_up);
        if (!woken) co_return fall_back(who);
    }
}

/// Adapts the size so that a batch lasts between 50 and 500 ms, within the rule's largest batch.
std::uint32_t rate_limit::core::next_batch(const client_state& c, boot_time now) const
{
    const auto lasted = now - c.borrowed;
    auto next = lasted < lasts_short ? c.batch * 2 : lasted > lasts_long ? c.batch / 2 : c.batch;
    return std::clamp(next, 1U, std::max(1U, rule.burst / batches));
}

asio::awaitable<limit_decision> rate_limit::core::borrow_more(const std::string& who, std::uint32_t wish)
{
    const auto k = key(who);
    std::optional<granted> answer;
    std::exception_ptr cancelled;
    const auto interval = static_cast<double>(detail::interval_of(rule).count()) / 1000;  // us
    try {
        answer = co_await call(detail::lua::borrow(std::array{std::string_view{k}}, interval, rule.burst, wish));
    } catch (...) {
        cancelled = std::current_exception();
    }
    clients.with(who, [&](client_state& c) {
        if (answer) note(c, *answer, wish);
        wake_all(c);
    });
    if (cancelled) std::rethrow_exception(cancelled);
    if (!answer) co_return fall_back(who);
    auto d = decision_of(*answer);
    if (d.allowed) d.remaining += static_cast<std::uint32_t>(answer->count) - 1;
    co_return d;
}

/// Stores the borrowed tokens, except the first one, which the borrowing caller uses itself.
void rate_limit::core::note(client_state& c, const granted& g, std::uint32_t wish) const
{
    const auto now = options.now();
    c.batch = wish;
    c.borrowed = now;
    c.in_hand = g.count > 0 ? static_cast<std::uint32_t>(g.count) - 1 : 0;
    c.left_there = static_cast<std::uint32_t>(g.left);
    if (g.count == wish) return;
    // The bucket is empty. The next call to Redis is made when it may hold a batch again.
    const boot_time::duration gather = std::min<boot_time::duration>(detail::interval_of(rule) * wish, longest_pause);
    c.refused_until = now + std::max<boot_time::duration>(g.retry_after, gather);
    c.ask_again = std::min(c.refused_until, now + refusal_holds);
}

rate_limit::rate_limit(std::unique_ptr<core> c) : core_{std::move(c)} {}
rate_limit::~rate_limit() = default;

const limit_rule& rate_limit::rule() const noexcept { return core_->rule; }

std::optional<limit_decision> rate_limit::try_take(std::string_view who)
{
    const auto now = core_->options.now();
    const auto here = core_->clients.with(who, [&](client_state& c) { return core_->try_take(c, now); });
    if (!here) return std::nullopt;
    return core_->count(*here);
}

asio::awaitable<limit_decision> rate_limit::take(std::string who)
{
    if (const auto here = try_take(who)) co_return *here;
    limit_decision d;
    if (rule().approximate) {
        d = co_await core_->borrow(std::move(who));
    } else {
        d = co_await core_->ask_window(std::move(who));
    }
    co_return core_->count(d);
}

asio::awaitable<void> rate_limit::refund(std::string who, limit_decision d)
{
    assert(!rule().approximate);
    if (!d.allowed) co_return;
    const bool in_redis = core_->redis != nullptr && d.shared;
    core_->clients.with(who, [&](client_state& c) {
        c.ask_again = {};  // an earlier refusal may no longer be right
        if (!in_redis) c.window.refund();
    });
    if (!in_redis) co_return;
    redis::request pop{"RPOP", core_->key(who)};
    co_await core_->redis->exec(std::move(pop), {core_->options.deadline});
}

asio::awaitable<void> rate_limit::forget(std::string who)
{
    core_->clients.forget(who);
    if (core_->redis == nullptr) co_return;
    redis::request unlink{"UNLINK", core_->key(who)};
    co_await core_->redis->exec(std::move(unlink), {core_->options.deadline});
}

limit_stats rate_limit::stats() const
{
    return {core_->allowed, core_->refused, core_->asked, core_->unshared, core_->clients.size()};
}

limiter::limiter(redis::client* redis, limiter_options o) : redis_{redis}, options_{std::move(o)} {}
limiter::~limiter() = default;

rate_limit& limiter::limit(limit_rule r)
{
    auto made = std::make_unique<rate_limit::core>(redis_, checked(std::move(r)), options_);
    const std::lock_guard lock{mutex_};
    for (const auto& l : limits_)
        if (l.rule().name == made->rule.name)
            throw std::invalid_argument{"limit " + l.rule().name + ": this name is already in use"};
    return limits_.emplace_back(std::move(made));
}

void limiter::for_each(const std::function<void(const rate_limit&)>& f) const
{
    const std::lock_guard lock{mutex_};
    for (const auto& l : limits_) f(l);
}

}  // namespace larder
