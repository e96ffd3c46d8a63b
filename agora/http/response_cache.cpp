// SPDX-License-Identifier: MIT
// Serves responses from larder::cache. find_local() is the synchronous path, answer() the full one: it loads a missing
// entry by running the handler with a copy of the request (kept_request), which outlives the client's own. A response
// that is not storable reaches only the request that caused the load; the others run the handler themselves, because an
// error response names its request.
#include <agora/http/response_cache.hpp>
#include <agora/http/router.hpp>

namespace agora::http {
namespace {

/// A copy of a request for the load that it causes, because the load may outlive the connection. It holds only what
/// cache keys are made of: the target and the principal.
class kept_request {
 public:
    kept_request(const request& r, const router& routes, invoker& handler,
                 std::shared_ptr<std::optional<response>> refusal)
        : target_{r.path},
          id_{r.request_id},
          who_{r.who},
          routes_{&routes},
          handler_{&handler},
          refusal_{std::move(refusal)}
    {
        if (!r.query.empty()) target_.append("?").append(r.query);
    }

    asio::awaitable<stored_response> operator()() const
    {
        request r;
        r.aim_at(target_);
        r.request_id = id_;
        r.received = std::chrono::steady_clock::now();
        r.who = who_;
        routes_->match(r);  // sets the path parameters
        response answered = co_await handler_->later(r);
        stored_response made{answered};
        if (!made.storable()) *refusal_ = std::move(answered);
        co_return made;
    }

 private:
    std::string target_;  ///< path and query; the same for every form of the request target
    std::string id_;
    principal who_;
    const router* routes_;
    invoker* handler_;
    std::shared_ptr<std::optional<response>> refusal_;  ///< receives a response that is not storable
};

std::string_view field_of(larder::cache_status s) noexcept
{
    switch (s) {
        case larder::cache_status::hit_local:
        case larder::cache_status::hit_shared:
            return "agora; hit";
        case larder::cache_status::loaded:
            return "agora; fwd=miss; stored";
        case larder::cache_status::refused:
            return "agora; fwd=miss";
        case larder::cache_status::stale:
        case larder::cache_status::bypassed:
        case larder::cache_status::missed:
            break;
    }
    return "agora; fwd=bypass";
}

}  // namespace

bool response_cache::find_local(const request& r, sender send, void* state)
{
    const auto k = key_of(r);
    return k && cache_.with_local(*k, [&](const stored_response& answer) { send(state, answer); });
}

asio::awaitable<larder::cache_status> response_cache::warm(const request& r, const router& routes, invoker& handler,
                                                           double renew_below)
{
    const auto k = key_of(r);
    if (!k) co_return larder::cache_status::missed;
    kept_request load{r, routes, handler, std::make_shared<std::optional<response>>()};
    const auto got = co_await cache_.warm(*k, std::move(load), renew_below);
    co_return got->storable() ? got.status() : larder::cache_status::missed;
}

asio::awaitable<response> response_cache::answer(const request& r, const router& routes, invoker& handler)
{
    const auto k = key_of(r);
    if (k) {
        const auto refusal = std::make_shared<std::optional<response>>();
        kept_request load{r, routes, handler, refusal};
        const auto got = co_await cache_.get_or_load_owned(*k, std::move(load));
        if (got->storable()) {
            response out{got.share()};
            out.cache_status = field_of(got.status());
            if (got.status() == larder::cache_status::stale) {
                const auto ttl = std::chrono::floor<std::chrono::seconds>(got.ttl()).count();
                out.headers.emplace_back("Cache-Status", "agora; hit; ttl=" + std::to_string(ttl));
                out.cache_status = {};
            }
            co_return out;
        }
        // The body of an error response contains the id of its request, so it is sent only to the request whose load
        // produced it.
        if (*refusal) {
            (*refusal)->cache_status = "agora; fwd=miss";
            co_return *std::move(*refusal);
        }
    }
    response own = co_await handler.later(r);
    own.cache_status = k ? "agora; fwd=miss" : "agora; fwd=bypass";
    co_return own;
}

}  // namespace agora::http
