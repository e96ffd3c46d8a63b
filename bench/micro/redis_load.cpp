// SPDX-License-Identifier: MIT
// One connection, GETs of one value into a caller's buffer, a fixed number in flight: what `redis-benchmark -c 1 -P N`
// does, through larder's client. Prints one line of JSON: operations per second, CPU time of this process per
// operation, median latency, and heap allocations per operation after warm-up.
//
//     redis_load PORT IN_FLIGHT OPERATIONS prepared|encoded
//
// "prepared" encodes the command once, as redis-benchmark does; "encoded" each time, as a program does.
#include <sys/resource.h>

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

// All that Asio, the standard library and larder take from the heap.
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
            std::fprintf(stderr, "a wrong answer: %s\n", value ? "" : value.error().message.c_str());
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

}  // namespace

int main(int argc, char** argv)
{
    if (argc != 5) {
        std::fprintf(stderr, "usage: redis_load PORT IN_FLIGHT OPERATIONS prepared|encoded\n");
        return 2;
    }
    const auto in_flight = static_cast<std::size_t>(std::atol(argv[2]));
    const auto operations = static_cast<std::uint64_t>(std::atoll(argv[3]));
    redis::options o;
    o.addresses = {{"127.0.0.1", static_cast<unsigned short>(std::atoi(argv[1]))}};
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
    const auto n = static_cast<double>(operations);
    std::sort(latencies.begin(), latencies.end());
    std::printf("{\"rate\": %.0f, \"cpu_us\": %.4f, \"p50_us\": %.2f, \"allocations\": %.6f}\n", n / seconds,
                cpu / n * 1e6, latencies.empty() ? 0.0 : static_cast<double>(latencies[latencies.size() / 2]),
                static_cast<double>(allocated) / n);
}
