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

site::site(storage::database& db, larder::redis::client* redis, larder::cache& cache, std::string_view secret_key,
           std::size_t loops, std::function<bool()> draining)
    : cache_{cache},
      cursors_{secret_key},
      users_store_{users::make_users_store(db)},
      posts_store_{posts::make_posts_store(db)},
      comments_store_{comments::make_comments_store(db)},
      categories_store_{categories::make_categories_store(db)},
      users_{*users_store_},
      posts_{*posts_store_, *users_store_, cursors_, larder::system_clock(), cache},
      comments_{*comments_store_, *posts_store_, cursors_},
      categories_{*categories_store_, *posts_store_, cursors_},
      health_{db, redis, cache, loops, std::move(draining)},
      admin_{cache, redis},
      openapi_{routes_}
{
    add_routes();
}

}  // namespace agora::app
