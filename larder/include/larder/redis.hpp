// SPDX-License-Identifier: MIT
// Includes the whole Redis module. Start with redis/client.hpp; docs/concepts/redis-client.md says what it guarantees.
#pragma once

#include <larder/redis/blocking.hpp>    // for programs without Asio
#include <larder/redis/client.hpp>      // exec, pipelines, transactions
#include <larder/redis/options.hpp>     // URLs, environment, limits
#include <larder/redis/request.hpp>     // commands
#include <larder/redis/scan.hpp>        // SCAN, batch by batch
#include <larder/redis/script.hpp>      // Lua by hash
#include <larder/redis/streams.hpp>     // types of stream replies
#include <larder/redis/subscriber.hpp>  // pub/sub
