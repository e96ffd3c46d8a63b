// SPDX-License-Identifier: MIT
// How units of work get to a database thread: a bounded queue of jobs, and a function that runs a unit there.
// The queue is thread-safe. A job lives in the frame of the coroutine that waits for it.
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

/// When a thread is notified of a new job: at once, or after the event loop has run everything that is ready, so that
/// coroutines that continue at the same time end up in one batch.
enum class notification : bool { at_once, batched };

class job_queue {
 public:
    job_queue(std::size_t limit, notification when) : limit_{limit}, notification_{when} {}

    /// Queues the unit and suspends until a thread has finished it. Throws sql_error with errc::busy when the queue is
    /// full, and larder::errc::closed after close().
    asio::awaitable<void> execute(unit_of_work& w);

    /// Blocks until there are jobs, then takes at most `most`. Returns an empty vector when the queue is closed and
    /// empty.
    std::vector<job*> take(std::size_t most);

    /// Rejects new jobs. Queued jobs can still be taken.
    void close();

 private:
    std::exception_ptr push(job& j, asio::any_io_executor loop);

    const std::size_t limit_;
    const notification notification_;
    std::mutex mutex_;
    std::condition_variable job_available_;
    std::deque<job*> jobs_;
    asio::any_io_executor notifying_loop_;  ///< the loop that will notify the thread of the jobs queued now
    bool closed_ = false;
};

/// A session on the connection of this thread. After a failed statement it accepts no more statements, as with
/// PostgreSQL, and a unit that has swallowed the error must not be committed.
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

/// Runs a unit to completion on this thread. Returns true when it wants to be committed. Rethrows its exception, or the
/// failure of a statement that it has swallowed.
bool run_to_completion(unit_of_work& w, connection& c, asio::io_context& context);

}  // namespace agora::storage::sqlite
