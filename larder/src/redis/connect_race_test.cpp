// SPDX-License-Identifier: MIT
// Tests connecting to a name with several addresses, some of which do not respond.
#include "connect_race.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <optional>

namespace larder::redis {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using endpoints = std::vector<tcp::endpoint>;

tcp::endpoint at(const char* host, unsigned short port) { return {asio::ip::make_address(host), port}; }

TEST(interleaved_addresses, families_take_turns_and_keep_the_order_of_the_resolver)
{
    const auto a = at("2001:db8::1", 1);
    const auto b = at("2001:db8::2", 1);
    const auto c = at("2001:db8::3", 1);
    const auto x = at("192.0.2.1", 1);
    const auto y = at("192.0.2.2", 1);
    EXPECT_EQ(interleaved({}), (endpoints{}));
    EXPECT_EQ(interleaved({a, b, c}), (endpoints{a, b, c}));
    EXPECT_EQ(interleaved({a, b, c, x, y}), (endpoints{a, x, b, y, c}));
    EXPECT_EQ(interleaved({x, a, b, c}), (endpoints{x, a, b, c}));
    EXPECT_EQ(interleaved({x, y, a}), (endpoints{x, a, y}));
}

/// A port whose queue of incoming connections is full, so that Linux drops every further SYN.
class black_hole {
 public:
    black_hole() : listener_{io_, tcp::endpoint{asio::ip::address_v4::loopback(), 0}}
    {
        ::listen(listener_.native_handle(), 0);
        for (int i = 0; i < 8; ++i) {
            auto& s = fillers_.emplace_back(io_);
            s.open(tcp::v4());
            s.native_non_blocking(true);
            const auto to = endpoint();
            std::ignore = ::connect(s.native_handle(), to.data(), static_cast<socklen_t>(to.size()));
        }
    }
    tcp::endpoint endpoint() const { return listener_.local_endpoint(); }

 private:
    asio::io_context io_;
    tcp::acceptor listener_;
    std::list<tcp::socket> fillers_;
};

struct race_test : ::testing::Test {
    /// The endpoint that was reached. nullopt: none, and `failure` is set.
    std::optional<tcp::endpoint> race(const endpoints& to, std::chrono::milliseconds cancel_after = 5s)
    {
        std::optional<tcp::endpoint> reached;
        const auto r = std::make_shared<connect_race>(io.get_executor(), to, [this](int) { ++tries; });
        asio::steady_timer limit{io, cancel_after};
        limit.async_wait([&](boost::system::error_code ec) {
            if (!ec) r->cancel();
        });
        const auto begin = std::chrono::steady_clock::now();
        const auto work = [&]() -> asio::awaitable<void> {
            auto s = co_await r->run();
            sockaddr_in peer{};
            socklen_t size = sizeof peer;
            ::getpeername(s.native_handle(), reinterpret_cast<sockaddr*>(&peer), &size);
            reached = tcp::endpoint{asio::ip::address_v4{ntohl(peer.sin_addr.s_addr)}, ntohs(peer.sin_port)};
        };
        asio::co_spawn(io, work(), [&](const std::exception_ptr& e) {
            limit.cancel();
            try {
                if (e) std::rethrow_exception(e);
            } catch (const boost::system::system_error& failed) {
                failure = failed.code();
            }
        });
        io.restart();
        io.run();  // returns only if no attempt is left behind
        took = std::chrono::steady_clock::now() - begin;
        return reached;
    }

    asio::io_context io{1};
    tcp::acceptor server{io, tcp::endpoint{asio::ip::address_v4::loopback(), 0}};
    tcp::endpoint real = server.local_endpoint();
    boost::system::error_code failure;
    std::chrono::steady_clock::duration took{};
    int tries = 0;
};

TEST_F(race_test, an_address_that_does_not_answer_is_overtaken_by_the_next)
{
    const black_hole hole;
    EXPECT_EQ(race({hole.endpoint(), hole.endpoint(), real}), real);
    EXPECT_GE(took, 500ms);
    EXPECT_LT(took, 3s);
    EXPECT_EQ(tries, 3);
}

TEST_F(race_test, an_address_that_refuses_is_followed_by_the_next_at_once)
{
    tcp::acceptor closed{io, tcp::endpoint{asio::ip::address_v4::loopback(), 0}};
    const auto refusing = closed.local_endpoint();
    closed.close();
    EXPECT_EQ(race({refusing, refusing, refusing, refusing, refusing, refusing, refusing, refusing, real}), real);
    EXPECT_LT(took, 1s);
    EXPECT_EQ(race({refusing, refusing}), std::nullopt);
    EXPECT_EQ(failure, asio::error::connection_refused);
    EXPECT_EQ(race({}), std::nullopt);
}

TEST_F(race_test, the_first_address_that_answers_is_the_only_one_that_is_tried)
{
    EXPECT_EQ(race({real, real, real}), real);
    EXPECT_EQ(tries, 1);
}

TEST_F(race_test, a_cancelled_race_ends_at_once)
{
    const black_hole hole;
    EXPECT_EQ(race({hole.endpoint(), hole.endpoint()}, 50ms), std::nullopt);
    EXPECT_EQ(failure, asio::error::operation_aborted);
    EXPECT_LT(took, 1s);
}

}  // namespace
}  // namespace larder::redis
