// SPDX-License-Identifier: MIT
// How units of work reach a database thread: a bounded queue of jobs, and the way to run a unit there to its end.
// The queue is thread-safe; a job lives in the frame of the coroutine that waits for it.
#pragma once

#include <agora/storage/completion.hpp>
#include <agora/storage/db.hpp>
#include <agora/storage/sqlite/connection.hpp>
#include <boost/asio/io_context.hpp>
#include <condition_variable>
#include <deque>
#include <mutex>

namespace agora::storage::sqlite {

class job {
 public:
    explicit job(unit_of_work& w) : work{w} {}
    unit_of_work& work;
    completion done;
    std::exception_ptr error;
};

/// When a thread is told of a job: at once, or when its loop has run what was ready before, so that all who go on
/// together are taken together.
enum class telling : bool { at_once, together };

class job_queue {
 public:
    job_queue(std::size_t limit, telling when) : limit_{limit}, when_{when} {}

    /// Queues the unit and suspends until a thread has finished its job. Throws sql_error busy when the queue is full,
    /// errc::closed after close().
    asio::awaitable<void> execute(unit_of_work& w);

    /// Blocks until there are jobs, then takes at most `most`. Empty: closed, and all jobs are taken.
    std::vector<job*> take(std::size_t most);

    /// No new jobs; what is queued is still taken.
    void close();

 private:
    std::exception_ptr push(job& j, asio::any_io_executor loop);

    const std::size_t limit_;
    const telling when_;
    std::mutex mutex_;
    std::condition_variable arrived_;
    std::deque<job*> jobs_;
    asio::any_io_executor teller_;  ///< the loop that is going to tell of the jobs that are here now
    bool closed_ = false;
};

/// A session on the connection of this thread. After a failed statement it takes no further one: PostgreSQL does not
/// either, and a unit that has swallowed the error must not be committed.
class connection_session final : public session {
 public:
    explicit connection_session(connection& c) : connection_{c} {}
    const std::exception_ptr& failure() const noexcept { return failure_; }

 protected:
    asio::awaitable<std::int64_t> run(std::string_view sql, const params& bound, row_sink* sink) override;

 private:
    connection& connection_;
    std::exception_ptr failure_;
};

/// Runs a unit to its end on this thread; true when it wants to be committed. Rethrows what it threw, or the failure
/// of a statement that it has swallowed.
bool run_to_end(unit_of_work& w, connection& c, asio::io_context& context);

}  // namespace agora::storage::sqlite
