// SPDX-License-Identifier: MIT
// A hit in L1, against what a program would write first: std::unordered_map without a lock, and a map with a list and a
// mutex (LRU). 100,000 keys of 15 characters, Zipf 0.99, values in shared_ptrs.
#include <benchmark/benchmark.h>

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

const std::vector<std::string>& all_keys()
{
    static const auto all = [] {
        std::vector<std::string> out;
        for (std::size_t i = 0; i < keys; ++i) {
            auto digits = std::to_string(i * 7919 % 1'000'003);
            out.push_back("user:" + std::string(10 - digits.size(), '0') + digits);
        }
        return out;
    }();
    return all;
}

/// Which key is asked for, time after time.
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
