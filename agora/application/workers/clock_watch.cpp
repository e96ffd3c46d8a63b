// SPDX-License-Identifier: MIT
// The worker that warns when somebody has set the system clock; see workers.hpp.
#include <agora/application/workers/workers.hpp>
#include <agora/log.hpp>
#include <larder/clock.hpp>
#include <larder/runtime.hpp>
#include <larder/timeout.hpp>

namespace agora::application {

namespace {

constexpr auto check_interval = std::chrono::milliseconds{500};
constexpr auto warned_lag = std::chrono::seconds{10};
constexpr auto warning_interval = std::chrono::minutes{1};

}  // namespace

boost::asio::awaitable<void> run_clock_watch(larder::runtime& loops)
{
    auto next = std::chrono::steady_clock::now();
    while (!loops.stopping()) {
        co_await larder::sleep_for(check_interval);
        const auto lag = larder::wall_clock_lag();
        if (std::chrono::abs(lag) < warned_lag || std::chrono::steady_clock::now() < next) continue;
        next = std::chrono::steady_clock::now() + warning_interval;
        log::warn(
            "the system clock was changed: it is {} s {} this server's clock, which follows by one second per minute",
            std::chrono::abs(lag).count() / 1000, lag.count() > 0 ? "ahead of" : "behind");
    }
}

}  // namespace agora::application
