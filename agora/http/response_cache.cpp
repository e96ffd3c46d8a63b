// SPDX-License-Identifier: MIT
// Serves responses from larder::cache. find_local() is the synchronous path, answer() the full one: it loads a missing
// entry by running a bound call of the handler, which may outlive the client's request. A response that is not storable
// reaches only the request that caused the load; the others run the handler themselves, because an error response
// contains the id of its request.
#include <agora/http/page_codec.hpp>
#include <agora/http/response_cache.hpp>
#include <agora/http/router.hpp>

namespace agora::http {
namespace {

/// The load of a response. It may outlive the connection, so it owns everything it needs.
template <class Stored>
class response_load {
 public:
    response_load(const request& r, std::shared_ptr<const bound_call> call,
                  std::shared_ptr<std::optional<response>> refusal)
        : target_{r.path},
          id_{r.request_id},
          caller_{r.caller},
          shown_by_{r.shown_by},
          call_{std::move(call)},
          refusal_{std::move(refusal)}
    {
        if (!r.query.empty()) target_.append("?").append(r.query);
    }

    asio::awaitable<Stored> operator()() const
    {
        request r;
        r.set_target(target_);
        r.request_id = id_;
        r.received = std::chrono::steady_clock::now();
        r.caller = caller_;
        r.shown_by = shown_by_;
        response answered = co_await call_->run(r);
        Stored made{answered};
        if (!made.storable()) *refusal_ = std::move(answered);
        co_return made;
    }

 private:
    std::string target_;  ///< path and query, for problems
    std::string id_;
    principal caller_;
    const view* shown_by_;
    std::shared_ptr<const bound_call> call_;
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

template <class Stored>
bool response_cache_of<Stored>::find_local(const request& r, sender send, void* state)
{
    const auto k = typed_key(r);
    return k && cache_.with_local(*k, [&](const Stored& answer) { send(state, answer); });
}

template <class Stored>
asio::awaitable<larder::cache_status> response_cache_of<Stored>::warm(const request& r, double renew_below)
{
    const auto bound = bind(r);
    if (!bound) co_return larder::cache_status::missed;
    response_load<Stored> load{r, bound->call, std::make_shared<std::optional<response>>()};
    const auto got = co_await cache_.warm(bound->key, std::move(load), renew_below);
    co_return got->storable() ? got.status() : larder::cache_status::missed;
}

template <class Stored>
asio::awaitable<response> response_cache_of<Stored>::answer(const request& r, invoker& handler)
{
    const auto bound = bind(r);
    if (bound) {
        const auto refusal = std::make_shared<std::optional<response>>();
        response_load<Stored> load{r, bound->call, refusal};
        const auto got = co_await cache_.get_or_load_owned(bound->key, std::move(load));
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
    response own = co_await handler.async(r);
    own.cache_status = bound ? "agora; fwd=miss" : "agora; fwd=bypass";
    co_return own;
}

template class response_cache_of<stored_response>;
template class response_cache_of<stored_page>;

}  // namespace agora::http
