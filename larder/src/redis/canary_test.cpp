// SPDX-License-Identifier: MIT
// The canary test: random commands over a network that is randomly cut, delayed, split, silenced and reset, with
// callers that cancel at random. Every value names its key, so a reply that reaches the wrong caller is detected at
// once. The final value of the counter shows whether an INCR ran twice or was lost. The environment variables
// CANARY_COMMANDS and CANARY_SEED set the number of commands and the seed.
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdio>
#include <cstdlib>
#include <larder/testing/fault_proxy.hpp>
#include <random>
#include <sstream>

#include "loop_fixture.hpp"

namespace larder::redis {
namespace {

using testing::direction;
using testing::fault_proxy;

std::uint64_t setting(const char* name, std::uint64_t otherwise)
{
    const char* text = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): before any thread is there
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

struct tally {
    std::uint64_t begun = 0;
    std::uint64_t ok = 0;
    std::uint64_t refused = 0;
    std::uint64_t not_sent = 0;
    std::uint64_t unknown = 0;
    std::uint64_t cancelled = 0;
    std::uint64_t mismatches = 0;
    std::uint64_t late = 0;
    std::chrono::milliseconds slowest{0};  ///< longest time past a deadline
    std::uint64_t increments_acknowledged = 0;
    std::uint64_t increments_unknown = 0;
    std::uint64_t faults = 0;
};

class canary_test : public loop_test {
 protected:
    static constexpr std::size_t keys = 500;

