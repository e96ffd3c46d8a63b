// SPDX-License-Identifier: MIT
// The routes of categories and tags; mount_categories() at the end lists them. The responses are cached under the tag
// `posts`, because they show counters or lists of posts.
#include <agora/api/answer.hpp>
#include <agora/api/keys.hpp>
#include <agora/features/categories/categories_http.hpp>
#include <algorithm>

namespace agora::categories {

namespace {

// Any change of a post can change these responses.
constexpr larder::region_options with_the_posts{
    .ttl = larder::default_ttl, .tags = {"posts"}, .stale = api::public_answers};

constexpr api::response_region<std::int64_t, std::int64_t, std::optional<std::string>> lists{"categories:list:{}:{}:{}",
                                                                                             with_the_posts};
constexpr api::response_region<std::int64_t, std::int64_t, std::optional<std::string>> tag_lists{"tags:list:{}:{}:{}",
                                                                                                 with_the_posts};
/// Key: category, skip, limit, viewer, filters.
constexpr api::response_region<std::int64_t, std::int64_t, std::int64_t, api::viewer, std::optional<std::string>>
    pages_of_category{"category:{}:posts:{}:{}:{}:{}",
                      {.ttl = std::chrono::seconds{30}, .tags = {"posts"}, .stale = api::public_answers}};

std::optional<http::response_key> key_of_list(const http::query<api::page_query>& q)
{
    const auto at = api::place_of(*q);
    if (!at) return std::nullopt;
    return lists(at->skip, at->limit, at->more);
}

std::optional<http::response_key> key_of_tags(const http::query<api::page_query>& q)
{
    const auto at = api::place_of(*q);
    if (!at) return std::nullopt;
    return tag_lists(at->skip, at->limit, at->more);
}

std::optional<http::response_key> key_of_posts(const http::request& r, const http::path<std::int64_t>& id,
                                               const http::query<posts::list_query>& q)
{
    const auto at = api::place_of(*q, {{"sort", posts::default_sort}});
    if (!at) return std::nullopt;
    return pages_of_category(*id, at->skip, at->limit, api::viewer_of(r), at->more);
}

}  // namespace

asio::awaitable<http::response> categories_api::list(const http::request& r, const http::query<api::page_query>& q)
{
    const auto page = co_await categories::list(store_, signer_, *q);
    if (!page) co_return http::problem(r, page.error());
    co_return api::readable(r, *page);
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
    co_return api::readable(r, *page);
}

asio::awaitable<http::response> categories_api::tags(const http::request& r, const http::query<api::page_query>& q)
{
    const auto page = co_await categories::tags(store_, signer_, *q);
    if (!page) co_return http::problem(r, page.error());
    co_return api::readable(r, *page);
}

asio::awaitable<std::vector<std::string>> categories_api::first_list(std::size_t)
{
    std::vector<std::string> targets;
    targets.emplace_back("/api/categories");
    co_return targets;
}

asio::awaitable<std::vector<std::string>> categories_api::first_tags(std::size_t)
{
    std::vector<std::string> targets;
    targets.emplace_back("/api/tags");
    co_return targets;
}

asio::awaitable<std::vector<std::string>> categories_api::popular(std::size_t most)
{
    api::window all;
    all.limit = static_cast<std::int64_t>(most);
    auto found = co_await store_.list(all);
    std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.posts > b.posts; });
    std::vector<std::string> targets;
    for (const auto& c : found) targets.push_back("/api/categories/" + std::to_string(c.id) + "/posts");
    co_return targets;
}

void mount_categories(http::router& routes, categories_api& api, larder::cache& cache)
{
    cache.declare(lists);
    cache.declare(tag_lists);
    cache.declare(pages_of_category);
    routes.get("/api/categories", &categories_api::list, api)
        .summary("Categories")
        .tagged("categories")
        .cached(cache, &key_of_list)
        .warmed(&categories_api::first_list, api)
        .returns<api::list<category>>(200)
        .returns(422);
    routes.get("/api/categories/{id}/posts", &categories_api::posts_of, api)
        .summary("Posts of one category")
        .tagged("categories")
        .cached(cache, &key_of_posts)
        .warmed(&categories_api::popular, api)
        .returns<api::list<posts::post_summary>>(200)
        .returns(404)
        .returns(422);
    routes.get("/api/tags", &categories_api::tags, api)
        .summary("Tags that have posts, the most used first")
        .tagged("categories")
        .cached(cache, &key_of_tags)
        .warmed(&categories_api::first_tags, api)
        .returns<api::list<tag>>(200)
        .returns(422);
}

}  // namespace agora::categories
