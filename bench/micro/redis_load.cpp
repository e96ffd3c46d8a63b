// SPDX-License-Identifier: MIT
// The load of `redis-benchmark -c 1 -P N` through larder's client: over one connection, a fixed number of concurrent
// GETs of one value into a caller's buffer. Prints one line of JSON: operations per second, CPU time of this process
// per operation, median latency, and heap allocations per operation after warm-up. go() starts the worker()s.
//
//     redis_load PORT IN_FLIGHT OPERATIONS prepared|encoded|bare
//
// "prepared" encodes the command once, as redis-benchmark does; "encoded" encodes it each time, as a program does.
// "bare" does not use larder: it repeats send, epoll_wait and recv of one GET, the minimum for any client that sleeps
// while it waits.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <cstdio>
#include <cstdlib>
#include <larder/redis/client.hpp>
#include <vector>

namespace asio = boost::asio;
namespace redis = larder::redis;
using steady = std::chrono::steady_clock;

static std::uint64_t allocations = 0;

// Counts every allocation of Asio, the standard library and larder.
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
void* malloc(std::size_t size)
{
    ++allocations;
    return __libc_malloc(size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size)
{
    ++allocations;
    return __libc_memalign(alignment, size);
}
}

namespace {

constexpr std::size_t value_size = 100;

double cpu_seconds()
{
    rusage u{};
    getrusage(RUSAGE_SELF, &u);
    const auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
    };
    return seconds(u.ru_utime) + seconds(u.ru_stime);
}

void stop_at_once(const std::exception_ptr& e)
{
    if (e) std::rethrow_exception(e);
}

struct run {
    redis::client& client;
    std::uint64_t left;
    std::size_t working = 0;
    bool prepared = false;
    std::vector<float>* latencies = nullptr;
};

asio::awaitable<void> worker(run& r)
{
    std::array<char, value_size> buffer{};
    const redis::request once{"GET", "larder:bench"};
    while (r.left > 0) {
        --r.left;
        const auto begin = r.latencies != nullptr ? steady::now() : steady::time_point{};
        redis::request get = r.prepared ? once : redis::request{"GET", "larder:bench"};
        const auto value = co_await r.client.exec_into(std::move(get), buffer);
        if (!value || !*value || (*value)->size() != value_size) {
            std::fprintf(stderr, "wrong reply: %s\n", value ? "" : value.error().message.c_str());
            std::exit(1);
        }
        if (r.latencies != nullptr)
            r.latencies->push_back(std::chrono::duration<float, std::micro>(steady::now() - begin).count());
    }
    --r.working;
}

void go(asio::io_context& io, run& r, std::size_t in_flight)
{
    r.working = in_flight;
    for (std::size_t i = 0; i < in_flight; ++i) asio::co_spawn(io, worker(r), stop_at_once);
    while (r.working > 0) io.run_one();
}

void print(double seconds, double cpu, std::uint64_t allocated, double n, std::vector<float>& latencies)
{
    std::sort(latencies.begin(), latencies.end());
    std::printf("{\"rate\": %.0f, \"cpu_us\": %.4f, \"p50_us\": %.2f, \"allocations\": %.6f}\n", n / seconds,
                cpu / n * 1e6, latencies.empty() ? 0.0 : static_cast<double>(latencies[latencies.size() / 2]),
                static_cast<double>(allocated) / n);
}

int bare(unsigned short port, std::uint64_t operations)
{
    const int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int epoll = epoll_create1(EPOLL_CLOEXEC);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int on = 1;
    setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    epoll_event event{EPOLLIN, {}};
    if (connect(s, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        epoll_ctl(epoll, EPOLL_CTL_ADD, s, &event) != 0)
        return 1;
    constexpr std::string_view get = "*2\r\n$3\r\nGET\r\n$12\r\nlarder:bench\r\n";
    constexpr auto reply = static_cast<ssize_t>(sizeof "$100\r\n" - 1 + value_size + 2);
    std::array<char, 4096> buffer{};
    std::vector<float> latencies;
    latencies.reserve(operations);
    const auto cpu_before = cpu_seconds();
    const auto begin = steady::now();
    for (std::uint64_t i = 0; i < operations; ++i) {
        const auto sent = steady::now();
        if (send(s, get.data(), get.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(get.size())) return 1;
        epoll_wait(epoll, &event, 1, -1);
        if (recv(s, buffer.data(), buffer.size(), 0) != reply) return 1;
        latencies.push_back(std::chrono::duration<float, std::micro>(steady::now() - sent).count());
    }
    const auto seconds = std::chrono::duration<double>(steady::now() - begin).count();
    print(seconds, cpu_seconds() - cpu_before, 0, static_cast<double>(operations), latencies);
    return 0;
}

}  // namespace

int main(int argc, char** argv)
{
    if (argc != 5) {
        std::fprintf(stderr, "usage: redis_load PORT IN_FLIGHT OPERATIONS prepared|encoded|bare\n");
        return 2;
    }
    const auto in_flight = static_cast<std::size_t>(std::atol(argv[2]));
    const auto operations = static_cast<std::uint64_t>(std::atoll(argv[3]));
    const auto port = static_cast<unsigned short>(std::atoi(argv[1]));
    if (std::string_view{argv[4]} == "bare") return bare(port, operations);
    redis::options o;
    o.addresses = {{"127.0.0.1", port}};
    asio::io_context io{1};
    redis::client client{io, o};
    asio::co_spawn(
        io,
        [&]() -> asio::awaitable<void> {
            redis::request set{"SET", "larder:bench", std::string(value_size, 'x')};
            const auto done = co_await client.exec(std::move(set));
            if (!done) std::exit(1);
        },
        stop_at_once);

    const bool prepared = std::string_view{argv[4]} == "prepared";
    run warm_up{client, operations / 10 + in_flight, 0, prepared};
    go(io, warm_up, in_flight);

    std::vector<float> latencies;
    if (in_flight == 1) latencies.reserve(operations);
    run measured{client, operations, 0, prepared};
    if (in_flight == 1) measured.latencies = &latencies;
    const auto allocations_before = allocations;
    const auto cpu_before = cpu_seconds();
    const auto begin = steady::now();
    go(io, measured, in_flight);
    const auto seconds = std::chrono::duration<double>(steady::now() - begin).count();
    const auto cpu = cpu_seconds() - cpu_before;
    const auto allocated = allocations - allocations_before;
    print(seconds, cpu, allocated, static_cast<double>(operations), latencies);
}
