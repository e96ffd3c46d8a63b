// SPDX-License-Identifier: MIT
// Tests of sessions and their signed cookies: the same tests in memory and in Redis, then those of one storage only,
// such as the format that is shared with Express.
#include <gmock/gmock.h>
#include <larder/redis.hpp>
#include <larder/session.hpp>
#include <larder/testing/fault_proxy.hpp>
#include <larder/testing/manual_clock.hpp>
#include <larder/testing/redis_server.hpp>
#include <limits>

#include "cookie_signature.hpp"

namespace larder {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// The test vector is from cookie-signature's own tests.
TEST(cookie_signature_test, signs_as_express_does)
{
    EXPECT_EQ(detail::sign_cookie("hello", "keyboard cat"), "s%3Ahello.xz6khi6%2BoL1pnNhBgjk3Nr1CX2sxTjJiO9pKXaHZ33E");
}

TEST(cookie_signature_test, accepts_values_signed_with_any_of_the_secrets_only)
{
    const std::vector<std::string> secrets{"new", "old"};
    EXPECT_EQ(detail::verify_cookie(detail::sign_cookie("abc", "new"), secrets), "abc");
    EXPECT_EQ(detail::verify_cookie(detail::sign_cookie("abc", "old"), secrets), "abc");
    EXPECT_EQ(detail::verify_cookie(detail::sign_cookie("abc", "other"), secrets), std::nullopt);
    EXPECT_EQ(detail::verify_cookie(detail::sign_cookie("abc", "new"), {}), std::nullopt);
    auto changed = detail::sign_cookie("abc", "new");
    changed[5] = 'x';
    EXPECT_EQ(detail::verify_cookie(changed, secrets), std::nullopt);
    for (const auto* bad : {"", "s:", "s:abc", "s%3Aabc.", "s%3A.abc", "abc.def", "s%3", "%", "s%3Aabc.%zz"})
        EXPECT_EQ(detail::verify_cookie(bad, secrets), std::nullopt) << bad;
    EXPECT_EQ(detail::verify_cookie("s:" + std::string(5000, 'a'), secrets), std::nullopt);
}

enum class place : std::uint8_t { memory, redis };

class sessions_in : public ::testing::TestWithParam<place> {
 protected:
    sessions_in()
    {
        if (GetParam() == place::redis) server_.command({"FLUSHALL"});
    }
    void TearDown() override
    {
        run([&]() -> asio::awaitable<void> {
            for (auto& s : stores_) co_await s->close();
        });
    }
    session_options options() const
    {
        session_options o;
        o.secrets = {"keyboard cat"};
        return o;
    }
    session_store& open(const session_options& o)
    {
        if (GetParam() == place::redis) {
            stores_.push_back(std::make_unique<session_store>(loops_, *redis::parse_url(server_.url()), o));
        } else {
            stores_.push_back(std::make_unique<session_store>(o));
        }
        return *stores_.back();
    }
    template <class F>
    void run(F f)
    {
        loops_.run_until_done(f());
    }
    template <class T>
    T get(asio::awaitable<T> a)
    {
        std::optional<T> out;
        run([&]() -> asio::awaitable<void> { out.emplace(co_await std::move(a)); });
        return *std::move(out);
    }
    template <class F>
    bool becomes(F condition)
    {
        const auto end = std::chrono::steady_clock::now() + 10s;
        while (!condition()) {
            if (std::chrono::steady_clock::now() > end) return false;
            run([]() -> asio::awaitable<void> { co_await sleep_for(1ms); });
        }
        return true;
    }
    /// Waits until the session is found without calling Redis. Reads are not cached until the connection is tracked.
    bool cached(session_store& in, const std::string& id)
    {
        return becomes([&] { return there(in, id) && in.try_find(id); });
    }
    session saved(session_store& in, const std::string& user)
    {
        auto s = in.make();
        s.set("userId", user);
        EXPECT_EQ(get(in.save(s)), save_result::stored);
        EXPECT_TRUE(cached(in, s.id()));
        return **get(in.find(s.id()));
    }
    bool there(session_store& in, const std::string& id) { return *get(in.find(id)) != nullptr; }

