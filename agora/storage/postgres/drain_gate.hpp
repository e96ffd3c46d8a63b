// SPDX-License-Identifier: MIT
// Counts the calls inside the driver on all loops, so that closing can wait for them: a gate across threads.
// Thread-safe; a short lock per call.
#pragma once

#include <boost/system/system_error.hpp>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <larder/result.hpp>
#include <mutex>
#include <utility>

namespace agora::storage::postgres {

class drain_gate {
 public:
    class pass {
     public:
        /// Throws errc::closed.
        explicit pass(drain_gate& a) : drain_gate_{a} { drain_gate_.enter(); }
        ~pass() { drain_gate_.leave(); }
        pass(const pass&) = delete;
        pass& operator=(const pass&) = delete;

     private:
        drain_gate& drain_gate_;
    };

    /// Lets nobody in any more; `when_empty` is called once, by whoever finds or leaves it empty. False when it was
    /// closed before.
    bool close(std::function<void()> when_empty)
    {
        const std::scoped_lock lock{mutex_};
        if (std::exchange(closed_, true)) return false;
        when_empty_ = std::move(when_empty);
        if (inside_ == 0) when_empty_();
        return true;
    }

    /// False when the limit has passed.
    bool wait_until_empty(std::chrono::milliseconds limit)
    {
        std::unique_lock lock{mutex_};
        return left_.wait_for(lock, limit, [&] { return inside_ == 0; });
    }

 private:
    void enter()
    {
        const std::scoped_lock lock{mutex_};
        if (closed_) throw boost::system::system_error{larder::errc::closed, "postgresql"};
        ++inside_;
    }
    void leave()
    {
        const std::scoped_lock lock{mutex_};
        if (--inside_ != 0 || !closed_) return;
        when_empty_();
        left_.notify_all();
    }

    std::mutex mutex_;
    std::condition_variable left_;
    std::function<void()> when_empty_;
    std::size_t inside_ = 0;
    bool closed_ = false;
};

}  // namespace agora::storage::postgres
