// SPDX-License-Identifier: MIT
// Rate limits under load, with a real Redis. Prints one line of JSON. run() chooses the function by the second
// argument.
//
//     limit_load PORT local                          CPU time of a decision without Redis, in ns
//     limit_load PORT exact SECONDS                  one caller, quota 1,000 a second: hits, Redis calls
//     limit_load PORT shared SECONDS RATE QUOTA KEY  hits at RATE a second on one approximate rule, whose quota per
//                                                    second and burst are QUOTA
#include <time.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <cstdlib>
#include <larder/limit.hpp>
#include <larder/redis/client.hpp>
#include <larder/timeout.hpp>
#include <string>
#include <vector>

namespace asio = boost::asio;
using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

namespace {

/// The CPU time of this thread, which is the only one.
double cpu_ns()
{
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_nsec);
}

/// The CPU time of one decision in this process's memory, with the clients in turn.
double decisions(larder::rate_limit& limit, const std::vector<std::string>& clients)
{
    constexpr int rounds = 10'000'000;
    const auto before = cpu_ns();
    std::size_t at = 0;
    for (int i = 0; i < rounds; ++i) {
        if (!limit.try_take(clients[at])) std::abort();
        at = at + 1 == clients.size() ? 0 : at + 1;
    }
    return (cpu_ns() - before) / rounds;
}

/// The CPU time of one decision with a token borrowed from Redis. Each batch of tokens is used up.
asio::awaitable<double> cost_of_borrowed_tokens(larder::rate_limit& limit, std::string client)
{
    double ns = 0;
    double taken = 0;
    for (int batch = 0; batch < 60; ++batch) {
        co_await limit.take(client);
        const auto before = cpu_ns();
        while (limit.try_take(client)) ++taken;
        ns += cpu_ns() - before;
    }
    co_return ns / taken;
}

asio::awaitable<void> decide_locally(larder::redis::client& redis)
{
    std::vector<std::string> many;
    for (int i = 0; i < 10'000; ++i) many.push_back("203.0.113.7:" + std::to_string(i * 7919));
    const std::vector<std::string> one{many.front()};
    larder::limiter shared{redis};
    larder::limit_rule endless;
    endless.name = "endless";
    endless.quota = 1'000'000;
    endless.window = 1s;
    endless.approximate = true;
    endless.burst = 4'000'000'000;
    auto& tokens = shared.limit(endless);
    const auto borrowed = co_await cost_of_borrowed_tokens(tokens, one.front());
    larder::limiter memory;
    auto& local = memory.limit(endless);
    std::printf("{\"borrowed\": %.1f, \"one\": %.1f, \"many\": %.1f}\n", borrowed, decisions(local, one),
                decisions(local, many));
}

asio::awaitable<void> exact(larder::redis::client& redis, std::chrono::seconds length)
{
    larder::limiter limiter{redis};
    larder::limit_rule rule;
    rule.name = "exact";
    rule.quota = 1000;
    rule.window = 1s;
    auto& limit = limiter.limit(rule);
    const auto before = cpu_ns();
    const auto end = steady::now() + length;
    std::uint64_t hits = 0;
    for (; steady::now() < end; ++hits) co_await limit.take("user:42");
    const auto s = limit.stats();
    std::printf("{\"hits\": %lu, \"allowed\": %lu, \"asked\": %lu, \"cpu_us\": %.2f}\n", hits, s.allowed, s.redis_calls,
                (cpu_ns() - before) / 1e3 / static_cast<double>(hits));
}

asio::awaitable<void> one_hit(larder::rate_limit& limit, std::size_t& under_way)
{
    co_await limit.take("user:42");
    --under_way;
}

void rethrow(const std::exception_ptr& e)
{
    if (e) std::rethrow_exception(e);
}

/// Sends hits at a fixed rate, whether or not the earlier ones have been decided.
asio::awaitable<void> at_fixed_rate(larder::redis::client& redis, std::chrono::seconds length, double rate,
                                    std::uint32_t quota, std::string key)
{
    larder::limiter limiter{redis};
    larder::limit_rule rule;
    rule.name = "shared-" + key;
    rule.quota = quota;
    rule.window = 1s;
    rule.approximate = true;
    auto& limit = limiter.limit(rule);
    const auto begin = steady::now();
    std::uint64_t sent = 0;
    std::size_t under_way = 0;
    const auto loop = co_await asio::this_coro::executor;
    while (steady::now() < begin + length) {
        const auto due =
            static_cast<std::uint64_t>(std::chrono::duration<double>(steady::now() - begin).count() * rate);
        for (; sent < due; ++sent) {
            if (limit.try_take("user:42")) continue;
            ++under_way;
            asio::co_spawn(loop, one_hit(limit, under_way), rethrow);
        }
        co_await larder::sleep_for(1ms);
    }
    while (under_way > 0) co_await larder::sleep_for(1ms);
    const auto s = limit.stats();
    std::printf("{\"hits\": %lu, \"allowed\": %lu, \"asked\": %lu, \"unshared\": %lu, \"seconds\": %.4f}\n", sent,
                s.allowed, s.redis_calls, s.unshared, std::chrono::duration<double>(steady::now() - begin).count());
}

asio::awaitable<void> run(larder::redis::client& redis, std::vector<std::string> words)
{
    if (words[1] == "local") {
        co_await decide_locally(redis);
    } else if (words[1] == "exact") {
        co_await exact(redis, std::chrono::seconds{std::stoi(words[2])});
    } else {
        co_await at_fixed_rate(redis, std::chrono::seconds{std::stoi(words[2])}, std::stod(words[3]),
                               static_cast<std::uint32_t>(std::stoul(words[4])), words[5]);
    }
}

}  // namespace

int main(int argc, char** argv)
{
    const std::vector<std::string> words{argv + 1, argv + argc};
    if (words.size() < 2) return 2;
    larder::redis::options o;
    o.addresses = {{"127.0.0.1", static_cast<unsigned short>(std::stoi(words[0]))}};
    asio::io_context io{1};
    larder::redis::client client{io, o};
    bool done = false;
    asio::co_spawn(io, run(client, words), [&](const std::exception_ptr& e) {
        rethrow(e);
        done = true;
    });
    while (!done) io.run_one();
}
