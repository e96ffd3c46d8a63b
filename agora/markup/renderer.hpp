// SPDX-License-Identifier: MIT
// Renders what members write away from the event loops: on a small pool of its own, so that the costliest text that
// render_cost.hpp lets pass delays nobody but those who write at the same moment. Thread-safe.
#pragma once

#include <agora/outcome.hpp>
#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>
#include <cstddef>
#include <string>

namespace agora::markup {

namespace asio = boost::asio;

class renderer {
 public:
    /// `threads` 0: one per two cores. `most`: texts that are being rendered or wait for it.
    explicit renderer(std::size_t threads = 0, std::size_t most = 64);
    /// Waits for what is being rendered.
    ~renderer();
    renderer(const renderer&) = delete;

    /// Sanitised HTML of the Markdown text in the field `body`. 422 `too_complex` when it would cost too much; 503 at
    /// once when too many wait. Suspends. Requires: the renderer outlives the call.
    asio::awaitable<outcome<std::string>> render(std::string markdown);

 private:
    const std::size_t most_;
    std::atomic<std::size_t> inside_ = 0;
    asio::thread_pool pool_;
};

}  // namespace agora::markup
