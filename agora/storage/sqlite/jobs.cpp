// SPDX-License-Identifier: MIT
// The queue between the event loops and a database thread, and running a unit of work on such a thread. A caller enters
// through job_queue::execute(); the thread takes jobs with take() and runs each with run_to_completion().
#include <agora/storage/sqlite/jobs.hpp>
#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <larder/result.hpp>

namespace agora::storage::sqlite {

// Once the job is in the queue it may be finished at any time, which destroys the caller's frame. So the code after
// that uses only variables of this frame.
std::exception_ptr job_queue::push(job& j, asio::any_io_executor loop)
{
    bool deferred = false;
    {
        const std::scoped_lock lock{mutex_};
        if (closed_) {
            return std::make_exception_ptr(boost::system::system_error{larder::errc::closed, "sqlite"});
        }
        if (jobs_.size() >= limit_) {
            return std::make_exception_ptr(sql_error{errc::busy, "sqlite: too many calls are waiting"});
        }
        jobs_.push_back(&j);
        if (notification_ == notification::batched) {
            if (notifying_loop_ == loop) return nullptr;
            deferred = !notifying_loop_;
            if (deferred) notifying_loop_ = loop;
        }
    }
    if (deferred) {
        asio::post(loop, [this] { job_available_.notify_one(); });
    } else {
        job_available_.notify_one();  // another loop's pending notification is not waited for
    }
    return nullptr;
}

asio::awaitable<void> job_queue::execute(unit_of_work& w)
{
    job j{w};
    const auto loop = co_await asio::this_coro::executor;
    const auto start = [&] {
        if (auto refused = push(j, loop)) j.done.finish(refused);
    };
    co_await j.done.wait(start);
}

std::vector<job*> job_queue::take(std::size_t most)
{
    std::unique_lock lock{mutex_};
    job_available_.wait(lock, [&] { return closed_ || !jobs_.empty(); });
    const auto end = jobs_.begin() + static_cast<std::ptrdiff_t>(std::min(most, jobs_.size()));
    std::vector<job*> taken{jobs_.begin(), end};
    jobs_.erase(jobs_.begin(), end);
    notifying_loop_ = {};
    return taken;
}

void job_queue::close()
{
    {
        const std::scoped_lock lock{mutex_};
        closed_ = true;
    }
    job_available_.notify_all();
}

asio::awaitable<std::int64_t> connection_session::run(std::string_view sql, const params& bound, row_sink* sink)
{
    if (failure_) std::rethrow_exception(failure_);
    try {
        co_return connection_.run(sql, bound, sink);
    } catch (...) {
        failure_ = std::current_exception();
        throw;
    }
}

bool run_to_completion(unit_of_work& w, connection& c, asio::io_context& context)
{
    connection_session s{c};
    bool commit = false;
    std::exception_ptr error;
    asio::co_spawn(context, w.run(s), [&](std::exception_ptr e, bool wants_commit) {
        error = e;
        commit = wants_commit;
    });
    context.restart();
    context.run();
    if (!error) error = s.failure();
    if (error) std::rethrow_exception(error);
    return commit;
}

}  // namespace agora::storage::sqlite
