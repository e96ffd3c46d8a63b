// SPDX-License-Identifier: MIT
// Fixtures for tests of the cache: the cache on each kind of backend (memory and the deployments of Redis), nodes, and
// a loader that can be held. Several caches on one Redis stand for several processes, because they share nothing else.
#pragma once

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/describe/class.hpp>
#include <larder/cache.hpp>
#include <larder/cache/inspector.hpp>
#include <larder/cache/outbox.hpp>
#include <larder/testing/manual_clock.hpp>
#include <larder/testing/redis_groups.hpp>
#include <map>

#include "../redis/loop_fixture.hpp"

namespace larder {

using namespace std::chrono_literals;
namespace asio = boost::asio;

struct profile {
    std::int64_t id = 0;
    std::string name;
    std::vector<std::string> languages;
    bool operator==(const profile&) const = default;
};
BOOST_DESCRIBE_STRUCT(profile, (), (id, name, languages))

constexpr region<profile(std::int64_t)> profiles{"profile:{}", {.ttl = 1h, .tags = {"people", "profile-of:{0}"}}};
constexpr region<std::optional<profile>(std::int64_t)> perhaps{"perhaps:{}", {.ttl = 1h, .negative_ttl = 150ms}};
constexpr region<std::string(int)> plain{"plain:{}", {.ttl = 1h}};

inline profile made(std::int64_t id, std::string name = "Ada") { return {id, std::move(name), {"de", "fr"}}; }

enum class backend : std::uint8_t { memory, redis, sentinel, cluster, rest };

/// The servers, shared by all tests of a program; each is started on first use.
class backends {
 public:
    static std::string url(backend b)
    {
        static std::map<backend, std::string> known;
        auto& u = known[b];
        if (!u.empty()) return u;
        if (b == backend::redis) u = redis::testing_server::shared().url();
        if (b == backend::sentinel) {
            static larder::testing::sentinel_group group;
            u = group.url();
        }
        if (b == backend::cluster) {
            static larder::testing::cluster_group group;
            u = group.url();
        }
        if (b == backend::rest) {
            static larder::testing::process front{{"/usr/bin/env", "node", UPSTASH_FRONT,
                                                   std::to_string(redis::testing_server::shared().port()), "secret"}};
            if (!front.wait_for_output("listening on ") || !front.wait_for_output("\n"))
                throw std::runtime_error{"the REST front end did not start: " + front.output()};
            const auto line = front.output();
            u = "http://:secret@127.0.0.1:" + std::to_string(std::stoi(line.substr(line.find("on ") + 3)));
        }
        return u;
    }
};

/// The cache of one process.
struct node {
    node(asio::io_context& loop, backend b, cache_options o = {}) : io{loop}
    {
        if (o.redis_deadline == cache_options{}.redis_deadline) o.redis_deadline = 5s;  // for slow machines
        if (o.lease == cache_options{}.lease) o.lease = 1s;
        if (b == backend::memory) {
            cached.emplace(loop, o);
            return;
        }
        const auto where = *redis::parse_url(backends::url(b));
        client = std::make_unique<redis::client>(loop, where);
        cached.emplace(loop, where, o);
    }
    /// Waits for the end of background work.
    ~node()
    {
        bool done = false;
        asio::co_spawn(io, cached->drain(), [&](const std::exception_ptr&, const unfinished_work&) { done = true; });
        while (!done) {
            io.restart();
            io.run_one_for(100ms);
        }
    }
    node(const node&) = delete;
    node& operator=(const node&) = delete;
    cache& operator*() { return *cached; }
    cache* operator->() { return &*cached; }

    asio::io_context& io;
    std::unique_ptr<redis::client> client;  ///< for access to Redis that bypasses the cache
    std::optional<cache> cached;
};

/// While an object exists, the shared server refuses CLIENT TRACKING on new connections.
class no_tracking {
 public:
    no_tracking() { set("-client|tracking"); }
    no_tracking(const no_tracking&) = delete;
    no_tracking& operator=(const no_tracking&) = delete;
    ~no_tracking() { set("+client|tracking"); }

 private:
    static void set(const char* rule) { redis::testing_server::shared().command({"ACL", "SETUSER", "default", rule}); }
};

class cache_test_base : public redis::loop_test {
 protected:
    ~cache_test_base() override
    {
        io.restart();
        io.poll();
    }
    /// Starts a coroutine that runs concurrently with others; finish() waits for all of them.
    template <class Coroutine>
    void start(Coroutine&& work)
    {
        ++running_;
        asio::co_spawn(io, std::forward<Coroutine>(work), [this](const std::exception_ptr& e) {
            --running_;
            if (e) std::rethrow_exception(e);
        });
    }
    void finish()
    {
        run_until([this] { return running_ == 0; });
    }

    asio::awaitable<void> until(std::function<bool()> holds)
    {
        const auto end = std::chrono::steady_clock::now() + 30s;
        for (bool done = holds(); !done; done = holds()) {
            if (std::chrono::steady_clock::now() > end)
                throw std::runtime_error{"timeout: the condition did not become true"};
            co_await sleep_for(1ms);
        }
    }

 private:
    int running_ = 0;
};

/// Tests with nodes on the shared Redis, which is flushed before each test.
class redis_cache_test : public cache_test_base {
 protected:
    redis_cache_test() { server.command({"FLUSHALL"}); }
    node& another(cache_options o = {}) { return *nodes.emplace_back(std::make_unique<node>(io, backend::redis, o)); }

    redis::testing_server& server = redis::testing_server::shared();
    std::vector<std::unique_ptr<node>> nodes;
};

/// A loader that counts its calls, and that can be held or made to fail.
struct source {
    struct end_counter {
        explicit end_counter(int& n) : count{n} {}
        end_counter(const end_counter&) = delete;
        ~end_counter() { ++count; }
        int& count;
    };
    asio::awaitable<profile> load(std::int64_t id)
    {
        ++begun;
        const end_counter at_the_end{ended};
        const auto as_it_was = name;
        while (held) co_await sleep_for(1ms);
        if (broken) throw std::runtime_error{"the database is unreachable"};
        co_return made(id, as_it_was);
    }

    std::string name = "Ada";
    int begun = 0;
    int ended = 0;
    bool held = false;
    bool broken = false;
};

}  // namespace larder
