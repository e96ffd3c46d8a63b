// SPDX-License-Identifier: MIT
// Counts the calls that are inside the driver, on all loops, so that close() can wait until they have left.
// Thread-safe; costs a short lock per call.
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
        /// Throws larder::errc::closed.
        explicit pass(drain_gate& a) : drain_gate_{a} { drain_gate_.enter(); }
        ~pass() { drain_gate_.leave(); }
        pass(const pass&) = delete;
        pass& operator=(const pass&) = delete;

     private:
        drain_gate& drain_gate_;
    };

    /// Rejects new calls. `when_empty` is called once, as soon as no call is inside. Returns false when the gate was
    /// already closed.
    bool close(std::function<void()> when_empty)
    {
        const std::scoped_lock lock{mutex_};
        if (std::exchange(closed_, true)) return false;
        when_empty_ = std::move(when_empty);
        if (inside_ == 0) when_empty_();
        return true;
    }

    /// Returns false when the time limit expired first.
    bool wait_until_empty(std::chrono::milliseconds limit)
    {
        std::unique_lock lock{mutex_};
        return emptied_.wait_for(lock, limit, [&] { return inside_ == 0; });
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
        emptied_.notify_all();
    }

    std::mutex mutex_;
    std::condition_variable emptied_;
    std::function<void()> when_empty_;
    std::size_t inside_ = 0;
    bool closed_ = false;
};

}  // namespace agora::storage::postgres
