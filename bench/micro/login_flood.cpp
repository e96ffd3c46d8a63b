// SPDX-License-Identifier: MIT
// login_flood PORT SECONDS RATE
// Sends sign-ins with wrong passwords at a fixed rate, whether or not the earlier ones have been answered. Each has
// another username and another client address (X-Forwarded-For). Prints one JSON object: for each status, the number of
// responses and their latencies. Start at flood::run().
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <larder/timeout.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace {

namespace asio = boost::asio;
using clock_type = std::chrono::steady_clock;

class flood {
 public:
    flood(unsigned short port, double rate, clock_type::duration length) : port_{port}, rate_{rate}, length_{length} {}

    asio::awaitable<void> run()
    {
        const auto loop = co_await asio::this_coro::executor;
        const auto begin = clock_type::now();
        while (clock_type::now() < begin + length_) {
            const auto due =
                static_cast<std::size_t>(std::chrono::duration<double>(clock_type::now() - begin).count() * rate_);
            for (; sent_ < due; ++sent_) {
                ++under_way_;
                asio::co_spawn(loop, one(sent_), [](const std::exception_ptr& e) {
                    if (e) std::rethrow_exception(e);
                });
            }
            co_await larder::sleep_for(std::chrono::milliseconds{1});
        }
        while (under_way_ > 0) co_await larder::sleep_for(std::chrono::milliseconds{1});
    }

    void print()
    {
        std::printf("{\"sent\":%zu", sent_);
        for (auto& [status, ms] : took_) {
            std::sort(ms.begin(), ms.end());
            const auto at = [&](double part) {
                return ms[std::min(ms.size() - 1, static_cast<std::size_t>(part * static_cast<double>(ms.size())))];
            };
            std::printf(R"(,"%s":{"count":%zu,"p50_ms":%.3f,"p99_ms":%.3f,"max_ms":%.3f})", status.c_str(), ms.size(),
                        at(0.5), at(0.99), at(1));
        }
        std::printf("}\n");
    }

 private:
    using socket = asio::ip::tcp::socket;

    asio::awaitable<void> one(std::size_t number)
    {
        std::unique_ptr<socket> s;
        if (idle_.empty()) {
            s = std::make_unique<socket>(co_await asio::this_coro::executor);
            co_await s->async_connect({asio::ip::make_address("127.0.0.1"), port_}, asio::use_awaitable);
            s->set_option(asio::ip::tcp::no_delay{true});
        } else {
            s = std::move(idle_.back());
            idle_.pop_back();
        }
        const auto body = R"({"username":"nobody)" + std::to_string(number) + R"(","password":"kelp-morning-7"})";
        const auto request = "POST /api/auth/login HTTP/1.1\r\nHost: bench\r\nX-Forwarded-For: 10." +
                             std::to_string(number >> 16 & 255) + "." + std::to_string(number >> 8 & 255) + "." +
                             std::to_string(number & 255) +
                             "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
                             "\r\n\r\n" + body;
        std::string got;
        const auto begin = clock_type::now();
        co_await asio::async_write(*s, asio::buffer(request), asio::use_awaitable);
        const auto head =
            co_await asio::async_read_until(*s, asio::dynamic_buffer(got), "\r\n\r\n", asio::use_awaitable);
        const auto length = std::stoul(got.substr(got.find("Content-Length: ") + 16));
        if (got.size() < head + length)
            co_await asio::async_read(*s, asio::dynamic_buffer(got), asio::transfer_exactly(head + length - got.size()),
                                      asio::use_awaitable);
        took_[got.substr(9, 3)].push_back(std::chrono::duration<double, std::milli>(clock_type::now() - begin).count());
        idle_.push_back(std::move(s));
        --under_way_;
    }

    const unsigned short port_;
    const double rate_;
    const clock_type::duration length_;
    std::vector<std::unique_ptr<socket>> idle_;
    std::map<std::string, std::vector<double>> took_;
    std::size_t sent_ = 0;
    std::size_t under_way_ = 0;
};

}  // namespace

int main(int argc, char** argv)
{
    if (argc != 4) return 2;
    asio::io_context io{1};
    flood f{static_cast<unsigned short>(std::atoi(argv[1])), std::atof(argv[3]),
            std::chrono::seconds{std::atoi(argv[2])}};
    bool done = false;
    asio::co_spawn(io, f.run(), [&](const std::exception_ptr& e) {
        if (e) std::rethrow_exception(e);
        done = true;
    });
    while (!done) io.run_one();
    f.print();
}
