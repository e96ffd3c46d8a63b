// SPDX-License-Identifier: MIT
// The fixture of tests that run once per database: SQLite in a temporary folder, PostgreSQL in a new database on a real
// server.
//
//     using my_test = storage_test;
//     TEST_P(my_test, reads_what_it_wrote) { run([&]() -> asio::awaitable<void> { co_await db().ping(); }); }
//     INSTANTIATE_TEST_SUITE_P(on, my_test, both_databases, name_of_database);
#pragma once

#include <gtest/gtest.h>

#include <agora/storage/postgres/postgres.hpp>
#include <agora/storage/sqlite/sqlite.hpp>
#include <atomic>
#include <larder/runtime.hpp>
#include <larder/testing/postgres_server.hpp>
#include <larder/testing/process.hpp>

namespace agora::storage {

/// The limits that a test may change, for both drivers.
struct storage_limits {
    std::chrono::milliseconds statement_timeout{5000};
    std::size_t queue_limit = 10'000;
    std::size_t cached_statements = 256;
};

class storage_test : public testing::TestWithParam<std::string> {
 protected:
    bool on_postgres() const { return GetParam() == "postgresql"; }
    larder::runtime& loops() { return loops_; }

    /// The test's database, opened at the first call.
    database& db()
    {
        if (!db_) db_ = open();
        return *db_;
    }

    /// Opens the same database a second time.
    std::unique_ptr<database> open(const storage_limits& limits = {})
    {
        if (on_postgres()) {
            if (url_.empty()) url_ = larder::testing::postgres_server::shared().create_database();
            postgres_options options;
            options.url = url_;
            options.statement_timeout = limits.statement_timeout;
            options.queue_limit = limits.queue_limit;
            options.cached_statements = limits.cached_statements;
            return make_postgres(options, loops_);
        }
        sqlite_options options;
        options.path = folder_.path() / "test.db";
        options.statement_timeout = limits.statement_timeout;
        options.queue_limit = limits.queue_limit;
        options.cached_statements = limits.cached_statements;
        return make_sqlite(options);
    }

    /// Runs a coroutine to its end on loop 0.
    template <class F>
    void run(F body)
    {
        loops_.run_until_done(body());
    }

    /// Runs body(0) ... body(n - 1) concurrently on all loops. At most once per test.
    template <class F>
    void run_together(int n, F body)
    {
        std::atomic<int> left = n;
        for (int i = 0; i < n; ++i) {
            loops_.spawn(static_cast<std::size_t>(i) % loops_.loops(), one_of(body, i, left));
        }
        loops_.run();
    }

 private:
    template <class F>
    asio::awaitable<void> one_of(F& body, int i, std::atomic<int>& left)
    {
        co_await body(i);
        if (--left == 0) loops_.stop();
    }

    larder::testing::temporary_folder folder_;
    std::string url_;
    larder::runtime loops_{{.loops = 2}};
    std::unique_ptr<database> db_;
};

inline const auto both_databases = testing::Values("sqlite", "postgresql");
inline const auto name_of_database = [](const auto& info) { return info.param; };

}  // namespace agora::storage
