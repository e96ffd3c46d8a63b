// SPDX-License-Identifier: MIT
// The internals of a client: its settings, its callbacks, and one loop_client per event loop.
#pragma once

#include <functional>
#include <larder/redis/client.hpp>
#include <memory>
#include <vector>

#include "loop_client.hpp"
#include "transport.hpp"

namespace larder::redis {

struct client::core {
    explicit core(const options& o);
    void add_loop(boost::asio::io_context& loop);
    /// The part for this loop; on a thread without one, the part for the first loop.
    detail::loop_client& here() const;

    transport_settings settings;
    std::function<void(const command_record&)> on_command;
    std::function<void(std::string_view, const error&)> on_failure;
    std::vector<std::unique_ptr<detail::loop_client>> clients;
};

/// The internals of a client, for scan and subscriber.
struct client_access {
    static client::core& core(client& c) noexcept { return *c.core_; }
};

}  // namespace larder::redis
