// SPDX-License-Identifier: MIT
// The fixture of the slices' tests: an empty forum. A suite derives from `forum` and is instantiated with FORUM_SUITE,
// so that every test runs once on SQLite and once on PostgreSQL.
#pragma once

#include <gtest/gtest.h>

#include <agora/api/authoring.hpp>
#include <agora/services/services.hpp>
#include <agora/storage/db.hpp>
#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <larder/runtime.hpp>
#include <larder/testing/manual_clock.hpp>
#include <larder/testing/process.hpp>
#include <larder/timeout.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace agora::testing {

class forum;

/// A client of the routes of a suite's slices. Requests pass admission, but no network.
class client {
 public:
    client(forum& f, http::principal principal) : forum_{f}, principal_{principal} {}
    http::response get(const std::string& target) { return send(http::verb::get, target, {}); }
    http::response post(const std::string& target, std::string_view json)
    {
        return send(http::verb::post, target, json);
    }
    http::response put(const std::string& target, std::string_view json = {})
    {
        return send(http::verb::put, target, json);
    }
    /// Submits a form of a page; `fields` are urlencoded.
    http::response form(const std::string& target, std::string_view fields)
    {
        return send(http::verb::post, target, fields, "application/x-www-form-urlencoded");
    }
    http::response del(const std::string& target) { return send(http::verb::del, target, {}); }

 private:
    http::response send(http::verb method, const std::string& target, std::string_view body,
                        std::string_view content_type = "application/json");

    forum& forum_;
    http::principal principal_;
};

class forum : public ::testing::TestWithParam<std::string> {
 protected:
    forum();
    ~forum() override;

    storage::database& db() { return *db_; }
    storage::outbox& outbox() { return *outbox_; }

    /// Runs a coroutine to its end on loop 0, which the database uses.
    template <class T>
    T run(storage::asio::awaitable<T> work)
    {
        std::optional<T> result;
        loops_.run_until_done(store_result(std::move(work), result));
        return *std::move(result);
    }

    /// Runs all of these at the same time. Returns for each the code of its failure, or an empty text.
    template <class T>
    std::vector<std::string> together(std::vector<storage::asio::awaitable<outcome<T>>> all)
    {
        std::vector<std::string> ends(all.size());
        std::atomic<std::size_t> left = all.size();
        const auto one = [&](storage::asio::awaitable<outcome<T>> work,
                             std::string& end) -> storage::asio::awaitable<void> {
            const auto done = co_await std::move(work);
            if (!done) end = done.error().code;
            --left;
        };
        const auto start = [&]() -> storage::asio::awaitable<bool> {
            const auto loop = co_await storage::asio::this_coro::executor;
            for (std::size_t i = 0; i < all.size(); ++i)
                storage::asio::co_spawn(loop, one(std::move(all[i]), ends[i]),
                                        [](std::exception_ptr e) { EXPECT_FALSE(e); });
            while (left > 0) co_await larder::sleep_for(std::chrono::milliseconds{1});
            co_return true;
        };
        run(start());
        return ends;
    }
    /// Called inside a transaction: returns when another transaction waits for a lock, or after a while. Returns at
    /// once on SQLite, which runs one transaction at a time.
    storage::asio::awaitable<void> wait_until_another_is_blocked(storage::session& s);

    /// Changes rows directly, bypassing the stores. Returns the number of changed rows.
    template <class... Args>
    std::int64_t execute(std::string_view sql, const Args&... args)
    {
        return run(db().write([&](storage::session& s) { return s.exec(sql, args...); }));
    }

    /// The single number that a query returns.
    template <class... Args>
    std::int64_t number(std::string_view sql, const Args&... args)
    {
        return run(db().first<std::int64_t>(sql, args...)).value();
    }

    /// The values of the response's header fields of that name.
    static std::vector<std::string> fields_of(const http::response& a, std::string_view name);

    /// What slices are made of. Their routes are reached through as() and guest().
    services& parts() { return services_; }
    client as(std::int64_t user_id, http::role role = http::role::user);
    client guest() { return {*this, {}}; }

    std::int64_t add_user(const std::string& name);
    std::int64_t add_category(const std::string& slug);

    larder::testing::manual_clock clock_;
    markup::renderer renderer_;
    const api::authoring by_author_{clock_, renderer_};

 private:
    friend class client;

    template <class T>
    static storage::asio::awaitable<void> store_result(storage::asio::awaitable<T> work, std::optional<T>& result)
    {
        result.emplace(co_await std::move(work));
    }

    larder::runtime loops_;
    larder::testing::temporary_folder folder_;
    std::unique_ptr<storage::database> db_;
    larder::cache cache_{loops_};
    std::unique_ptr<storage::outbox> outbox_ = std::make_unique<storage::outbox>(*db_, cache_);
    larder::limiter limits_{nullptr};
    larder::session_store sessions_{larder::session_options{.secrets = {"a secret for the tests"}}};
    http::router routes_;
    site::site site_{routes_, cache_, {"Agora", "https://agora.example"}};
    storage::cursor_signer cursors_{"a secret for the tests"};
    services services_{*outbox_, cache_, limits_, sessions_, routes_, site_, cursors_, renderer_, clock_};
};

}  // namespace agora::testing

#define FORUM_SUITE(suite)                                                                \
    INSTANTIATE_TEST_SUITE_P(databases, suite, ::testing::Values("sqlite", "postgresql"), \
                             [](const auto& suite_info) { return suite_info.param; })
