// SPDX-License-Identifier: MIT
// /api/categories, /api/categories/{id}/posts and /api/tags: the regions, the constructor with the routes, the
// handlers.
#include <agora/api/keys.hpp>
#include <agora/features/categories/categories.hpp>
#include <agora/services/services.hpp>
#include <algorithm>

namespace agora::categories {

namespace {

// All three change when posts change: they show counts of posts or lists of posts.
constexpr larder::region_options with_the_posts{
    .ttl = larder::default_ttl, .tags = {"posts"}, .stale = api::public_answers};

constexpr api::response_region<api::skip, api::limit, api::filters> lists{"categories:list:{}:{}:{}", with_the_posts};
constexpr api::response_region<api::skip, api::limit, api::filters> tag_lists{"tags:list:{}:{}:{}", with_the_posts};
/// The first field is the category.
constexpr api::response_region<std::int64_t, api::skip, api::limit, api::viewer, api::filters> pages_of_category{
    "category:{}:posts:{}:{}:{}:{}",
    {.ttl = std::chrono::seconds{30}, .tags = {"posts"}, .stale = api::public_answers}};

}  // namespace

slice::slice(services& s, posts::slice& posts)
    : store_{make_categories_store(s.outbox.db())},
      posts_{posts},
      cursors_{s.cursors},
      pages_{make_pages(s, *store_, posts.store())}
{
    s.routes.section("categories");
    s.routes.get("/api/categories", &slice::list, *this)
        .cached(s.cache, api::keyed_by{lists})
        .warmed(&slice::first_list, *this)
        .named("list_categories", "Categories")
        .describe("The categories of the community, the oldest first.")
        .fails(api::list_problems);
    s.routes.get("/api/categories/{id}/posts", &slice::posts_of, *this)
        .cached(s.cache, api::keyed_by{pages_of_category})
        .warmed(&slice::popular, *this)
        .named("list_posts_of_category", "Posts of one category")
        .describe("Takes the same parameters as the list of all posts.")
        .path_params("The id of the category.")
        .fails(problems::not_found, api::list_problems);
    s.routes.get("/api/tags", &slice::tags, *this)
        .cached(s.cache, api::keyed_by{tag_lists})
        .warmed(&slice::first_tags, *this)
        .named("list_tags", "Tags")
        .describe("The tags that have posts, those with the most posts first.")
        .fails(api::list_problems);
}

asio::awaitable<outcome<api::list<category>>> slice::list(http::anyone, const http::query<api::page_query>& q)
{
    return categories::list(*store_, cursors_, *q);
}

asio::awaitable<outcome<api::list<posts::post_summary>>> slice::posts_of(http::guest_or_member,
                                                                         const http::path<std::int64_t>& id,
                                                                         const http::query<posts::list_query>& q)
{
    posts::list_query narrowed = *q;
    narrowed.category = std::to_string(*id);
    auto page = co_await posts::list(posts_.store(), cursors_, narrowed);
    if (page && page->data.empty()) {
        const bool category_exists = co_await store_->exists(*id);
        if (!category_exists) co_return failure::not_found("this category");
    }
    co_return page;
}

asio::awaitable<outcome<api::list<tag>>> slice::tags(http::anyone, const http::query<api::page_query>& q)
{
    return categories::tags(*store_, cursors_, *q);
}

asio::awaitable<std::vector<std::string>> slice::first_list(std::size_t)
{
    std::vector<std::string> targets;
    targets.emplace_back("/api/categories");
    co_return targets;
}

asio::awaitable<std::vector<std::string>> slice::first_tags(std::size_t)
{
    std::vector<std::string> targets;
    targets.emplace_back("/api/tags");
    co_return targets;
}

asio::awaitable<std::vector<std::string>> slice::popular(std::size_t most)
{
    api::window all;
    all.limit = static_cast<std::int64_t>(most);
    auto found = co_await store_->list(all);
    std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.posts > b.posts; });
    std::vector<std::string> targets;
    for (const auto& c : found) targets.push_back("/api/categories/" + std::to_string(c.id) + "/posts");
    co_return targets;
}

}  // namespace agora::categories
