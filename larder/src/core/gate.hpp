// SPDX-License-Identifier: MIT
// A gate counts running work, and can be closed and waited for; the basis of a structured shutdown. Work holds a pass
// from enter() while it runs. After close(), only work that already holds a pass may enter more; drained() returns when
// the last pass is released. A gate belongs to one event loop and is not thread-safe.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <utility>

namespace larder {

class gate {
 public:
    explicit gate(const boost::asio::any_io_executor& executor)
        : empty_{executor, boost::asio::steady_timer::time_point::max()}
    {}

    /// Leaves the gate when destroyed.
    class pass {
     public:
        explicit pass(gate& g) noexcept : gate_{&g} { ++g.inside_; }
        pass(pass&& other) noexcept : gate_{std::exchange(other.gate_, nullptr)} {}
        pass& operator=(pass&&) = delete;
        ~pass()
        {
            if (gate_ != nullptr) gate_->leave();
        }

     private:
        gate* gate_;
    };

    bool closed() const noexcept { return closed_; }
    std::size_t inside() const noexcept { return inside_; }

    /// Requires: !closed() or inside() > 0.
    pass enter() noexcept { return pass{*this}; }

    void close()
    {
        closed_ = true;
        if (inside_ == 0) empty_.cancel();
    }

    /// Suspends until the gate is closed and no work is inside. One waiter at a time.
    boost::asio::awaitable<void> drained();

 private:
    void leave() noexcept
    {
        if (--inside_ == 0 && closed_) empty_.cancel();
    }

    boost::asio::steady_timer empty_;
    std::size_t inside_ = 0;
    bool closed_ = false;
};

}  // namespace larder
