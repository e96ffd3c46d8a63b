// SPDX-License-Identifier: MIT
// Tests the connection that all callers share, and those beside it: which commands may run where, how long an idle
// connection is kept, and what large or slow replies do.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <larder/testing/fault_proxy.hpp>
#include <map>
#include <thread>

#include "loop_fixture.hpp"

namespace larder::redis {
namespace {

using testing::direction;
using testing::fault_proxy;

class shared_connection_test : public loop_test {
 protected:
    std::size_t clients() const
    {
        const auto list = server.command({"CLIENT", "LIST"});
        return static_cast<std::size_t>(std::ranges::count(list, '\n'));
    }
    testing_server server;
};

TEST_F(shared_connection_test, an_idle_connection_for_blocking_commands_is_closed)
{
    auto o = to(server);
    o.time.health_check = 100ms;
    client redis{io, o};
    const auto without = clients() + 1;  // the shared one
    for (int i = 0; i < 2; ++i) {        // the second time on a new connection
        int ended = 0;
        const auto pop = [&]() -> asio::awaitable<void> {
            const auto got = co_await redis.exec<std::pair<std::string, int>>(request{"BLPOP", "q", 0});
            EXPECT_TRUE(got.has_value());
            ++ended;
        };
        for (int n = 0; n < 3; ++n) asio::co_spawn(io, pop(), [](std::exception_ptr) {});
        run([&]() -> asio::awaitable<void> { co_await redis.connect(); });
        run_until([&] { return server.command({"INFO", "clients"}).find("blocked_clients:3") != std::string::npos; });
        server.command({"RPUSH", "q", "1", "2", "3"});
        run_until([&] { return ended == 3; });
        run_until([&] { return clients() == without; }, 10s);
    }
}

TEST_F(shared_connection_test, an_idle_connection_for_blocking_commands_is_not_replaced_when_it_is_lost)
{
    client redis{io, to(server)};
    server.command({"RPUSH", "q", "1"});
    run([&]() -> asio::awaitable<void> {
        co_await redis.connect();
        const auto got = co_await redis.exec(request{"BLPOP", "q", 0});
        EXPECT_TRUE(got.has_value());
    });
    const auto received = [&] {
        const auto stats = server.command({"INFO", "stats"});
        return std::stoi(stats.substr(stats.find("total_connections_received:") + 27));
    };
    const auto list = server.command({"CLIENT", "LIST"});
    const auto id = list.rfind("id=", list.find("cmd=blpop"));
    const auto before = received();
    server.command({"CLIENT", "KILL", "ID", list.substr(id + 3, list.find(' ', id) - id - 3)});
    run([&]() -> asio::awaitable<void> {
        for (int i = 0; i < 100; ++i) {
            const auto pong = co_await redis.exec(request{"PING"});
            EXPECT_TRUE(pong.has_value());
        }
        EXPECT_EQ(received(), before + 2);  // two were made by command()
        server.command({"RPUSH", "q", "2"});
        const auto got = co_await redis.exec(request{"BLPOP", "q", 0});
        EXPECT_TRUE(got.has_value());
    });
}

TEST_F(shared_connection_test, a_refused_command_names_the_alternative)
{
    client redis{io, to(server)};
    const std::map<std::string, std::string> expected{
        {"SELECT 3", "SELECT is not allowed on a shared connection: the URL names the database"},
        {"Subscribe c", "Subscribe is not allowed on a shared connection: use a subscriber"},
        {"client tracking on", "client is not allowed on a shared connection: use near_cache"},
        {"watch k", "watch is not allowed on a shared connection: use transaction()"},
        {"WAIT 1 0", "WAIT is not allowed on a shared connection: it waits for the writes of its own connection"},
    };
    run([&]() -> asio::awaitable<void> {
        for (const auto& [words, message] : expected) {
            const auto refused = co_await redis.exec(request{words});
            EXPECT_EQ(refused.error().outcome, outcome::not_sent) << words;
            EXPECT_THAT(refused.error().message, ::testing::StartsWith(message));
        }
    });
    EXPECT_EQ(server.command({"INFO", "commandstats"}).find("cmdstat_select"), std::string::npos);
}

TEST_F(shared_connection_test, WAIT_runs_after_the_writes_before_it_on_a_connection_of_its_own)
{
    testing_server replica{{.arguments = {"--replicaof", "127.0.0.1 " + std::to_string(server.port())},
                            .tls = false,
                            .appendonly = false}};
    client redis{io, to(server)};
    run([&]() -> asio::awaitable<void> {
        std::int64_t copies = 0;
        const auto begin = std::chrono::steady_clock::now();
        while (copies == 0 && std::chrono::steady_clock::now() - begin < 30s) {
            auto both = co_await redis.pipeline<void, std::int64_t>(request{"SET", "k", "v"}.add("WAIT", 1, 1000));
            copies = std::get<1>(both.value()).value();
        }
        EXPECT_EQ(copies, 1);
    });
    EXPECT_EQ(replica.command({"GET", "k"}), "v");
    // One for blocking commands, the replica's and the test's own. The shared connection was not used.
    EXPECT_EQ(clients(), 3U);
}

TEST_F(shared_connection_test, time_outs_beyond_the_range_of_the_clock_are_very_long_ones)
{
    auto o = to(server);
    o.time = {.connect = std::chrono::hours::max(),
              .socket = std::chrono::milliseconds::max(),
              .health_check = std::chrono::seconds::max(),
              .backoff_cap = std::chrono::minutes::max()};
    o.breaker.probe_every = std::chrono::hours::max();
    client redis{io, o};
    run([&]() -> asio::awaitable<void> {
        const auto connected = co_await redis.connect();
        EXPECT_TRUE(connected.has_value());
        const auto first = co_await redis.exec<bool>(request{"SET", "k", std::string(3'000'000, 'x')});
        EXPECT_TRUE(first.has_value());
        const auto second =
            co_await redis.exec<std::string>(request{"GET", "k"}, exec_options{std::chrono::hours::max()});
        EXPECT_EQ(second.value().size(), 3'000'000U);
        server.command({"RPUSH", "q", "1"});
        const auto third =
            co_await redis.exec(request{"BLPOP", "q", 0}, exec_options{std::chrono::milliseconds::max()});
        EXPECT_TRUE(third.has_value());
    });
}

TEST_F(shared_connection_test, status_lines_and_errors_longer_than_64_KiB_are_read)
{
    client redis{io, to(server)};
    run([&]() -> asio::awaitable<void> {
        for (const std::size_t size : {65'000U, 66'000U, 1'000'000U}) {
            const auto status = co_await redis.exec<std::string>(
                request{"EVAL", "return redis.status_reply(string.rep('s', ARGV[1]))", 0, size});
            EXPECT_EQ(status.value(), std::string(size, 's'));
            const auto refused = co_await redis.exec<std::string>(
                request{"EVAL", "return redis.error_reply('ERR ' .. string.rep('e', ARGV[1]))", 0, size});
            EXPECT_EQ(refused.error().message, "ERR " + std::string(size, 'e'));
        }
        const auto state = co_await redis.state();
        EXPECT_EQ(state.failure.message, "");
    });
}

TEST_F(shared_connection_test, a_large_value_may_take_longer_than_the_time_out_while_its_bytes_arrive)
{
    fault_proxy proxy{server.port()};
    server.command({"SET", "large", std::string(4'000'000, 'x')});
    auto o = to("redis://127.0.0.1:" + std::to_string(proxy.port()));
    o.time.socket = 400ms;
    client redis{io, o};
    run([&]() -> asio::awaitable<void> {
        co_await redis.connect();
        proxy.throttle(direction::to_client, 2'000'000);
        const auto begin = std::chrono::steady_clock::now();
        const auto large = co_await redis.exec<std::string>(request{"GET", "large"});
        EXPECT_TRUE(large.has_value()) << large.error().message;
        EXPECT_GT(std::chrono::steady_clock::now() - begin, 800ms);
        // A deadline that the caller has set is not extended.
        const auto late = co_await redis.exec<std::string>(request{"GET", "large"}, exec_options{400ms});
        EXPECT_EQ(late.error().code, errc::timed_out);
        // A reply that stops in the middle is not waited for much longer.
        const auto bytes = proxy.bytes(direction::to_client);
        bool ended = false;
        const auto stalled = [&]() -> asio::awaitable<void> {
            const auto never = co_await redis.exec<std::string>(request{"GET", "large"});
            EXPECT_EQ(never.error().outcome, outcome::unknown);
            EXPECT_EQ(never.error().code, errc::timed_out);
            ended = true;
        };
        asio::co_spawn(io, stalled(), [](std::exception_ptr) {});
        while (proxy.bytes(direction::to_client) < bytes + 5'000'000) co_await sleep_for(1ms);
        proxy.black_hole(direction::to_client);
        const auto hole = std::chrono::steady_clock::now();
        while (!ended) co_await sleep_for(1ms);
        EXPECT_LT(std::chrono::steady_clock::now() - hole, 2s);
    });
}

/// A server that replies to the handshake, then reads slowly, and replies OK after every `size` bytes.
class slow_reader {
 public:
    explicit slow_reader(std::size_t size) : listener_{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)}, size_{size}
    {
        const int room = 64 * 1024;
        setsockopt(listener_, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof at;
        if (bind(listener_, reinterpret_cast<sockaddr*>(&at), length) != 0 || listen(listener_, 1) != 0 ||
            getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &length) != 0)
            throw std::runtime_error{"the slow server cannot listen"};
        port_ = ntohs(at.sin_port);
        thread_ = std::thread{[this] { serve(accept(listener_, nullptr, nullptr)); }};
    }
    ~slow_reader()
    {
        shutdown(listener_, SHUT_RDWR);
        stopped_ = true;
        stall(false);
        thread_.join();
        close(listener_);
    }
    unsigned short port() const noexcept { return port_; }
    /// Stops reading, or continues.
    void stall(bool yes)
    {
        stalls_ = yes;
        stalls_.notify_all();
    }