    testing::redis_server& server_ = testing::redis_server::shared();
    runtime loops_{runtime_options{.loops = 1}};
    std::vector<std::unique_ptr<session_store>> stores_;
};

INSTANTIATE_TEST_SUITE_P(each, sessions_in, ::testing::Values(place::memory, place::redis),
                         [](const auto& p) { return p.param == place::redis ? "redis" : "memory"; });

TEST_P(sessions_in, a_saved_session_is_found_by_its_cookie)
{
    auto& store = open(options());
    auto s = store.make();
    EXPECT_EQ(s.id().size(), 32U);
    EXPECT_NE(s.id(), store.make().id());
    EXPECT_FALSE(there(store, s.id())) << "a session is not found before it is saved";
    s.set("userId", 42);
    s.set("name", std::string{"Ann"});
    EXPECT_EQ(get(store.save(s)), save_result::stored);
    const auto id = store.verify(store.sign(s.id()));
    ASSERT_TRUE(id);
    const auto found = *get(store.find(*id));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->get<int>("userId"), 42);
    EXPECT_EQ(found->get<std::string>("name"), "Ann");
    EXPECT_EQ(found->get<int>("name"), std::nullopt);
    EXPECT_TRUE(cached(store, *id)) << "the next request does not call Redis";
}

TEST_P(sessions_in, a_ttl_beyond_the_clocks_range_is_capped)
{
    auto o = options();
    o.ttl = std::chrono::hours::max();
    o.touch_every = std::chrono::hours::max();
    o.deadline = std::chrono::milliseconds::max();
    auto& store = open(o);
    const auto s = saved(store, "ann");
    EXPECT_GT(s.expires_at() - system_clock().steady(), 24h * 365);
    // Another program may have written any value.
    auto foreign = store.make();
    foreign.set("cookie",
                std::map<std::string, std::int64_t>{{"originalMaxAge", std::numeric_limits<std::int64_t>::max()}});
    EXPECT_EQ(get(store.save(foreign)), save_result::stored);
    EXPECT_TRUE(there(store, foreign.id()));
}

TEST_P(sessions_in, regenerating_moves_the_session_to_a_new_id)
{
    auto& store = open(options());
    const auto s = saved(store, "7");
    const auto fresh = get(store.regenerate(s));
    ASSERT_TRUE(fresh);
    EXPECT_NE(fresh->id(), s.id());
    EXPECT_FALSE(there(store, s.id()));
    EXPECT_EQ((*get(store.find(fresh->id())))->get<std::string>("userId"), "7");
}

TEST_P(sessions_in, a_destroyed_session_is_not_stored_again)
{
    auto& store = open(options());
    auto s = saved(store, "7");
    EXPECT_TRUE(get(store.destroy(s.id())));
    EXPECT_FALSE(there(store, s.id()));
    EXPECT_FALSE(store.try_find(s.id()));
    s.set("late", true);
    EXPECT_EQ(get(store.save(s)), save_result::gone);
    EXPECT_FALSE(there(store, s.id()));
}

TEST_P(sessions_in, all_sessions_of_a_user_are_listed_and_destroyed)
{
    auto& store = open(options());
    const auto a = saved(store, "7");
    const auto b = saved(store, "7");
    const auto c = saved(store, "8");
    EXPECT_EQ(get(store.of_user("7"))->size(), 2U);
    EXPECT_EQ(*get(store.destroy_all("7", b.id())), 1U);
    EXPECT_FALSE(there(store, a.id()));
    EXPECT_TRUE(there(store, b.id()));
    EXPECT_TRUE(there(store, c.id()));
    EXPECT_EQ(get(store.of_user("7"))->size(), 1U);
    EXPECT_EQ(get(store.of_user("nobody"))->size(), 0U);
}

TEST_P(sessions_in, a_session_that_changed_its_owner_is_not_destroyed_with_those_of_the_former_owner)
{
    auto& store = open(options());
    auto s = saved(store, "7");
    s.set("userId", "8");
    EXPECT_EQ(get(store.save(s)), save_result::stored);
    EXPECT_EQ(get(store.of_user("7"))->size(), 0U);
    EXPECT_EQ(*get(store.destroy_all("7")), 0U);
    EXPECT_TRUE(there(store, s.id()));
    EXPECT_EQ(get(store.of_user("8"))->size(), 1U);
}

TEST_P(sessions_in, a_session_expires_when_it_is_not_used_for_its_ttl)
{
    auto o = options();
    o.ttl = 1s;
    o.touch_every = 1s;
    auto& store = open(o);
    const auto s = saved(store, "7");
    const auto end = std::chrono::steady_clock::now() + 10s;
    run([&]() -> asio::awaitable<void> {
        for (bool expired = false; !expired && std::chrono::steady_clock::now() < end;) {
            co_await sleep_for(20ms);
            const auto found = co_await store.find(s.id());
            expired = *found == nullptr;
        }
    });
    EXPECT_LT(std::chrono::steady_clock::now(), end);
}

