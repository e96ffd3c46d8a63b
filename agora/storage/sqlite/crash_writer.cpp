// SPDX-License-Identifier: MIT
// A helper program of writer_test.cpp. Writes rows into ./crash.db from 16 coroutines until it is killed, and prints
// the number of each row after its write was acknowledged.
#include <agora/storage/sqlite/sqlite.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdio>

namespace {

namespace asio = boost::asio;
using namespace agora::storage;

asio::awaitable<void> write_rows(database& db, std::int64_t first, std::int64_t step)
{
    for (std::int64_t n = first;; n += step) {
        co_await db.write([&](session& s) -> asio::awaitable<std::int64_t> {
            co_return co_await s.exec("INSERT INTO rows (n) VALUES ($1)", n);
        });
        std::printf("%lld\n", static_cast<long long>(n));
        std::fflush(stdout);
    }
}

asio::awaitable<void> start(database& db)
{
    constexpr std::int64_t writers = 16;
    co_await db.run_script("CREATE TABLE rows (n BIGINT PRIMARY KEY)");
    const auto executor = co_await asio::this_coro::executor;
    for (std::int64_t i = 0; i < writers; ++i) {
        asio::co_spawn(executor, write_rows(db, i, writers), [](std::exception_ptr e) {
            if (e) std::rethrow_exception(e);
        });
    }
}

}  // namespace

int main()
{
    sqlite_options options;
    options.path = "crash.db";
    const auto db = make_sqlite(options);
    asio::io_context context;
    asio::co_spawn(context, start(*db), [](std::exception_ptr e) {
        if (e) std::rethrow_exception(e);
    });
    context.run();
}
