// SPDX-License-Identifier: MIT
// Two mistakes that are reported as std::logic_error: running an io_context on a second thread, and using a client or a
// cache after fork().
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdio>
#include <thread>

#include "backend_fixture.hpp"

namespace larder {
namespace {

using one_call = std::function<asio::awaitable<void>()>;

/// Returns the text of the std::logic_error that the call throws; empty if it throws none.
asio::awaitable<std::string> refusal_of(const one_call& call)
{
    try {
        co_await call();
    } catch (const std::logic_error& e) {
        co_return e.what();
    }
    co_return "";
}

/// Runs the context on two threads and calls until an error is thrown: by the call itself, or by run(), in which the
/// client's own work runs. Then the process exits, because it cannot go on after this mistake.
[[noreturn]] void call_on_two_threads(asio::io_context& io, const one_call& call)
{
    const auto end = [](const std::string& text) {
        if (text.empty()) return;
        std::fprintf(stderr, "%s\n", text.c_str());
        ::_exit(0);
    };
    const auto keep_calling = [&]() -> asio::awaitable<void> {
        for (;;) {
            const auto said = co_await refusal_of(call);
            end(said);
            // Gives the other thread time to take the next handler.
            const auto until = std::chrono::steady_clock::now() + 1ms;
            while (std::chrono::steady_clock::now() < until) std::this_thread::yield();
            co_await asio::post(asio::use_awaitable);
        }
    };
    for (int i = 0; i < 2; ++i) asio::co_spawn(io, keep_calling(), [](const std::exception_ptr&) {});
    const auto run = [&] {
        try {
            io.run_for(20s);
        } catch (const std::logic_error& e) {
            end(e.what());
        }
    };
    std::thread other{run};
    run();
    other.join();
    ::_exit(1);
}

TEST(home_thread, a_call_on_a_second_thread_of_an_io_context_is_refused)
{
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    constexpr auto rule = "a second thread runs the io_context";
    asio::io_context io;
    redis::client client{io, *redis::parse_url("redis://127.0.0.1:1")};
    const auto ping = [&]() -> asio::awaitable<void> { co_await client.exec(redis::request{"PING"}); };
    EXPECT_EXIT(call_on_two_threads(io, ping), ::testing::ExitedWithCode(0), rule);
    cache in_memory{io};
    std::atomic<int> calls = 0;
    const auto read = [&]() -> asio::awaitable<void> {
        const auto load = [] { return std::string{"value"}; };
        (void)co_await in_memory.get_or_load(plain(++calls), load);
    };
    EXPECT_EXIT(call_on_two_threads(io, read), ::testing::ExitedWithCode(0), rule);
}

TEST(home_thread, a_fork_gets_an_error_and_does_not_hang)
{
    asio::io_context io;
    redis::client client{io, *redis::parse_url(backends::url(backend::redis))};
    cache in_memory{io};
    const std::vector<one_call> calls{
        [&]() -> asio::awaitable<void> { co_await client.exec(redis::request{"PING"}); },
        [&]() -> asio::awaitable<void> {
            (void)co_await in_memory.get_or_load(plain(1), [] { return std::string{"value"}; });
        },
        [&]() -> asio::awaitable<void> { co_await in_memory.invalidate(plain(1)); },
    };
    const auto refused = [&] {
        std::size_t n = 0;
        const auto count = [&](const one_call& call) -> asio::awaitable<void> {
            const auto said = co_await refusal_of(call);
            n += said.find("forked") != std::string::npos ? 1 : 0;
        };
        io.restart();
        for (const auto& call : calls) asio::co_spawn(io, count(call), [](const std::exception_ptr&) {});
        io.run_for(5s);
        return n;
    };
    const auto child = ::fork();
    if (child == 0) ::_exit(static_cast<int>(refused()));
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), static_cast<int>(calls.size()));
}

}  // namespace
}  // namespace larder
