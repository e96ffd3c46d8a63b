// SPDX-License-Identifier: MIT
// The transitions in the order of the table in the header; answered() makes all decisions about an answer of Redis.
// Pure: the result depends on the arguments and on earlier calls.
#include "fetch_fsm.hpp"

#include <algorithm>

namespace larder::detail {

using namespace std::chrono_literals;
using answer = acquire_answer::state;

namespace {

constexpr std::int64_t any_time = 99'999'999'999'999;  // a copy of any age is to be replaced
constexpr auto longest_pause = 50ms;

bool is_unusable(copy_state c) noexcept
{
    return c == copy_state::corrupt || c == copy_state::invalid || c == copy_state::unconfirmed;
}

}  // namespace

void fetch_fsm::refresh(std::int64_t created) noexcept
{
    if (created == 0) return;  // the copy was never in Redis
    mode_ = acquire_mode::refresh;
    known_ = created;
}

fetch_state fetch_fsm::finish(const served_copy& s) noexcept
{
    served_ = s;
    return state_ = fetch_state::finished;
}

fetch_state fetch_fsm::answered(const fetch_facts& f) noexcept
{
    const bool good = f.copy == copy_state::good;
    if (good && f.what == answer::hit) return finish({fetched::shared, {}});
    if (f.what == answer::unreachable || f.copy == copy_state::another_schema) return state_ = fetch_state::loading;
    if (is_unusable(f.copy) && f.what != answer::granted && !std::exchange(asked_to_replace_, true)) {
        mode_ = acquire_mode::replace;
        known_ = f.copy == copy_state::corrupt ? any_time : f.created;
        return state_ = fetch_state::asking;
    }
    if (f.what == answer::throttled && f.old_may_serve) return finish({fetched::stale, f.asked + f.lease_left});
    if (f.what != answer::busy) return state_ = fetch_state::loading;
    if (good && f.asked < f.fresh_until + limits_.while_revalidate)
        return finish({f.asked < f.fresh_until ? fetched::shared : fetched::stale, {}});
    lease_left_ = f.lease_left;
    return state_ = fetch_state::waiting;
}

fetch_state fetch_fsm::wait(steady_time now, bool old_may_serve) noexcept
{
    if (!wait_until_)
        wait_until_ = now + (stops_early(old_may_serve) ? std::min(lease_left_, limits_.soft_timeout) : lease_left_);
    if (now < *wait_until_) {
        pause_ = std::min<steady_time::duration>({next_pause_, lease_left_, *wait_until_ - now});
        next_pause_ = std::min<std::chrono::milliseconds>(2 * next_pause_, longest_pause);
        return state_ = fetch_state::asking;
    }
    if (old_may_serve) return finish({fetched::stale, {}});
    return state_ = fetch_state::loading;
}

bool fetch_fsm::load_outlives_soft_timeout() const noexcept
{
    return limits_.outlives_caller && limits_.soft_timeout > 0ms;
}

bool fetch_fsm::stops_early(bool old_may_serve) const noexcept
{
    return !limits_.outlives_caller && limits_.soft_timeout > 0ms && old_may_serve;
}

std::chrono::milliseconds fetch_fsm::load_limit(bool stops_early) const noexcept
{
    return stops_early ? std::min(limits_.soft_timeout, limits_.hard_timeout) : limits_.hard_timeout;
}

served_copy fetch_fsm::failed(boot_time now, boot_time fresh_until) noexcept
{
    finish({now < fresh_until ? fetched::local : fetched::stale, now + limits_.retry_after});
    return served_;
}

}  // namespace larder::detail
