// SPDX-License-Identifier: MIT
// Routes that are served from the cache: `.cached(cache, key_of)` after a GET route.
//
//     routes.get("/api/posts", &slice::list, *this).cached(cache, &list_key);
//     std::optional<response_key> list_key(anyone, const query<list_query>& q);
//
// The key function gets the arguments of the handler, and a load runs the handler with the very arguments that made its
// key. It returns nullopt for requests that are not cached. The connection sends a fresh response from L1
// synchronously, without a coroutine. All other requests go through larder::cache, so that many requests for one key
// cause one call of the handler. A response is not stored when its status is not 200 or when it has header fields of
// its own (Location, Set-Cookie). The key must contain everything that the response depends on, because all clients
// that have the same key receive the same bytes.
#pragma once

#include <agora/http/request.hpp>
#include <agora/http/stored_response.hpp>
#include <boost/asio/awaitable.hpp>
#include <larder/cache.hpp>

namespace agora::http {

class invoker;

using response_key = larder::key<stored_response>;
using page_key = larder::key<stored_page>;

/// A call of a handler with arguments of its own. It may be run more than once.
class bound_call {
 public:
    virtual ~bound_call() = default;
    /// `r` names the request in problems, and holds the caller.
    virtual boost::asio::awaitable<response> run(const request& r) const = 0;
};

template <class Stored>
struct keyed_call {
    larder::key<Stored> key;
    std::shared_ptr<const bound_call> call;
};

class response_cache {
 public:
    virtual ~response_cache() = default;

    /// Calls send(state, answer) if L1 has a fresh response, and returns whether it has. Requires: `send` does not
    /// suspend.
    using sender = void (*)(void* state, const stored_response& answer);
    virtual bool find_local(const request& r, sender send, void* state) = 0;
    /// The response from the cache, or from the handler if the request is not cached.
    virtual boost::asio::awaitable<response> answer(const request& r, invoker& handler) = 0;
    /// Like larder::cache::warm(). Returns `missed` when the response is not storable or the request is not cached.
    virtual boost::asio::awaitable<larder::cache_status> warm(const request& r, double renew_below) = 0;
    /// The key of the response to this request; nullopt: the request is not cached.
    virtual std::optional<larder::entry_key> key_of(const request& r) const = 0;
};

/// A response_cache of responses, or of pages.
template <class Stored>
class response_cache_of : public response_cache {
 public:
    explicit response_cache_of(larder::cache& c) : cache_{c} {}
    bool find_local(const request& r, sender send, void* state) final;
    boost::asio::awaitable<response> answer(const request& r, invoker& handler) final;
    boost::asio::awaitable<larder::cache_status> warm(const request& r, double renew_below) final;
    std::optional<larder::entry_key> key_of(const request& r) const final { return typed_key(r); }

 private:
    virtual std::optional<larder::key<Stored>> typed_key(const request& r) const = 0;
    /// The key, with the call that makes the response; nullopt like typed_key().
    virtual std::optional<keyed_call<Stored>> bind(const request& r) const = 0;

    larder::cache& cache_;
};

}  // namespace agora::http
