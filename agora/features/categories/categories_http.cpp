// SPDX-License-Identifier: MIT
#include <agora/features/categories/categories_http.hpp>
#include <agora/features/rest/answer.hpp>

namespace agora::categories {

asio::awaitable<http::response> categories_api::list(const http::request& r, const http::query<rest::page_query>& q)
{
    const auto page = co_await categories::list(store_, signer_, *q);
    if (!page) co_return http::problem(r, page.error());
    co_return rest::readable(r, *page);
}

asio::awaitable<http::response> categories_api::posts_of(const http::request& r, const http::path<std::int64_t>& id,
                                                         const http::query<posts::list_query>& q)
{
    posts::list_query narrowed = *q;
    narrowed.category = std::to_string(*id);
    const auto page = co_await posts::list(posts_, signer_, narrowed);
    if (!page) co_return http::problem(r, page.error());
    if (page->data.empty()) {
        const bool category_exists = co_await store_.exists(*id);
        if (!category_exists) co_return http::problem(r, failure::not_found("this category"));
    }
    co_return rest::readable(r, *page);
}

asio::awaitable<http::response> categories_api::tags(const http::request& r, const http::query<rest::page_query>& q)
{
    const auto page = co_await categories::tags(store_, signer_, *q);
    if (!page) co_return http::problem(r, page.error());
    co_return rest::readable(r, *page);
}

void mount_categories(http::router& routes, categories_api& api)
{
    routes.get("/api/categories", &categories_api::list, api)
        .summary("Categories")
        .tagged("categories")
        .returns<rest::list<category>>(200)
        .returns(422);
    routes.get("/api/categories/{id}/posts", &categories_api::posts_of, api)
        .summary("Posts of one category")
        .tagged("categories")
        .returns<rest::list<posts::post_summary>>(200)
        .returns(404)
        .returns(422);
    routes.get("/api/tags", &categories_api::tags, api)
        .summary("Tags that have posts, those with the most first")
        .tagged("categories")
        .returns<rest::list<tag>>(200)
        .returns(422);
}

}  // namespace agora::categories
