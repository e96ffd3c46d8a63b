// SPDX-License-Identifier: MIT
// The cost of the outbox for a writer. Transactions change one of 1,000 rows, 16 at a time, alternating every second
// between plain ones and ones that also write an outbox row with the invalidations of a changed post. The relay, which
// deletes those rows, runs too. Prints one line of JSON: the transactions per second of each round.
// bench::run() makes the rounds.
//
//     outbox_load SQLITE_FILE|POSTGRESQL_URL ROUNDS
#include <agora/storage/migrate.hpp>
#include <agora/storage/outbox.hpp>
#include <agora/storage/postgres/postgres.hpp>
#include <agora/storage/sqlite/sqlite.hpp>
#include <cstdio>
#include <larder/json.hpp>
#include <larder/runtime.hpp>
#include <larder/timeout.hpp>
#include <string>
#include <vector>

namespace asio = boost::asio;
using namespace std::chrono_literals;
using agora::storage::invalidations;
using agora::storage::session;
using clock_type = std::chrono::steady_clock;

struct results {
    std::vector<double> plain;
    std::vector<double> outbox;
};
BOOST_DESCRIBE_STRUCT(results, (), (plain, outbox))

class bench {
 public:
    bench(agora::storage::database& db, larder::runtime& loops) : db_{db}, loops_{loops} {}

    asio::awaitable<void> run(int rounds)
    {
        co_await agora::storage::migrate(db_);
        co_await db_.run_script("CREATE TABLE bench (id INTEGER PRIMARY KEY, n INTEGER NOT NULL);");
        auto fill = [](session& s) -> asio::awaitable<bool> {
            for (int i = 0; i < 1000; ++i) co_await s.exec("INSERT INTO bench VALUES ($1, 0)", i);
            co_return true;
        };
        co_await db_.write(fill);
        for (int i = 0; i < rounds; ++i) {
            out.plain.push_back(co_await round(false));
            out.outbox.push_back(co_await round(true));
        }
    }
    results out;

 private:
    asio::awaitable<double> round(bool with_outbox)
    {
        done_ = 0;
        const auto began = clock_type::now();
        end_ = began + 1s;
        running_ = 16;
        for (int i = 0; i < 16; ++i) loops_.spawn(0, with_outbox ? through_outbox(i) : plain(i));
        while (running_ > 0) {
            co_await larder::sleep_for(500ms);
            if (with_outbox) co_await box_.relay();
        }
        const std::chrono::duration<double> took = last_ - began;
        if (with_outbox) co_await box_.relay();
        co_return static_cast<double>(done_) / took.count();
    }
    asio::awaitable<void> plain(int i)
    {
        for (int n = i; clock_type::now() < end_; n = (n + 17) % 1000) {
            auto change = [n](session& s) { return s.exec("UPDATE bench SET n = n + 1 WHERE id = $1", n); };
            co_await db_.write(change);
            ++done_;
        }
        finish_worker();
    }
    asio::awaitable<void> through_outbox(int i)
    {
        for (int n = i; clock_type::now() < end_; n = (n + 17) % 1000) {
            auto change = [n](session& s, invalidations& invalidations) -> asio::awaitable<std::int64_t> {
                invalidations.add(larder::tag{"posts"});
                invalidations.add(larder::tag{"posts-of:{}", n});
                invalidations.add(larder::tag{"post:{}", n});
                co_return co_await s.exec("UPDATE bench SET n = n + 1 WHERE id = $1", n);
            };
            co_await box_.write(change);
            ++done_;
        }
        finish_worker();
    }
    void finish_worker()
    {
        if (--running_ == 0) last_ = clock_type::now();
    }

    agora::storage::database& db_;
    larder::runtime& loops_;
    larder::cache cache_{loops_};
    agora::storage::outbox box_{db_, cache_};
    std::uint64_t done_ = 0;
    int running_ = 0;
    clock_type::time_point end_;
    clock_type::time_point last_;
};

int main(int n, char** words)
{
    if (n != 3) return 2;
    const std::string where = words[1];
    larder::runtime loops{{.loops = 1}};
    std::unique_ptr<agora::storage::database> db;
    if (where.starts_with("postgres")) {
        agora::storage::postgres_options o;
        o.url = where;
        db = make_postgres(o, loops);
    } else {
        agora::storage::sqlite_options o;
        o.path = where;
        db = make_sqlite(o);
    }
    bench b{*db, loops};
    loops.run_until_done(b.run(std::stoi(words[2])));
    std::printf("%s\n", larder::json::to_string(b.out).c_str());
    db->close();
}
