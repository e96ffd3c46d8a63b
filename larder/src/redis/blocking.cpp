// SPDX-License-Identifier: MIT
// The background thread of blocking_client: it runs the event loop for as long as the client exists.
#include <boost/asio/executor_work_guard.hpp>
#include <larder/redis/blocking.hpp>
#include <thread>

namespace larder::redis {

struct blocking_client::background {
    boost::asio::io_context loop{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work = boost::asio::make_work_guard(loop);
    std::jthread thread{[this] { loop.run(); }};
};

blocking_client::blocking_client(const options& o)
    : background_{std::make_unique<background>()}, client_{background_->loop, o}
{}

blocking_client::~blocking_client()
{
    wait(client_.disconnect());
    background_->loop.stop();
    background_->thread.join();
}

boost::asio::io_context& blocking_client::loop() noexcept { return background_->loop; }

}  // namespace larder::redis
