// SPDX-License-Identifier: MIT
// A client's part for one event loop: its transport, and the retry budget, which keeps retries from making an outage
// worse.
#pragma once

#include <algorithm>
#include <larder/home_thread.hpp>
#include <larder/redis/client.hpp>
#include <memory>

#include "transport.hpp"

namespace larder::redis::detail {

class loop_client {
 public:
    loop_client(boost::asio::io_context& loop, const options& o, std::unique_ptr<transport> t,
                const std::function<void(const command_record&)>& on_command)
        : loop_{loop}, executor_{loop.get_executor()}, options_{o}, transport_{std::move(t)}, on_command_{on_command}
    {}

    /// Whether this thread runs the loop. Throws std::logic_error if another thread ran it before, or in a fork.
    bool is_here()
    {
        const bool here = loop_.get_executor().running_in_this_thread();
        if (here) home_.check();
        return here;
    }
    const boost::asio::any_io_executor& executor() const noexcept { return executor_; }
    const options& settings() const noexcept { return options_; }
    redis::transport& transport() noexcept { return *transport_; }
    const redis::transport& transport() const noexcept { return *transport_; }
    const std::function<void(const command_record&)>& on_command() const noexcept { return on_command_; }

    /// Each command earns a fraction of a retry.
    void earn() noexcept { budget_ = std::min(budget_ + retry_ratio, max_retries); }
    /// Takes one retry from the budget. False: the budget is used up.
    bool spend() noexcept
    {
        if (budget_ < 1) return false;
        budget_ -= 1;
        return true;
    }

 private:
    static constexpr double retry_ratio = 0.1;  ///< retries as a fraction of all commands
    static constexpr double max_retries = 100;

    boost::asio::io_context& loop_;
    larder::detail::home_thread home_;
    boost::asio::any_io_executor executor_;
    const options& options_;
    std::unique_ptr<redis::transport> transport_;
    const std::function<void(const command_record&)>& on_command_;
    double budget_ = 10;  ///< a new client may retry too
};

}  // namespace larder::redis::detail
