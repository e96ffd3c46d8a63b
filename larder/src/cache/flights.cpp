// SPDX-License-Identifier: MIT
// Single flight: see the header for the invariants. Everything happens under the mutex of the key's stripe, except that
// waiters are woken after it is released. Start at join_or_start().
#include "flights.hpp"

#include "tag_table.hpp"

namespace larder::detail {

bool flight_table::valid(const flight& f) noexcept { return !f.sampled || still_valid(f.tags); }

std::shared_ptr<flight> flight_table::take_out(stripe& s, std::string_view key)
{
    const auto found = s.flights.find(key);
    if (found == s.flights.end()) return nullptr;
    auto keep = found->second;  // the map's key is a view of the flight's, so the flight must outlive the erase
    keep->attached = false;
    s.flights.erase(found);
    return keep;
}

flight_slot flight_table::join_or_start(std::string_view key, boot_time now, boot_time oldest, bool strict)
{
    auto& s = of(key);
    const std::lock_guard lock{s.mutex};
    const auto found = s.flights.find(key);
    const bool in_time = found != s.flights.end() && found->second->started > oldest;
    const bool may_have_read = in_time && found->second->asked;
    if (in_time && valid(*found->second) && !(strict && may_have_read)) return {found->second, false, {}};
    const auto overtaken = take_out(s, key);
    auto made = std::make_shared<flight>(key, now);
    s.flights.emplace(made->key, made);
    return {std::move(made), true, overtaken != nullptr ? overtaken->token : std::string{}};
}

void flight_table::sampled(flight& f, std::vector<tag_stamp> tags, const std::string& token)
{
    const std::lock_guard lock{of(f.key).mutex};
    f.tags = std::move(tags);
    f.token = token;
    f.sampled = true;
}

void flight_table::finish(flight& f, std::shared_ptr<const record> result, fetched how, std::exception_ptr failure)
{
    waiters waiting;
    {
        const std::lock_guard lock{of(f.key).mutex};
        waiting = end(f, std::move(result), how, std::move(failure));
    }
    wake(std::move(waiting));
}

flight_table::waiters flight_table::end(flight& f, std::shared_ptr<const record> result, fetched how,
                                        std::exception_ptr failure)
{
    if (f.done) return {};
    f.done = true;
    f.result = std::move(result);
    f.how = how;
    f.failure = std::move(failure);
    if (f.attached) take_out(of(f.key), f.key);
    return std::exchange(f.waiting, {});
}

void flight_table::wake(waiters waiting)
{
    for (auto& w : waiting) waiter::wake(std::move(w));
}

boost::asio::awaitable<bool> flight_table::wait(flight_table& table, std::shared_ptr<flight> f,
                                                std::chrono::steady_clock::time_point until)
{
    auto w = std::make_shared<waiter>(co_await boost::asio::this_coro::executor);
    {
        const std::lock_guard lock{table.of(f->key).mutex};
        if (f->done) co_return true;
        f->waiting.push_back(w);
    }
    co_return co_await waiter::wait(std::move(w), until);
}

}  // namespace larder::detail
