// SPDX-License-Identifier: MIT
// The Redis client that the configuration names.
#pragma once

#include <agora/app/config.hpp>
#include <larder/redis/client.hpp>
#include <larder/runtime.hpp>
#include <memory>

namespace agora::app {

/// null: none is configured. Nothing is connected yet. At log level debug each command is logged with its key and
/// time, never with its values. Throws config_error when a certificate file cannot be read.
std::unique_ptr<larder::redis::client> open_redis(const config& c, larder::runtime& loops);

}  // namespace agora::app
