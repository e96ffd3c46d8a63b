// SPDX-License-Identifier: MIT
// The Redis client that the configuration names, and the cache on it.
#pragma once

#include <agora/app/config.hpp>
#include <larder/cache.hpp>
#include <larder/runtime.hpp>
#include <memory>

namespace agora::app {

/// null: none is configured. Nothing is connected yet. At log level debug each command is logged with its key and
/// time, never with its values. Throws config_error when a certificate file cannot be read.
std::unique_ptr<larder::redis::client> open_redis(const config& c, larder::runtime& loops);

/// The cache: on Redis if there is a client, else in memory only (as always in the testing environment).
std::unique_ptr<larder::cache> open_cache(const config& c, larder::runtime& loops, larder::redis::client* redis);

}  // namespace agora::app
