// SPDX-License-Identifier: MIT
// The only thread that writes. It takes all waiting units at once, runs them in one transaction, commits once, and only
// then resumes the callers: many small transactions share one fsync, and none waits for a timer. Units rarely fail
// after they have written, so there are no savepoints at first; when one does, the group runs again with each unit in a
// savepoint. Thread-safe.
#pragma once

#include <agora/storage/sqlite/jobs.hpp>
#include <atomic>
#include <thread>

namespace agora::storage::sqlite {

class writer {
 public:
    /// Records the outcome of its writes in `state`. Requires: `state` outlives the writer.
    writer(const sqlite_options& options, condition& state);
    ~writer() { close(); }
    writer(const writer&) = delete;
    writer& operator=(const writer&) = delete;

    /// Returns when the unit is committed or rolled back. A unit may run a second time because another one has failed.
    /// Throws what the unit threw, and sql_error when the commit failed.
    asio::awaitable<void> execute(unit_of_work& w) { return queue_.execute(w); }
    asio::awaitable<void> run_script(std::string_view script);

    /// Number of commits so far; a group counts once.
    std::uint64_t commits() const noexcept { return commits_; }

    /// Finishes the queued units, ends the thread and closes the connection. Idempotent.
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
    asio::io_context context_{1};  // runs the units' coroutines
    std::atomic<std::uint64_t> commits_ = 0;
    std::once_flag closed_;
    std::thread thread_;
};

}  // namespace agora::storage::sqlite
