// SPDX-License-Identifier: MIT
// The SQLite driver's implementation of database: reads go to the threads of reader_pool, writes to the one thread of
// writer. Start at class sqlite_database.
#include <agora/storage/sqlite/sqlite.hpp>
#include <agora/storage/sqlite/writer.hpp>

namespace agora::storage {

namespace {

using namespace sqlite;

/// Threads with one read-only connection each, which take jobs from a shared queue.
class reader_pool {
 public:
    reader_pool(const sqlite_options& options, condition& state)
        : state_{state}, queue_{options.queue_limit, notification::at_once}
    {
        for (std::size_t i = 0; i < reader_count; ++i) {
            connections_.push_back(std::make_unique<connection>(options, connection::access::read_only));
        }
        for (auto& c : connections_) threads_.emplace_back([this, &c] { loop(*c); });
    }
    ~reader_pool() { close(); }
    reader_pool(const reader_pool&) = delete;
    reader_pool& operator=(const reader_pool&) = delete;

    asio::awaitable<void> execute(unit_of_work& w) { return queue_.execute(w); }

    void close()
    {
        std::call_once(closed_, [&] {
            queue_.close();
            for (auto& t : threads_) t.join();
            connections_.clear();
        });
    }

 private:
    void loop(connection& c)
    {
        asio::io_context context{1};
        for (;;) {
            const auto taken = queue_.take(1);
            if (taken.empty()) return;
            job& j = *taken.front();
            try {
                run_to_completion(j.work, c, context);
            } catch (...) {
                j.error = std::current_exception();
                state_.failed(j.error);
            }
            j.done.finish(j.error);
        }
    }

    condition& state_;
    job_queue queue_;
    std::vector<std::unique_ptr<connection>> connections_;
    std::vector<std::thread> threads_;
    std::once_flag closed_;
};

class sqlite_database final : public database {
 public:
    explicit sqlite_database(const sqlite_options& options)
        : path_{options.path}, writer_{options, condition_}, readers_{options, condition_}
    {}

    asio::awaitable<void> ping() override { co_await first<std::int64_t>("SELECT 1"); }
    std::string_view dialect() const noexcept override { return "sqlite"; }
    std::string describe() const override { return "sqlite:" + path_; }
    asio::awaitable<std::string> server_version() override { co_return sqlite3_libversion(); }
    /// data_version of a connection changes only when another connection writes, so the connection that makes our own
    /// writes is asked.
    asio::awaitable<std::optional<std::int64_t>> foreign_writes() override
    {
        co_return co_await write([](session& s) { return s.first<std::int64_t>("PRAGMA data_version"); });
    }
    asio::awaitable<void> run_script(std::string_view script) override { return writer_.run_script(script); }

    void close() override
    {
        readers_.close();
        writer_.close();
    }

 protected:
    asio::awaitable<void> run_read(unit_of_work& w) override { return readers_.execute(w); }
    asio::awaitable<void> run_write(unit_of_work& w) override { return writer_.execute(w); }

 private:
    std::string path_;
    writer writer_;        // opened first, because it creates the file and switches it to WAL mode
    reader_pool readers_;  // closed before writer_, so that the last connection can merge the WAL into the file
};

}  // namespace

std::unique_ptr<database> make_sqlite(const sqlite_options& options)
{
    return std::make_unique<sqlite_database>(options);
}

}  // namespace agora::storage
