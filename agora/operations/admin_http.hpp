// SPDX-License-Identifier: MIT
// The HTTP API /api/admin/cache, for the operator only.
#pragma once

#include <agora/http/router.hpp>
#include <agora/operations/cache_admin.hpp>
#include <agora/operations/warm_job.hpp>
#include <agora/services/services.hpp>
#include <larder/json/schema.hpp>

namespace agora::admin {

struct explain_query {
    std::optional<std::string> key;
};
BOOST_DESCRIBE_STRUCT(explain_query, (), (key))

inline constexpr larder::json::member_facts explain_query_facts[]{
    {.name = "key", .meaning = "A key of the cache, such as post:1.", .least = 1},
};
inline larder::json::type_facts facts_of(std::type_identity<explain_query>)
{
    return {"KeyQuery", "Which key to explain.", explain_query_facts};
}

class slice {
 public:
    /// Requires: the arguments outlive this object.
    slice(services& s, const redis_watch::server& redis, warm_job& warming);

 private:
    asio::awaitable<outcome<cache_report>> stats(http::admin);
    asio::awaitable<outcome<clear_report>> clear(http::admin, const http::body<clear_request>& order);
    asio::awaitable<outcome<key_list>> keys(http::admin, const http::query<keys_query>& q);
    outcome<http::accepted<warm_report>> warm(http::admin, const http::body<std::optional<warm_request>>& request);
    outcome<http::accepted<warm_report>> refresh(http::admin, const http::body<std::optional<warm_request>>& request);
    outcome<warm_report> warming(http::admin);
    asio::awaitable<outcome<larder::explanation>> explain(http::admin, const http::query<explain_query>& q);

    outcome<http::accepted<warm_report>> start(const warm_request& request, bool renew);

    cache_admin cache_;
    warm_job& warming_;
};

}  // namespace agora::admin
