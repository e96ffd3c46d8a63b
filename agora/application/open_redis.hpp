// SPDX-License-Identifier: MIT
// The Redis clients that the configuration names, and what stands on them.
#pragma once

#include <agora/application/config.hpp>
#include <agora/operations/redis_watch.hpp>
#include <larder/cache.hpp>
#include <larder/runtime.hpp>
#include <larder/session.hpp>
#include <memory>

namespace agora::application {

/// null: none is configured. Nothing is connected yet. At log level debug each command is logged with its key and
/// time, never with its values. Throws config_error when a certificate file cannot be read.
std::unique_ptr<larder::redis::client> open_redis(const config& c, larder::runtime& loops);

/// Of the Redis that only keeps state; null: none is configured.
std::unique_ptr<larder::redis::client> open_state(const config& c, larder::runtime& loops);

/// null: the URL is not set.
std::unique_ptr<redis_watch::watch> open_watch(const std::optional<larder::redis::options>& where,
                                               larder::runtime& loops, std::string role);

/// On the Redis that keeps state, else in memory. Requires: ensure_secret_key().
std::unique_ptr<larder::session_store> open_sessions(const config& c, larder::runtime& loops);

/// The cache: on Redis if there is a client, else in memory only (as always in the testing environment).
std::unique_ptr<larder::cache> open_cache(const config& c, larder::runtime& loops, larder::redis::client* redis);

}  // namespace agora::application
