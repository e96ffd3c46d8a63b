// SPDX-License-Identifier: MIT
// The cost of a hit in L1, compared with what a program would use otherwise: a std::unordered_map without a lock, and
// an LRU of a map, a list and a mutex. 100,000 keys of 15 characters with a Zipf 0.99 distribution, values in
// shared_ptrs. entry_overhead() measures the memory per entry.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <cmath>
#include <larder/local_cache.hpp>
#include <list>
#include <mutex>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

namespace {

constexpr std::size_t keys = 100'000;
constexpr std::size_t draws = 1 << 20;

using value = std::shared_ptr<const int>;

std::string name_of(std::size_t i)
{
    const auto digits = std::to_string(i);
    return "user:" + std::string(10 - digits.size(), '0') + digits;
}

const std::vector<std::string>& all_keys()
{
    static const auto all = [] {
        std::vector<std::string> out;
        for (std::size_t i = 0; i < keys; ++i) out.push_back(name_of(i * 7919 % 1'000'003));
        return out;
    }();
    return all;
}

/// The sequence of requested keys, as positions in all_keys().
const std::vector<std::uint32_t>& zipf()
{
    static const auto all = [] {
        std::vector<double> sums;
        double sum = 0;
        for (std::size_t i = 1; i <= keys; ++i) sums.push_back(sum += 1 / std::pow(static_cast<double>(i), 0.99));
        std::mt19937_64 random{1};
        std::uniform_real_distribution<double> uniform{0, sum};
        std::vector<std::uint32_t> out(draws);
        for (auto& d : out)
            d = static_cast<std::uint32_t>(std::lower_bound(sums.begin(), sums.end(), uniform(random)) - sums.begin());
        return out;
    }();
    return all;
}

class lru {
 public:
    void set(const std::string& key, value v)
    {
        order_.emplace_front(key, std::move(v));
        map_[key] = order_.begin();
    }
    value get(const std::string& key)
    {
        const std::scoped_lock lock{mutex_};
        const auto it = map_.find(key);
        if (it == map_.end()) return nullptr;
        order_.splice(order_.begin(), order_, it->second);
        return it->second->second;
    }

 private:
    std::mutex mutex_;
    std::list<std::pair<std::string, value>> order_;
    std::unordered_map<std::string, std::list<std::pair<std::string, value>>::iterator> map_;
};

template <class Get>
void run(benchmark::State& state, Get get)
{
    const auto& names = all_keys();
    const auto& order = zipf();
    std::size_t i = static_cast<std::size_t>(state.thread_index()) * 7919;
    for (auto _ : state) get(names[order[i++ % draws]]);
}

larder::local_cache<int>& filled_cache()
{
    static larder::local_cache<int> cache;
    static const bool filled = [] {
        for (const auto& k : all_keys()) cache.set(k, std::make_shared<const int>(1), {.ttl = std::chrono::hours{1}});
        return true;
    }();
    benchmark::DoNotOptimize(filled);
    return cache;
}

void local_cache_get(benchmark::State& state)
{
    auto& cache = filled_cache();
    run(state, [&](const std::string& k) { benchmark::DoNotOptimize(cache.get(k)); });
}
BENCHMARK(local_cache_get)->Threads(1)->Threads(2);

void local_cache_with(benchmark::State& state)
{
    auto& cache = filled_cache();
    run(state, [&](const std::string& k) { cache.with(k, [](int v) { benchmark::DoNotOptimize(v); }); });
}
BENCHMARK(local_cache_with)->Threads(1)->Threads(2);

void unordered_map_find(benchmark::State& state)
{
    static const auto map = [] {
        std::unordered_map<std::string, value> out;
        for (const auto& k : all_keys()) out.emplace(k, std::make_shared<const int>(1));
        return out;
    }();
    run(state, [&](const std::string& k) {
        value v = map.find(k)->second;
        benchmark::DoNotOptimize(v);
    });
}
BENCHMARK(unordered_map_find);

/// The memory that an entry takes besides its key and value, by malloc's count: after `n` sets, or (`Full`) in a full
/// cache that has been evicting for a while.
template <bool Full>
void entry_overhead(benchmark::State& state)
{
    const auto n = static_cast<std::size_t>(state.range(0));
    const auto shared = std::make_shared<const int>(1);
    std::mt19937_64 random{1};
    double bytes = 0;
    for (auto _ : state) {
        const auto before = ::mallinfo2();
        larder::local_cache<int> cache{{.capacity = Full ? n * 100 : std::size_t{1} << 30}};
        for (std::size_t i = 0; i < n; ++i) cache.set(name_of(i), shared, {.ttl = std::chrono::hours{1}});
        for (std::size_t i = 0; Full && i < 20 * n; ++i) {
            const double part = std::uniform_real_distribution{0.0, 1.0}(random);
            const auto key = name_of(static_cast<std::size_t>(part * part * part * 4 * static_cast<double>(n)));
            if (!cache.get(key)) cache.set(key, shared, {.ttl = std::chrono::hours{1}});
        }
        const auto after = ::mallinfo2();
        const auto kept = cache.stats().entries;
        if (!Full && kept != n) state.SkipWithError("the cache has evicted entries");
        const auto grown = after.uordblks + after.hblkhd - before.uordblks - before.hblkhd;
        bytes = static_cast<double>(grown) / static_cast<double>(kept) - 15;
    }
    state.counters["bytes"] = bytes;
}
BENCHMARK(entry_overhead<false>)->Arg(50'000)->Arg(100'000)->Arg(150'000)->Arg(1'000'000)->Iterations(1);
BENCHMARK(entry_overhead<true>)->Arg(50'000)->Arg(100'000)->Arg(150'000)->Arg(1'000'000)->Iterations(1);

void mutex_list_lru_get(benchmark::State& state)
{
    static lru cache;
    static const bool filled = [] {
        for (const auto& k : all_keys()) cache.set(k, std::make_shared<const int>(1));
        return true;
    }();
    benchmark::DoNotOptimize(filled);
    run(state, [&](const std::string& k) { benchmark::DoNotOptimize(cache.get(k)); });
}
BENCHMARK(mutex_list_lru_get)->Threads(1)->Threads(2);

}  // namespace