 private:
    void serve(int s)
    {
        static constexpr std::string_view hello_reply = "%1\r\n+proto\r\n:3\r\n";
        static constexpr std::string_view ok = "+OK\r\n";
        std::array<char, 16 * 1024> piece;
        bool handshake_done = false;
        for (std::size_t read = 0; !stopped_;) {
            stalls_.wait(true);
            const auto n = recv(s, piece.data(), piece.size(), 0);
            if (n <= 0) break;
            if (!handshake_done) {
                handshake_done = send(s, hello_reply.data(), hello_reply.size(), MSG_NOSIGNAL) > 0;
                continue;
            }
            read += static_cast<std::size_t>(n);
            poll(nullptr, 0, 5);  // limits the pace to 3 MB a second
            if (read >= size_) {
                read = 0;
                std::ignore = send(s, ok.data(), ok.size(), MSG_NOSIGNAL);
            }
        }
        close(s);
    }

    int listener_;
    std::size_t size_;
    unsigned short port_ = 0;
    std::atomic<bool> stopped_ = false;
    std::atomic<bool> stalls_ = false;
    std::thread thread_;
};

TEST_F(shared_connection_test, a_large_value_may_take_longer_than_the_time_out_while_its_bytes_are_sent)
{
    const request large{"SET", "large", std::string(5'000'000, 'x')};
    slow_reader slow{large.bytes().size()};
    auto o = to("redis://127.0.0.1:" + std::to_string(slow.port()));
    o.time.socket = 400ms;
    client redis{io, o};
    run([&]() -> asio::awaitable<void> {
        const auto begin = std::chrono::steady_clock::now();
        const auto set = co_await redis.exec(large);
        EXPECT_TRUE(set.has_value()) << set.error().message;
        EXPECT_GT(std::chrono::steady_clock::now() - begin, 800ms);
        slow.stall(true);
        const auto stall = std::chrono::steady_clock::now();
        const auto never = co_await redis.exec(large);
        EXPECT_EQ(never.error().outcome, outcome::unknown);
        EXPECT_LT(std::chrono::steady_clock::now() - stall, 2s);
        slow.stall(false);
    });
}

}  // namespace
}  // namespace larder::redis
