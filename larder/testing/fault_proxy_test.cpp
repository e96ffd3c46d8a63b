// SPDX-License-Identifier: MIT
// The proxy does to a stream exactly what it says.
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <larder/testing/fault_proxy.hpp>
#include <thread>

namespace larder::testing {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using namespace std::chrono_literals;

/// Sends back what it gets.
class echo_server {
 public:
    echo_server()
    {
        thread_ = std::thread{[this] {
            for (;;) {
                boost::system::error_code ec;
                tcp::socket s{io_};
                acceptor_.accept(s, ec);
                if (ec) return;
                clients_.emplace_back([peer = std::move(s)]() mutable {
                    std::array<char, 4096> buffer;
                    boost::system::error_code failed;
                    while (!failed) {
                        const auto n = peer.read_some(asio::buffer(buffer), failed);
                        if (!failed) asio::write(peer, asio::buffer(buffer, n), failed);
                    }
                });
            }
        }};
    }
    ~echo_server()
    {
        ::shutdown(acceptor_.native_handle(), SHUT_RDWR);
        thread_.join();
    }
    unsigned short port() const { return acceptor_.local_endpoint().port(); }

 private:
    asio::io_context io_;
    tcp::acceptor acceptor_{io_, tcp::endpoint{asio::ip::address_v4::loopback(), 0}};
    std::vector<std::jthread> clients_;
    std::thread thread_;
};

class fault_proxy_test : public ::testing::Test {
 protected:
    tcp::socket connect()
    {
        tcp::socket s{io};
        s.connect({asio::ip::address_v4::loopback(), proxy.port()});
        s.set_option(tcp::no_delay{true});
        return s;
    }
    static std::string read(tcp::socket& s, std::size_t n)
    {
        std::string out(n, ' ');
        boost::system::error_code ec;
        out.resize(asio::read(s, asio::buffer(out), ec));
        return out;
    }
    static void send(tcp::socket& s, const std::string& text) { asio::write(s, asio::buffer(text)); }

    asio::io_context io;
    echo_server echo;
    fault_proxy proxy{echo.port()};
};

TEST_F(fault_proxy_test, forwards_and_counts)
{
    auto s = connect();
    send(s, "hello");
    EXPECT_EQ(read(s, 5), "hello");
    EXPECT_EQ(proxy.connections(), 1U);
    while (proxy.bytes(direction::to_client) < 5) std::this_thread::yield();  // counted once they are out
    EXPECT_EQ(proxy.bytes(direction::to_server), 5U);
    EXPECT_EQ(proxy.bytes(direction::to_client), 5U);
}

TEST_F(fault_proxy_test, cuts_behind_the_very_byte)
{
    proxy.cut_after(direction::to_client, 3);
    auto s = connect();
    send(s, "hello");
    EXPECT_EQ(read(s, 5), "hel");
    auto next = connect();  // one shot
    send(next, "hello");
    EXPECT_EQ(read(next, 5), "hello");
}

TEST_F(fault_proxy_test, delays_throttles_and_holds_until_it_heals)
{
    auto s = connect();
    const auto timed = [&](const std::string& text) {
        const auto begin = std::chrono::steady_clock::now();
        send(s, text);
        EXPECT_EQ(read(s, text.size()), text);
        return std::chrono::steady_clock::now() - begin;
    };
    proxy.delay(direction::to_client, 50ms);
    EXPECT_GE(timed("late"), 50ms);
    proxy.heal();
    proxy.throttle(direction::to_server, 10'000);
    EXPECT_GE(timed(std::string(1000, 'x')), 50ms);
    proxy.heal();
    proxy.split(direction::to_client, 1);
    timed("in pieces");
    proxy.black_hole(direction::to_server);
    send(s, "held");
    std::thread healer{[&] { proxy.heal(); }};
    EXPECT_EQ(read(s, 4), "held");
    healer.join();
}

TEST_F(fault_proxy_test, resets_closes_and_refuses)
{
    auto reset = connect();
    send(reset, "x");
    read(reset, 1);
    proxy.reset_all();
    boost::system::error_code ec;
    char c = 0;
    reset.read_some(asio::buffer(&c, 1), ec);
    EXPECT_EQ(ec, asio::error::connection_reset);
    auto closed = connect();
    send(closed, "x");
    read(closed, 1);
    proxy.close_all();
    closed.read_some(asio::buffer(&c, 1), ec);
    EXPECT_EQ(ec, asio::error::eof);
    proxy.refuse();
    EXPECT_THROW(connect(), boost::system::system_error);
    proxy.heal();
    auto again = connect();
    send(again, "back");
    EXPECT_EQ(read(again, 4), "back");
}

TEST_F(fault_proxy_test, what_it_discards_is_gone_and_the_stream_with_it)
{
    auto s = connect();
    send(s, "x");
    read(s, 1);
    proxy.discard(direction::to_server);
    send(s, "lost");
    while (proxy.discarded() < 4) std::this_thread::yield();
    proxy.heal();
    EXPECT_EQ(read(s, 1), "");
}

}  // namespace
}  // namespace larder::testing
