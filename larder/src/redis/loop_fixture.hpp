// SPDX-License-Identifier: MIT
// The base class of tests that need a running event loop.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <larder/redis/client.hpp>
#include <larder/testing/redis_server.hpp>

namespace larder::redis {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using testing_server = larder::testing::redis_server;

class loop_test : public ::testing::Test {
 protected:
    /// Runs the coroutine to its end. Fails the test if that takes longer than `limit`.
    template <class Coroutine>
    void run(Coroutine&& coroutine, std::chrono::seconds limit = 60s)
    {
        bool done = false;
        asio::co_spawn(io, coroutine(), [&](const std::exception_ptr& e) {
            done = true;
            if (e) std::rethrow_exception(e);
        });
        run_until([&] { return done; }, limit);
    }
    /// Runs the loop until the condition is true. Fails the test if that takes longer than `limit`.
    template <class Condition>
    void run_until(Condition condition, std::chrono::seconds limit = 60s)
    {
        const auto end = std::chrono::steady_clock::now() + limit;
        io.restart();
        while (!condition()) {
            if (io.run_one_for(100ms) == 0) io.restart();
            ASSERT_LT(std::chrono::steady_clock::now(), end) << "the coroutine hangs";
        }
    }

    static options to(const std::string& url) { return parse_url(url).value(); }
    static options to(const testing_server& s) { return to(s.url()); }

    asio::io_context io{1};
};

}  // namespace larder::redis
