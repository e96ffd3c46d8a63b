// SPDX-License-Identifier: MIT
// One cache used from several event loops at once: no read in this process returns a value that is older than a write
// that was acknowledged before the read began. Readers and writers act at random.
#include <random>

#include "backend_fixture.hpp"

namespace larder {
namespace {

constexpr region<std::int64_t(int)> versions{"version:{}", {.ttl = 1h, .tags = {"all-versions", "one:{0}"}}};
constexpr region<std::int64_t(int)> brief{
    "brief:{}", {.ttl = 5ms, .tags = {"one:{0}"}, .stale = {.while_revalidate = 50ms}, .early_refresh = 1}};
constexpr int keys = 8;

struct shop {
    explicit shop(cache& c) : cached{c} {}

    asio::awaitable<std::int64_t> load(int k, std::minstd_rand& random)
    {
        const auto seen = written[static_cast<std::size_t>(k)].load();
        if (random() % 2 == 0) co_await sleep_for(std::chrono::microseconds{random() % 500});
        co_return seen;
    }
    asio::awaitable<void> read(int k, std::minstd_rand& random)
    {
        const auto floor = acknowledged[static_cast<std::size_t>(k)].load();
        const auto got = co_await cached.get_or_load(versions(k), [&] { return load(k, random); });
        if (*got < floor) ++too_old;
        ++reads;
    }
    /// Reads from the region with early and stale refreshes.
    asio::awaitable<void> read_brief(int k)
    {
        const auto floor = acknowledged[static_cast<std::size_t>(k)].load();
        auto load = [this, k]() -> std::int64_t { return written[static_cast<std::size_t>(k)].load(); };
        const auto got = co_await cached.get_or_load_owned(brief(k), load);
        if (*got < floor) ++too_old;
        ++reads;
    }
    asio::awaitable<void> write(int k, std::minstd_rand& random)
    {
        const auto version = ++written[static_cast<std::size_t>(k)];
        invalidation done{};
        switch (random() % 4) {
            case 0: {
                std::vector<entry_key> both;
                both.emplace_back(versions(k));
                both.emplace_back(brief(k));
                done = co_await cached.invalidate(std::move(both), {});
                break;
            }
            case 1:
                done = co_await cached.invalidate(tag{"one:{}", k});
                break;
            case 2:
                done = co_await cached.clear();
                break;
            default:
                co_await cached.invalidate(brief(k));
                done = co_await cached.invalidate(versions);
                break;
        }
        auto& known = acknowledged[static_cast<std::size_t>(k)];
        for (auto old = known.load(); old < version && !known.compare_exchange_weak(old, version);) {
        }
        confirmed += done == invalidation::confirmed ? 1 : 0;
    }
    asio::awaitable<void> visit(unsigned seed)
    {
        std::minstd_rand random{seed};
        for (int i = 0; i < 200; ++i) {
            const auto k = static_cast<int>(random() % keys);
            const auto what = random() % 16;
            if (what == 0) {
                co_await write(k, random);
            } else if (what < 6) {
                co_await read_brief(k);
            } else {
                co_await read(k, random);
            }
        }
    }

    cache& cached;
    std::array<std::atomic<std::int64_t>, keys> written{};
    std::array<std::atomic<std::int64_t>, keys> acknowledged{};
    std::atomic<int> too_old = 0;
    std::atomic<int> reads = 0;
    std::atomic<int> confirmed = 0;
};

class loops_test : public ::testing::TestWithParam<backend> {};

TEST_P(loops_test, no_read_is_older_than_what_was_acknowledged_before_it)
{
    runtime loops{{.loops = 4}};
    std::optional<cache> c;
    cache_options o;
    o.redis_deadline = 5s;
    if (GetParam() == backend::memory) {
        c.emplace(loops, o);
    } else {
        c.emplace(loops, backends::url(GetParam()), o);
    }
    shop s{*c};
    std::atomic<int> left = 40;
    for (int i = 0; i < 40; ++i) {
        auto visit = [](shop& in, unsigned seed, std::atomic<int>& count, runtime& r) -> asio::awaitable<void> {
            co_await in.visit(seed);
            if (--count == 0) r.stop();
        };
        loops.spawn(static_cast<std::size_t>(i) % 4, visit(s, static_cast<unsigned>(i + 1), left, loops));
    }
    EXPECT_TRUE(loops.run());
    EXPECT_EQ(s.too_old, 0) << "number of reads: " << s.reads;
    EXPECT_GT(s.reads, 5000);
    EXPECT_GT(s.confirmed, 100);
}

std::string backend_name(const ::testing::TestParamInfo<backend>& p)
{
    return p.param == backend::memory ? "memory" : "redis";
}

INSTANTIATE_TEST_SUITE_P(on, loops_test, ::testing::Values(backend::memory, backend::redis), backend_name);

}  // namespace
}  // namespace larder
