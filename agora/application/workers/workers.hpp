// SPDX-License-Identifier: MIT
// The background work of `agora serve`. Each worker is a coroutine that `serve` starts on the first event loop; it ends
// when the runtime stops, or earlier when its work is done. A worker does not end because of an unreachable database or
// Redis: it tries again, and the health check reports the failure. Requires: the arguments outlive the coroutine.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>

namespace larder {
class runtime;
}
namespace agora::admin {
class warm_job;
}
namespace agora::account_recovery {
class slice;
}
namespace agora::mail {
class mailer;
}
namespace agora::storage {
class outbox;
}

namespace agora::application {

/// Makes one pass of the relay: applies invalidations that were committed but not delivered, because a process died or
/// Redis was unreachable. Covers all nodes.
boost::asio::awaitable<void> relay_once(storage::outbox& outbox);
/// Makes a pass of the relay twice a second.
boost::asio::awaitable<void> run_relay(storage::outbox& outbox, larder::runtime& loops);

/// Sends the emails that wait in the database, twice a second.
boost::asio::awaitable<void> run_mail(account_recovery::slice& recovery, mail::mailer& mailer, larder::runtime& loops);

/// Starts the job that loads up to `most` popular responses of each cached route. Zero: it loads none.
boost::asio::awaitable<void> run_warming(admin::warm_job& job, std::size_t most);

/// Logs a warning, at most one per minute, while the system clock differs by a large step from the server's clock,
/// which follows it only slowly.
boost::asio::awaitable<void> run_clock_watch(larder::runtime& loops);

}  // namespace agora::application
