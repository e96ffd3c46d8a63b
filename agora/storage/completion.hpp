// SPDX-License-Identifier: MIT
// Lets a coroutine wait for work that another thread or a socket finishes. Both drivers resume their callers with it.
// Call wait() once, then finish() once, from any thread. The cost is one post to the waiting coroutine's executor,
// which counts as having outstanding work until then. Several completions that finish together share one post per
// executor.
#pragma once

#include <boost/asio/append.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <optional>
#include <utility>
#include <vector>

namespace agora::storage {

namespace asio = boost::asio;

class completion {
 public:
    /// Suspends the caller, then calls `start()`, which hands the work over and must not throw. Rethrows the exception
    /// that is passed to finish(), if any.
    template <class Start>
    asio::awaitable<void> wait(Start start)
    {
        auto initiate = [this, start](handler h) {
            executor_ = asio::prefer(asio::get_associated_executor(h), asio::execution::outstanding_work.tracked);
            handler_.emplace(std::move(h));
            start();  // from here on another thread may resume the coroutine and destroy *this
        };
        return asio::async_initiate<const asio::use_awaitable_t<>, void(std::exception_ptr)>(initiate,
                                                                                             asio::use_awaitable);
    }

    /// Resumes the waiting coroutine on its own executor. *this may already be destroyed when this returns.
    void finish(std::exception_ptr error)
    {
        const auto executor = std::move(executor_);
        auto waiting = std::move(*handler_);
        asio::post(executor, asio::append(std::move(waiting), std::move(error)));
    }

 private:
    friend class completions;
    using handler = asio::async_result<asio::use_awaitable_t<>, void(std::exception_ptr)>::handler_type;
    asio::any_io_executor executor_;
    std::optional<handler> handler_;
};

/// Resumes several coroutines that finished together, with one wake-up per executor instead of one per coroutine.
class completions {
 public:
    void add(completion& c, std::exception_ptr error)
    {
        auto g = groups_.begin();
        while (g != groups_.end() && g->executor != c.executor_) ++g;
        if (g == groups_.end()) g = groups_.insert(g, group{std::move(c.executor_), {}});
        g->waiting.push_back({std::move(*c.handler_), std::move(error)});
    }
    /// The completions that were added may already be destroyed when this returns.
    void finish()
    {
        for (auto& g : groups_) {
            asio::post(g.executor, [all = std::move(g.waiting)]() mutable {
                for (auto& w : all) std::move(w.resume)(std::move(w.error));
            });
        }
    }

 private:
    struct waiter {
        completion::handler resume;
        std::exception_ptr error;
    };
    struct group {
        asio::any_io_executor executor;
        std::vector<waiter> waiting;
    };
    std::vector<group> groups_;
};

}  // namespace agora::storage
