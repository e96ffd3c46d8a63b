// SPDX-License-Identifier: MIT
// Runs fetches to their end, one or several at once: asks Redis about all that are asking, in one pipeline; loads all
// that have to load, in one call; waits for those that other processes are loading; and repeats this until each is
// finished. fetch.hpp does the steps, fetch_fsm.hpp decides.
#pragma once

#include <functional>
#include <map>

#include "fetch.hpp"

namespace larder::detail {

/// Makes the values of these of the fetches (indices), in their order.
using load_function =
    std::function<boost::asio::awaitable<std::vector<std::shared_ptr<record>>>(std::span<const std::size_t>)>;

/// Finishes the flight of each fetch, with a value or a failure. Throws only when the coroutine is cancelled; then the
/// flights that are not finished are left to the caller. Requires: all are of one cache, and outlive the call.
boost::asio::awaitable<void> run(cache::core& c, std::span<fetch* const> all, const load_function& by);

/// A question to Redis about several entries, which reads each tag only once.
class question {
 public:
    void add(fetch& f, acquire_question q);
    /// Throws only when the coroutine is cancelled.
    boost::asio::awaitable<void> ask(shared_tier& redis, std::string_view token, std::chrono::milliseconds lease);
    const reply_context& context() const noexcept { return got_.context; }
    /// The answer about the entry that was added as number `i`, and about its tags.
    acquire_answer& entry(std::size_t i) { return got_.entries[i]; }
    std::vector<std::optional<tag_version>> tags(std::size_t i) const;

 private:
    std::vector<acquire_question> entries_;
    std::vector<tag_question> tags_;
    std::vector<std::vector<std::size_t>> tag_places_;  ///< by entry: indices into tags_
    std::map<std::string, std::size_t, std::less<>> places_;
    shared_tier::answers got_;
};

}  // namespace larder::detail
