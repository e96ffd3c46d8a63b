// SPDX-License-Identifier: MIT
// Routes that are served from the cache: `.cached(cache, key_of)` after a GET route.
//
//     routes.get("/api/posts", &posts_api::list, api).cached(cache, &list_key);
//     std::optional<response_key> list_key(const request& r, const query<list_query>& q);
//
// The key function's parameters are read like a handler's. It returns nullopt for requests that are not cached. The
// connection sends a fresh response from L1 synchronously, without a coroutine. All other requests go through
// larder::cache, so that many requests for one key cause one call of the handler. A response is not stored when its
// status is not 200 or when it has header fields of its own (Location, Set-Cookie). The key must contain everything
// that the response depends on: one key stands for one sequence of bytes, whoever the client is.
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

    /// Calls send(state, answer) if L1 has a fresh response, and returns whether it has. Requires: `send` does not
    /// suspend.
    using sender = void (*)(void* state, const stored_response& answer);
    bool find_local(const request& r, sender send, void* state);
    /// The response from the cache, or from the handler if the request is not cached.
    boost::asio::awaitable<response> answer(const request& r, const router& routes, invoker& handler);
    /// Like larder::cache::warm(). Returns `missed` when the response is not storable or the request is not cached.
    boost::asio::awaitable<larder::cache_status> warm(const request& r, const router& routes, invoker& handler,
                                                      double renew_below);
    /// The key of the response to this request; nullopt: the request is not cached.
    virtual std::optional<response_key> key_of(const request& r) const = 0;

 private:
    larder::cache& cache_;
};

}  // namespace agora::http
