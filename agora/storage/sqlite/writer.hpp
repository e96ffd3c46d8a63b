// SPDX-License-Identifier: MIT
// The one writing thread. It takes all waiting units at once, runs them in one transaction, commits once, and only then
// lets the callers go on: many small transactions share one fsync, none waits for a timer. Few units fail after they
// have written, so there are no savepoints; when one does, the group is run again, each unit in a savepoint.
// Thread-safe.
#pragma once

#include <agora/storage/sqlite/jobs.hpp>
#include <atomic>
#include <thread>

namespace agora::storage::sqlite {

class writer {
 public:
    /// Keeps `state`, which outlives the writer, at what its writes meet.
    writer(const sqlite_options& options, condition& state);
    ~writer() { close(); }
    writer(const writer&) = delete;
    writer& operator=(const writer&) = delete;

    /// Returns when the unit is committed or rolled back. A unit may be run again when another one has failed. Throws
    /// what the unit threw, and sql_error when the commit failed.
    asio::awaitable<void> execute(unit_of_work& w) { return queue_.execute(w); }
    asio::awaitable<void> run_script(std::string_view script);

    /// Commits so far; a group counts once.
    std::uint64_t commits() const noexcept { return commits_; }

    /// Finishes what is queued, ends the thread and closes the connection. Idempotent.
    void close();

 private:
    void loop();
    std::vector<job*> attempt(std::vector<job*> batch, bool in_savepoints);
    bool run_unit(job& j);
    void run_in_savepoint(job& j);
    std::exception_ptr commit();

    condition& state_;
    std::optional<connection> connection_;
    job_queue queue_;
    asio::io_context context_{1};  // where the units' coroutines run
    std::atomic<std::uint64_t> commits_ = 0;
    std::once_flag closed_;
    std::thread thread_;
};

}  // namespace agora::storage::sqlite
