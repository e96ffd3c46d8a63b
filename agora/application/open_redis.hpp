// SPDX-License-Identifier: MIT
// Creates the Redis clients that the configuration names, and the session store and cache that use them.
#pragma once

#include <agora/application/config.hpp>
#include <agora/operations/redis_watch.hpp>
#include <larder/cache.hpp>
#include <larder/runtime.hpp>
#include <larder/session.hpp>
#include <memory>

namespace agora::application {

/// Returns null when no Redis is configured. Does not connect yet. At log level debug each command is logged with its
/// key and duration, never with its values. Throws config_error when a certificate file cannot be read.
std::unique_ptr<larder::redis::client> open_redis(const config& c, larder::runtime& loops);

/// The client of the Redis that only holds sessions and limits; null when none is configured.
std::unique_ptr<larder::redis::client> open_state(const config& c, larder::runtime& loops);

/// Returns null when `where` is not set.
std::unique_ptr<redis_watch::watch> open_watch(const std::optional<larder::redis::options>& where,
                                               larder::runtime& loops, std::string role);

/// The session store, on the Redis for sessions and limits, else on the cache's Redis, else in memory. Requires:
/// ensure_secret_key() was called.
std::unique_ptr<larder::session_store> open_sessions(const config& c, larder::runtime& loops);

/// The cache: on Redis when there is a client, otherwise in memory only. In the testing environment it is always in
/// memory.
std::unique_ptr<larder::cache> open_cache(const config& c, larder::runtime& loops, larder::redis::client* redis);

}  // namespace agora::application