TEST_P(sessions_in, using_a_session_extends_it)
{
    auto o = options();
    o.ttl = 2s;
    o.touch_every = 100ms;
    auto& store = open(o);
    const auto s = saved(store, "7");
    int extended = 0;
    run([&]() -> asio::awaitable<void> {
        for (int i = 0; i < 60; ++i) {
            co_await sleep_for(50ms);
            const auto found = co_await store.find(s.id());
            EXPECT_TRUE(*found) << i;
            extended += *found && (*found)->expiry_extended() ? 1 : 0;
        }
    });
    EXPECT_GT(extended, 2) << "the caller learns that the cookie must be set again";
    EXPECT_LT(extended, 60) << "but not on every request";
}

TEST(sessions_in_memory, are_bounded_and_the_session_that_expires_first_is_dropped)
{
    testing::manual_clock time;
    session_options o;
    o.max_in_memory = 3;
    o.time = &time;
    session_store store{o};
    std::vector<std::string> ids;
    asio::io_context loop;
    const auto fill = [&]() -> asio::awaitable<void> {
        for (int i = 0; i < 4; ++i) {
            time.advance(1s);
            auto s = store.make();
            ids.push_back(s.id());
            co_await store.save(s);
        }
    };
    asio::co_spawn(loop, fill(), [](std::exception_ptr e) { EXPECT_FALSE(e); });
    loop.run();
    EXPECT_FALSE(store.try_find(ids[0]));
    for (int i = 1; i < 4; ++i) EXPECT_TRUE(store.try_find(ids[static_cast<std::size_t>(i)])) << i;
}

TEST(sessions_in_memory, do_not_expire_because_of_a_step_of_the_wall_clock)
{
    testing::manual_clock time;
    session_options o;
    o.ttl = 1h;
    o.time = &time;
    session_store store{o};
    auto s = store.make();
    asio::io_context loop;
    asio::co_spawn(loop, store.save(s), [](std::exception_ptr e, save_result) { EXPECT_FALSE(e); });
    loop.run();
    for (const auto by : {-60'000ms, -3'600'000ms, 7'200'000ms, 90'000'000ms}) {
        time.step_wall(by);
        EXPECT_TRUE(store.try_find(s.id())) << by.count();
    }
    time.advance(61min);
    EXPECT_FALSE(store.try_find(s.id()));
}

class sessions_in_redis : public sessions_in {};
INSTANTIATE_TEST_SUITE_P(only, sessions_in_redis, ::testing::Values(place::redis), [](const auto&) { return "redis"; });

TEST_P(sessions_in_redis, have_the_format_of_express_session)
{
    auto o = options();
    o.prefix = "session:sess:";
    o.cookie.same_site = "strict";
    o.cookie.secure = true;
    auto& store = open(o);
    const auto s = saved(store, "7");
    const auto text = server_.command({"GET", "session:sess:" + s.id()});
    EXPECT_THAT(text, ::testing::MatchesRegex(
                          R"re(\{"cookie":\{"originalMaxAge":86400000,"expires":"20[0-9T:.-]+Z","secure":true,)re"
                          R"re("httpOnly":true,"path":"/","sameSite":"strict"\},"userId":"7"\})re"));
    EXPECT_THAT(std::stoll(server_.command({"TTL", "session:sess:" + s.id()})), ::testing::Gt(86390));
}

TEST_P(sessions_in_redis, fields_of_other_programs_are_kept)
{
    const std::string theirs =
        R"({"cookie":{"originalMaxAge":60000,"expires":"2026-01-01T00:00:00.000Z","httpOnly":true,"path":"/",)"
        R"("priority":"high"},"passport":{"user":[1,{"a":"}"}]},"views":3,"odd key\"":null})";
    server_.command({"SET", "sess:abc", theirs, "EX", "60"});
    auto& store = open(options());
    auto s = **get(store.find("abc"));
    s.set("userId", 9);
    EXPECT_EQ(get(store.save(s)), save_result::stored);
    const auto text = server_.command({"GET", "sess:abc"});
    EXPECT_THAT(text, HasSubstr(R"("passport":{"user":[1,{"a":"}"}]},"views":3,"odd key\"":null,"userId":9})"));
    EXPECT_THAT(text, HasSubstr(R"("priority":"high")"));
    EXPECT_THAT(text, ::testing::Not(HasSubstr("2026-01-01")));
    EXPECT_THAT(std::stoll(server_.command({"TTL", "sess:abc"})),
                ::testing::AllOf(::testing::Gt(50), ::testing::Le(60)));
}

