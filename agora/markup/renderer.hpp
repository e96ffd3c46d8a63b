// SPDX-License-Identifier: MIT
// Renders members' texts outside the event loops, on a small pool of its own. So the most expensive text that
// render_cost.hpp accepts delays only other members who submit a text at the same moment. Thread-safe.
#pragma once

#include <agora/outcome.hpp>
#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>
#include <cstddef>
#include <string>

namespace agora::problems {

inline const problem_code too_many_texts{"too_many_texts", 503,
                                         "The server is rendering as many texts as it can at the moment.",
                                         "Wait for the seconds in Retry-After, then send the request again."};

}  // namespace agora::problems

namespace agora::markup {

namespace asio = boost::asio;

class renderer {
 public:
    /// `threads`: 0 means one per two cores. `max_pending`: the maximum number of texts that are being rendered or
    /// wait.
    explicit renderer(std::size_t threads = 0, std::size_t max_pending = 64);
    /// Waits until all texts are rendered.
    ~renderer();
    renderer(const renderer&) = delete;

    /// Returns the sanitised HTML of a Markdown text. 422 `too_complex` for the field `body` when rendering would cost
    /// too much; 503, immediately, when too many texts wait. Suspends. Requires: the renderer outlives the call.
    asio::awaitable<outcome<std::string>> render(std::string markdown);

 private:
    const std::size_t max_pending_;
    std::atomic<std::size_t> pending_ = 0;
    asio::thread_pool pool_;
};

}  // namespace agora::markup
