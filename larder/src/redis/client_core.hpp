// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <larder/redis/client.hpp>
#include <memory>
#include <vector>

#include "lane.hpp"
#include "transport.hpp"

namespace larder::redis {

struct client::core {
    explicit core(const options& o);
    void add_lane(boost::asio::io_context& loop);
    /// Of this loop; of the first one on any other thread.
    detail::lane& here() const;

    transport_settings settings;
    std::function<void(const command_record&)> on_command;
    std::function<void(std::string_view, const error&)> on_failure;
    std::vector<std::unique_ptr<detail::lane>> lanes;
};

}  // namespace larder::redis
