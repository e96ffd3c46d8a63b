// SPDX-License-Identifier: MIT
// The loop around the steps of a fetch: run() goes on as long as a fetch is asking, waiting or loading. ask() sends one
// question about all that ask, and load() calls the loader once for all that load.
#include "fetch_all.hpp"

#include <boost/asio/cancellation_state.hpp>

#include "loading_executor.hpp"
#include "test_points.hpp"

namespace larder::detail {

namespace asio = boost::asio;

void question::add(fetch& f, acquire_question q)
{
    entries_.push_back(std::move(q));
    auto& places = tag_places_.emplace_back();
    for (auto& t : f.tag_questions()) {
        const auto [it, is_new] = places_.try_emplace(t.tag, tags_.size());
        places.push_back(it->second);
        if (is_new) tags_.push_back(std::move(t));
    }
}

asio::awaitable<void> question::ask(shared_tier& redis, std::string_view token, std::chrono::milliseconds lease)
{
    got_ = co_await redis.read(std::move(entries_), std::move(tags_), token, lease);
}

std::vector<std::optional<tag_version>> question::tags(std::size_t i) const
{
    std::vector<std::optional<tag_version>> out;
    for (const auto place : tag_places_[i]) out.push_back(got_.tags[place]);
    return out;
}

namespace {

/// The fetches in this state, as indices.
std::vector<std::size_t> those_in(fetch_state s, std::span<fetch* const> all)
{
    std::vector<std::size_t> out;
    for (std::size_t i = 0; i < all.size(); ++i)
        if (all[i]->state() == s) out.push_back(i);
    return out;
}

/// Asks Redis about the fetches `which`.
asio::awaitable<void> ask(cache::core& c, std::span<fetch* const> all, std::span<const std::size_t> which)
{
    question q;
    for (const auto i : which) q.add(*all[i], all[i]->question());
    const auto asked = c.now();
    try {
        co_await q.ask(*c.shared, all[which[0]]->token(), c.options.lease);
    } catch (...) {
        for (const auto i : which) all[i]->lose_answer();
        throw;
    }
    if constexpr (test_points) co_await reach(step::answered, c.options.time);
    for (std::size_t i = 0; i < which.size(); ++i)
        all[which[i]]->take(std::move(q.entry(i)), q.tags(i), q.context(), asked);
}

/// Decides for each fetch that is waiting whether to ask again. Returns after which pause, if any will.
std::optional<steady_time::duration> pause_of(std::span<fetch* const> all)
{
    std::optional<steady_time::duration> pause;
    const auto now = std::chrono::steady_clock::now();
    for (auto* f : all)
        if (f->state() == fetch_state::waiting && f->wait(now) == fetch_state::asking)
            pause = pause ? std::min(*pause, f->pause()) : f->pause();
    return pause;
}

/// Renews the leases while the load is running. Returns at `until`, the time limit of the load.
asio::awaitable<void> renew_leases(std::span<fetch* const> all, std::span<const std::size_t> which,
                                   std::chrono::milliseconds lease, steady_time until)
{
    for (auto now = std::chrono::steady_clock::now(); now < until; now = std::chrono::steady_clock::now()) {
        co_await sleep_for(std::min<steady_time::duration>(until - now, lease / 3));
        if (std::chrono::steady_clock::now() >= until) co_return;
        for (const auto i : which) all[i]->renew_lease();
    }
}

/// The time limit of one load for these fetches. The load ends at the soft time-out only if every one of them has an
/// old copy to serve then.
std::chrono::milliseconds load_limit(std::span<fetch* const> all, std::span<const std::size_t> which)
{
    const bool early = std::all_of(which.begin(), which.end(), [&](std::size_t i) { return all[i]->stops_early(); });
    std::chrono::milliseconds longest{0};
    for (const auto i : which) longest = std::max(longest, all[i]->load_limit(early));
    return longest;
}

/// Loads the values of the fetches `which` with one call of the loader. It counts as one load for the bulkhead.
asio::awaitable<void> load(cache::core& c, std::span<fetch* const> all, std::span<const std::size_t> which,
                           const load_function& by)
{
    std::exception_ptr failure;
    try {
        const auto until = std::chrono::steady_clock::now() + load_limit(all, which);
        const bulkhead::place place = co_await all[which[0]]->places().enter(until);
        if (!place) throw boost::system::system_error{make_error_code(errc::overloaded)};
        const auto began = c.now();
        const auto inside = loading_executor::on(co_await asio::this_coro::executor);
        auto values = co_await race(inside, by(which), renew_leases(all, which, c.options.lease, until));
        if (values.size() != which.size()) throw std::length_error{"the loader returned the wrong number of values"};
        if constexpr (test_points) co_await reach(step::loaded, c.options.time);
        for (std::size_t i = 0; i < which.size(); ++i) all[which[i]]->loaded(std::move(values[i]), began);
        co_return;
    } catch (...) {
        failure = std::current_exception();
    }
    const auto cancelled = co_await asio::this_coro::cancellation_state;
    if (cancelled.cancelled() != asio::cancellation_type::none) std::rethrow_exception(failure);  // drops the leases
    for (const auto i : which)
        if (all[i]->state() == fetch_state::loading) all[i]->failed(failure);
}

}  // namespace

asio::awaitable<void> run(cache::core& c, std::span<fetch* const> all, const load_function& by)
{
    for (auto* f : all) f->sample();
    for (;;) {
        const auto asking = those_in(fetch_state::asking, all);
        if (!asking.empty()) co_await ask(c, all, asking);
        const bool ask_at_once = !those_in(fetch_state::asking, all).empty();
        const auto pause = pause_of(all);
        const auto missing = those_in(fetch_state::loading, all);
        if (!missing.empty()) {
            co_await load(c, all, missing, by);
        } else if (!ask_at_once) {
            if (!pause) co_return;
            co_await sleep_for(*pause);
        }
    }
}

}  // namespace larder::detail
