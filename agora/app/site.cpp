// SPDX-License-Identifier: MIT
#include <agora/app/site.hpp>
#include <agora/http/openapi.hpp>
#include <agora/version.hpp>

namespace agora::app {

http::response openapi_api::document()
{
    // Made at the first request, when the table is complete.
    std::call_once(made_, [this] { document_ = http::make_openapi(routes_, "agora", agora::version); });
    http::response answer{200, http::json_type, document_};
    answer.cacheable = true;
    answer.cache_control = "public, max-age=0, must-revalidate";
    return answer;
}

site::site(storage::database& db, larder::cache& cache, const site_options& o)
    : cache_{cache},
      outbox_{db, cache},
      cursors_{o.secret_key},
      users_store_{users::make_users_store(db)},
      posts_store_{posts::make_posts_store(outbox_)},
      comments_store_{comments::make_comments_store(db)},
      categories_store_{categories::make_categories_store(db)},
      users_{*users_store_},
      posts_{*posts_store_, *users_store_, cursors_, larder::system_clock()},
      comments_{*comments_store_, *posts_store_, cursors_},
      categories_{*categories_store_, *posts_store_, cursors_},
      showcase_{cache, o.redis},
      health_{db, o.redis, cache, o.loops, o.draining},
      metrics_{routes_, cache, o.redis, o.traffic},
      warming_{routes_, o.spawn, o.draining},
      admin_{cache, o.redis, warming_},
      openapi_{routes_}
{
    add_routes();
}

void site::warm(std::size_t most)
{
    http::warm_order order;
    order.most = most;
    warming_.start(std::move(order));
}

}  // namespace agora::app
