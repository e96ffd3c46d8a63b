// SPDX-License-Identifier: MIT
// Shows the hybrid cache, which looks for a value in this process, then in Redis, then in a database. run() goes
// through its functions one by one: loading, invalidation, negative entries, memoized functions, warming and batches.
//     caching                            caches in memory only
//     caching redis://localhost:6379     caches in Redis, too, shared by all processes
#include <boost/describe/class.hpp>
#include <iostream>
#include <larder/cache.hpp>
#include <larder/cache/inspector.hpp>

namespace asio = boost::asio;
using namespace std::chrono_literals;

struct profile {
    std::int64_t id;
    std::string name;
};
BOOST_DESCRIBE_STRUCT(profile, (), (id, name))

constexpr larder::region<profile(std::int64_t)> profiles{"example:profile:{}", {.ttl = 15min, .tags = {"staff"}}};
constexpr larder::region<std::optional<profile>(std::string)> by_name{"example:named:{}",
                                                                      {.ttl = 15min, .negative_ttl = 5s}};
constexpr larder::region<std::string(int)> reports{
    "example:report:{}",
    {.ttl = 1min, .stale = {.while_revalidate = 10min, .if_error = 1h}, .load = {.soft_timeout = 200ms}}};

// A region with slow loads: at most two at a time, separate from all other loads, each cancelled after a minute.
constexpr larder::region<std::string(int)> archives{"example:archive:{}",
                                                    {.ttl = 24h, .load = {.hard_timeout = 1min, .at_once = 2}}};

/// Stands for a real database.
struct database {
    asio::awaitable<profile> load_profile(std::int64_t id)
    {
        ++queries;
        co_return profile{id, name};
    }
    std::string name = "Ada";
    int queries = 0;
};

asio::awaitable<void> run(larder::cache& cache, database& db)
{
    profile p = co_await cache.get_or_load(profiles(42), [&] { return db.load_profile(42); });
    auto again = co_await cache.get_or_load(profiles(42), [&] { return db.load_profile(42); });
    std::cout << p.name << ", then " << to_string(again.status()) << ", " << db.queries << " query\n";

    // After a write, invalidate what it changes: one entry, all entries with a tag, or a whole region.
    db.name = "Grace";
    auto done = co_await cache.invalidate(profiles(42));
    co_await cache.invalidate(larder::tag{"staff"});
    co_await cache.invalidate(profiles);
    co_await cache.invalidate({profiles(42), profiles(43)}, {larder::tag{"staff"}});
    std::cout << (done == larder::invalidation::confirmed ? "confirmed" : "pending") << '\n';
    p = co_await cache.get_or_load(profiles(42), [&] { return db.load_profile(42); });
    std::cout << "now " << p.name << '\n';

    // "Does not exist" is cached too, with a TTL of its own.
    auto nobody = co_await cache.get_or_load(by_name("Bob"), [] { return std::optional<profile>{}; });
    std::cout << "Bob: " << (nobody.negative() ? "not found" : "found") << '\n';

    // A function whose results are cached. The cache may call it in the background to refresh entries that expire soon.
    auto report_of = cache.memoize(reports, [](int year) { return "report of " + std::to_string(year); });
    std::string report = co_await report_of(2026);
    std::cout << report << '\n';
    std::string archive = co_await cache.get_or_load(archives(1999), [] { return std::string{"archive of 1999"}; });
    std::cout << archive << "\n";

    // Load an entry before it is requested, or reload it if less than a quarter of its TTL is left.
    auto warmed = co_await cache.warm(profiles(44), [&db] { return db.load_profile(44); }, 0.25);
    std::cout << "warmed: " << to_string(warmed.status()) << '\n';

    // Read many entries at once: one round trip to Redis, and one call of the loader for those that are not cached.
    std::vector<larder::key<profile>> keys{profiles(42), profiles(43)};
    auto load = [&](std::span<const std::size_t> missing) -> asio::awaitable<std::vector<profile>> {
        std::vector<profile> loaded;
        for (auto i : missing) loaded.push_back({static_cast<std::int64_t>(42 + i), "from the batch"});
        co_return loaded;
    };
    auto both = co_await cache.get_or_load_many(keys, load);
    std::cout << both[0]->name << " and " << both[1]->name << '\n';

    auto why = co_await larder::cache_inspector{cache}.explain(profiles(42));
    std::cout << why.key << ": " << why.verdict << '\n';
    co_await cache.clear();
    co_await cache.close();
}

int main(int argc, char** argv)
{
    asio::io_context io;
    database db;
    auto cache = argc > 1 ? std::make_unique<larder::cache>(io, argv[1]) : std::make_unique<larder::cache>(io);
    asio::co_spawn(io, run(*cache, db), [](std::exception_ptr e) {
        if (e) std::rethrow_exception(e);
    });
    io.run();
}
