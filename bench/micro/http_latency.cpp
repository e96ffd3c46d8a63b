// SPDX-License-Identifier: MIT
// http_latency PORT SECONDS CONNECTIONS PAUSE_US TARGET...
// Measures the latency of single requests, separately for cache hits (according to Cache-Status) and all others. Each
// connection requests the targets in turn, with a pause after each response. Prints one JSON object. main() starts one
// run_connection() per connection.
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
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
#include <string>
#include <vector>

namespace {

namespace asio = boost::asio;
using clock_type = std::chrono::steady_clock;

class latencies {
 public:
    void add(clock_type::duration d) { us_.push_back(std::chrono::duration<double, std::micro>(d).count()); }
    void print(const char* name)
    {
        std::sort(us_.begin(), us_.end());
        std::printf(R"("%s":{"count":%zu,"p50_us":%.1f,"p99_us":%.1f,"max_us":%.1f},)", name, us_.size(), at(0.5),
                    at(0.99), at(1));
    }

 private:
    double at(double part) const
    {
        if (us_.empty()) return 0;
        return us_[std::min(us_.size() - 1, static_cast<std::size_t>(part * static_cast<double>(us_.size())))];
    }
    std::vector<double> us_;
};

struct results {
    latencies hits;
    latencies others;
    std::size_t bytes = 0;
    std::size_t server_errors = 0;
};

struct workload {
    unsigned short port;
    std::vector<std::string> targets;
    std::chrono::microseconds pause;  ///< after each response
    clock_type::time_point end;
};

asio::awaitable<void> run_connection(const workload& w, std::size_t first, results& f)
{
    asio::ip::tcp::socket socket{co_await asio::this_coro::executor};
    co_await socket.async_connect({asio::ip::make_address("127.0.0.1"), w.port}, asio::use_awaitable);
    socket.set_option(asio::ip::tcp::no_delay{true});
    std::string got;
    for (auto i = first; clock_type::now() < w.end; ++i) {
        const auto request = "GET " + w.targets[i % w.targets.size()] + " HTTP/1.1\r\nHost: bench\r\n\r\n";
        const auto begin = clock_type::now();
        co_await asio::async_write(socket, asio::buffer(request), asio::use_awaitable);
        const auto head =
            co_await asio::async_read_until(socket, asio::dynamic_buffer(got), "\r\n\r\n", asio::use_awaitable);
        const auto length = std::stoul(got.substr(got.find("Content-Length: ") + 16));
        if (got.size() < head + length)
            co_await asio::async_read(socket, asio::dynamic_buffer(got),
                                      asio::transfer_exactly(head + length - got.size()), asio::use_awaitable);
        const auto latency = clock_type::now() - begin;
        const bool hit = got.find("Cache-Status: agora; hit\r\n") < head;
        (hit ? f.hits : f.others).add(latency);
        f.bytes += length;
        if (got[9] == '5') ++f.server_errors;
        got.erase(0, head + length);
        if (w.pause.count() > 0) co_await larder::sleep_for(w.pause);
    }
}

}  // namespace

int main(int argc, char** argv)
{
    if (argc < 6) return 2;
    const auto connections = static_cast<std::size_t>(std::atoi(argv[3]));
    const workload w{.port = static_cast<unsigned short>(std::atoi(argv[1])),
                     .targets{argv + 5, argv + argc},
                     .pause = std::chrono::microseconds{std::atoi(argv[4])},
                     .end = clock_type::now() + std::chrono::seconds{std::atoi(argv[2])}};
    asio::io_context io;
    results f;
    for (std::size_t c = 0; c < connections; ++c)
        asio::co_spawn(io, run_connection(w, c * w.targets.size() / connections, f), [](const std::exception_ptr& e) {
            if (e) std::rethrow_exception(e);
        });
    io.run();
    std::printf("{");
    f.hits.print("hits");
    f.others.print("others");
    std::printf("\"bytes\":%zu,\"server_errors\":%zu}\n", f.bytes, f.server_errors);
}