// If the index of a user expired with the session that was added last, sessions that live longer could not be
// destroyed.
TEST_P(sessions_in_redis, the_index_of_a_user_expires_with_its_last_session)
{
    auto& store = open(options());
    const auto longer = saved(store, "7");
    auto o = options();
    o.ttl = 60s;
    auto& short_lived = open(o);
    const auto shorter = saved(short_lived, "7");
    EXPECT_THAT(std::stoll(server_.command({"TTL", "sessions-of:7"})), ::testing::Gt(86'000));
    EXPECT_EQ(get(store.of_user("7"))->size(), 2U);
    EXPECT_EQ(*get(store.destroy_all("7")), 2U);
    EXPECT_EQ(server_.command({"EXISTS", "sessions-of:7"}), "0");
}

TEST_P(sessions_in_redis, the_index_of_a_user_loses_expired_sessions_and_keeps_those_that_Express_extends)
{
    for (int i = 0; i < 40; ++i) server_.command({"ZADD", "sessions-of:7", "1000", "dead" + std::to_string(i)});
    server_.command({"ZADD", "sessions-of:7", "1000", "alive"});
    server_.command({"SET", "sess:alive", R"({"cookie":{},"userId":"7"})", "EX", "90000"});
    auto& store = open(options());
    auto s = saved(store, "7");
    for (int i = 0; i < 3; ++i) EXPECT_EQ(get(store.save(s)), save_result::stored);
    EXPECT_EQ(server_.command({"ZCARD", "sessions-of:7"}), "2");
    EXPECT_EQ(get(store.of_user("7"))->size(), 2U);
    EXPECT_THAT(std::stoll(server_.command({"TTL", "sessions-of:7"})), ::testing::Gt(89'000));
    const auto fresh = get(store.regenerate(s));
    EXPECT_EQ(server_.command({"ZCARD", "sessions-of:7"}), "2");
    EXPECT_TRUE(get(store.destroy(fresh->id())));
    EXPECT_EQ(server_.command({"ZCARD", "sessions-of:7"}), "1");
}

TEST_P(sessions_in_redis, values_that_are_not_sessions_are_ignored)
{
    auto& store = open(options());
    for (const auto* text : {"", "{}", "[]", "{\"cookie\":{}", "{\"cookie\":{},\"a\":1,\"a\":2}", "\xff"}) {
        server_.command({"SET", "sess:abc", text});
        store.try_find("abc");
        EXPECT_FALSE(there(store, "abc")) << text;
    }
    server_.command({"SET", "sess:abc", "{\"cookie\":{}}"});
    EXPECT_TRUE(becomes([&] { return there(store, "abc"); }));
}

TEST_P(sessions_in_redis, changes_by_another_program_are_noticed_at_once)
{
    auto& here = open(options());
    auto& there_ = open(options());
    auto s = saved(here, "7");
    EXPECT_TRUE(here.try_find(s.id()));
    const auto until_gone = [&]() -> asio::awaitable<int> {
        int looks = 0;
        for (auto found = here.try_find(s.id()); found; found = here.try_find(s.id())) {
            ++looks;
            co_await sleep_for(1ms);
        }
        co_return looks;
    };
    EXPECT_TRUE(get(there_.destroy(s.id())));
    EXPECT_LT(get(until_gone()), 2000);
    EXPECT_FALSE(there(here, s.id()));
}

TEST_P(sessions_in_redis, requests_of_one_session_hardly_ever_call_redis)
{
    auto& store = open(options());
    const auto s = saved(store, "7");
    there(store, s.id());
    const auto calls = [&] {
        return std::stoll(server_.command({"INFO", "stats"})
                              .substr(server_.command({"INFO", "stats"}).find("total_commands_processed:") + 25));
    };
    const auto before = calls();
    for (int i = 0; i < 1000; ++i) EXPECT_TRUE(there(store, s.id()));
    EXPECT_LT(calls() - before, 50);
}

TEST_P(sessions_in_redis, without_redis_every_call_fails_with_unavailable)
{
    testing::fault_proxy proxy{server_.port()};
    auto o = options();
    o.deadline = 200ms;
    session_store store{loops_, *redis::parse_url("redis://127.0.0.1:" + std::to_string(proxy.port())), o};
    auto s = store.make();
    EXPECT_EQ(get(store.save(s)), save_result::stored);
    EXPECT_TRUE(there(store, s.id()));
    proxy.refuse();
    EXPECT_EQ(get(store.find("unknown")).error(), errc::unavailable);
    EXPECT_EQ(get(store.save(store.make())), save_result::unavailable);
    EXPECT_EQ(get(store.of_user("7")).error(), errc::unavailable);
    EXPECT_EQ(get(store.destroy(s.id())).error(), errc::unavailable);
    proxy.heal();
    run([&]() -> asio::awaitable<void> { co_await store.close(); });
}

}  // namespace
}  // namespace larder
