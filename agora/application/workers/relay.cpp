// SPDX-License-Identifier: MIT
// The worker that finishes the invalidations of processes that died; see workers.hpp.
#include <agora/application/workers/workers.hpp>
#include <agora/log.hpp>
#include <agora/storage/outbox.hpp>
#include <larder/runtime.hpp>
#include <larder/timeout.hpp>

namespace agora::application {

namespace asio = boost::asio;

namespace {

constexpr auto relay_interval = std::chrono::milliseconds{500};

}  // namespace

asio::awaitable<void> relay_once(storage::outbox& outbox)
{
    try {
        const auto report = co_await outbox.relay();
        if (report.applied > 0) log::info("relay: applied {} pending invalidations", report.applied);
        if (report.began_anew) log::info("relay: the cache starts empty, because Redis was replaced or emptied");
        if (report.parked > 0) log::error("relay: {} rows of the outbox cannot be parsed", report.parked);
    } catch (const std::exception& e) {
        log::debug("relay: {}", e.what());  // the database is unreachable; the health check reports it
    }
}

asio::awaitable<void> run_relay(storage::outbox& outbox, larder::runtime& loops)
{
    while (!loops.stopping()) {
        co_await larder::sleep_for(relay_interval);
        co_await relay_once(outbox);
    }
}

}  // namespace agora::application
