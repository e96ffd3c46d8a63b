// SPDX-License-Identifier: MIT
// Routes that are answered from the cache: `.cached(cache, key_of)` behind a GET route.
//
//     routes.get("/api/posts", &posts_api::list, api).cached(cache, &list_key);
//     std::optional<response_key> list_key(const request& r, const query<list_query>& q);
//
// The key function's parameters are read as a handler's are. It returns nullopt for requests that are not cached. An
// answer in L1 is sent by the connection at once, without a coroutine; others go through larder::cache, so that many
// requests for one answer cause one call of the handler. What is no 200, or has fields of its own (Location,
// Set-Cookie), is not stored. The key says all that an answer depends on: one key, one sequence of bytes, whoever asks.
#pragma once

#include <agora/http/request.hpp>
#include <agora/http/stored_response.hpp>
#include <boost/asio/awaitable.hpp>
#include <larder/cache.hpp>

namespace agora::http {

class invoker;
class router;

using response_key = larder::key<stored_response>;

class response_cache {
 public:
    explicit response_cache(larder::cache& c) : cache_{c} {}
    virtual ~response_cache() = default;

    /// Calls send(state, answer) for a fresh answer in L1. Requires: it does not suspend.
    using sender = void (*)(void* state, const stored_response& answer);
    bool find_local(const request& r, sender send, void* state);
    /// The answer from the cache, or the handler's own. `call` runs the handler for any request.
    boost::asio::awaitable<response> answer(const request& r, const router& routes, invoker& handler);
    /// As larder::cache::warm(); `missed`: the answer is none that is stored.
    boost::asio::awaitable<larder::cache_status> warm(const request& r, const router& routes, invoker& handler,
                                                      double renew_below);
    /// Where the answer is kept; nullopt: it is not.
    virtual std::optional<response_key> key_of(const request& r) const = 0;

 private:
    larder::cache& cache_;
};

}  // namespace agora::http