    asio::awaitable<void> worker()
    {
        while (t.begun < total) {
            ++t.begun;
            const auto timeout = std::chrono::milliseconds{std::uniform_int_distribution{5, 300}(random)};
            const auto begin = std::chrono::steady_clock::now();
            const auto outcome_of = co_await one(exec_options{timeout});
            count(outcome_of);
            const auto over = std::chrono::steady_clock::now() - begin - timeout;
            t.slowest = std::max(t.slowest, std::chrono::duration_cast<std::chrono::milliseconds>(over));
            if (over > 100ms) ++t.late;
            // Pause now and then, so that the faults hit commands in flight.
            if (random() % 8 == 0) co_await sleep_for(std::chrono::microseconds{random() % 20'000});
        }
        --working;
    }

    asio::awaitable<outcome> one(exec_options o)
    {
        const auto key = "key:" + std::to_string(random() % keys);
        switch (random() % 8) {
            case 0: {
                const auto n = co_await redis.exec<long>(request{"INCR", "counter"}, o);
                t.increments_acknowledged += n.has_value() ? 1 : 0;
                const bool unknown = !n && n.error().outcome == outcome::unknown;
                t.increments_unknown += unknown ? 1 : 0;
                co_return n ? outcome::ok : n.error().outcome;
            }
            case 1: {
                request two{"GET", key};
                two.add("GET", "key:1");
                const auto both = co_await redis.pipeline<std::string, std::string>(std::move(two), o);
                if (!both) co_return both.error().outcome;
                expect(std::get<0>(*both).value(), key);
                expect(std::get<1>(*both).value(), "key:1");
                co_return outcome::ok;
            }
            case 2: {
                request two{"GET", key};
                two.add("STRLEN", key);
                const auto both = co_await redis.transaction<std::string, std::size_t>(std::move(two), o);
                if (!both) co_return both.error().outcome;
                expect(std::get<0>(*both).value(), key);
                if (std::get<1>(*both).value() != value_of(key).size()) ++t.mismatches;
                co_return outcome::ok;
            }
            default: {
                const auto value = co_await redis.exec<std::string>(request{"GET", key}, o);
                if (!value) co_return value.error().outcome;
                expect(*value, key);
                co_return outcome::ok;
            }
        }
    }

    void count(outcome what)
    {
        switch (what) {
            case outcome::ok:
                ++t.ok;
                break;
            case outcome::refused:
                ++t.refused;
                break;
            case outcome::not_sent:
                ++t.not_sent;
                break;
            case outcome::unknown:
                ++t.unknown;
                break;
        }
    }

    static std::string value_of(const std::string& key)
    {
        return key + std::string(std::stoul(key.substr(4)) * 7, '.');
    }
    void expect(const std::string& value, const std::string& key)
    {
        if (value == value_of(key)) return;
        ++t.mismatches;
        std::printf("canary: requested %s, got %zu bytes: %.60s\n", key.c_str(), value.size(), value.c_str());
    }

    /// Starts commands and cancels each of them at a random moment.
    asio::awaitable<void> impatient()
    {
        while (working > 0) {
            asio::cancellation_signal signal;
            bool ended = false;
            asio::co_spawn(
                io, cancellable(ended),
                asio::bind_cancellation_slot(signal.slot(), [&](const std::exception_ptr&) { ended = true; }));
            co_await sleep_for(std::chrono::microseconds{random() % 2000 + 1});
            if (!ended) signal.emit(asio::cancellation_type::terminal);
            while (!ended) co_await sleep_for(1ms);
            ++t.cancelled;
        }
        --helpers;
    }
    asio::awaitable<void> cancellable(bool& ended)
    {
        const auto key = "key:" + std::to_string(random() % keys);
        const auto value = co_await redis.exec<std::string>(request{"GET", key}, exec_options{200ms});
        if (value) expect(*value, key);
        ended = true;
    }

    asio::awaitable<void> trouble()
    {
        while (working > 0) {
            const auto d = random() % 2 == 0 ? direction::to_server : direction::to_client;
            switch (random() % 9) {
                case 0:
                    proxy.delay(d, std::chrono::milliseconds{random() % 60});
                    break;
                case 1:
                    proxy.split(d, random() % 20 + 1);
                    break;
                case 2:
                    proxy.reset_all();
                    break;
                case 3:
                    proxy.close_all();
                    break;
                case 4:
                    proxy.black_hole(d);
                    break;
                case 5:
                    proxy.discard(d);
                    break;
                case 6:
                    proxy.refuse();
                    break;
                default:
                    proxy.cut_after(d, random() % 2000);
            }
            ++t.faults;
            co_await sleep_for(std::chrono::milliseconds{random() % 25});
            proxy.heal();
            co_await sleep_for(std::chrono::milliseconds{random() % 25});
        }
        --helpers;
    }

    std::uint64_t total = setting("CANARY_COMMANDS", 100'000);
    std::uint64_t seed = setting("CANARY_SEED", 1);
    std::mt19937_64 random{seed};
    testing_server server;
    fault_proxy proxy{server.port()};
    client redis{io, to("redis://127.0.0.1:" + std::to_string(proxy.port()))};
    tally t;
    int working = 0;
    int helpers = 0;
};

TEST_F(canary_test, T1_T6_no_reply_ever_reaches_another_and_every_call_settles_in_time)
{
    for (std::size_t i = 0; i < keys; ++i)
        server.command({"SET", "key:" + std::to_string(i), value_of("key:" + std::to_string(i))});
    const auto begin = std::chrono::steady_clock::now();
    working = 64;
    for (int i = 0; i < working; ++i)
        asio::co_spawn(io, worker(), [](const std::exception_ptr& e) {
            if (e) std::rethrow_exception(e);
        });
    helpers = 5;
    for (int i = 0; i < helpers - 1; ++i)
        asio::co_spawn(io, impatient(), [](const std::exception_ptr& e) {
            if (e) std::rethrow_exception(e);
        });
    asio::co_spawn(io, trouble(), [](const std::exception_ptr& e) {
        if (e) std::rethrow_exception(e);
    });
    run_until([&] { return working == 0 && helpers == 0; },
              std::chrono::seconds{120 + static_cast<long>(total / 1000)});

    // Bytes that were sent may still be on their way to the server.
    proxy.heal();
    run_until([&] { return proxy.connections() <= 1; });
    run([&]() -> asio::awaitable<void> { co_await redis.exec(request{"PING"}); });
    server.command({"PING"});
    const auto counter = std::stoull(server.command({"GET", "counter"}));
    const auto seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    std::ostringstream text;
    text << "canary: seed " << seed << ", " << total << " commands in " << seconds << " s, " << t.faults << " faults, "
         << proxy.accepted() << " connections: ok " << t.ok << ", not_sent " << t.not_sent << ", unknown " << t.unknown
         << ", refused " << t.refused << ", cancelled " << t.cancelled << "; mismatches " << t.mismatches << ", late "
         << t.late << " (slowest " << t.slowest.count() << " ms past its deadline); counter " << counter << " in ["
         << t.increments_acknowledged << ", " << t.increments_acknowledged + t.increments_unknown << "]\n";
    std::fputs(text.str().c_str(), stdout);
    EXPECT_EQ(t.mismatches, 0U);
    EXPECT_EQ(t.late, 0U);
    EXPECT_EQ(t.refused, 0U);
    EXPECT_GT(t.ok, total / 4);
    EXPECT_GE(counter, t.increments_acknowledged);
    EXPECT_LE(counter, t.increments_acknowledged + t.increments_unknown);
}

}  // namespace
}  // namespace larder::redis
