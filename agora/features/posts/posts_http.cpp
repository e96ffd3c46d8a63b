// SPDX-License-Identifier: MIT
// The routes of /api/posts; mount_posts() at the end lists them. Each handler calls one operation of posts.hpp and
// turns its outcome into a response.
#include <agora/api/answer.hpp>
#include <agora/features/posts/posts_cache.hpp>
#include <agora/features/posts/posts_http.hpp>
#include <algorithm>

namespace agora::posts {

static api::edit edit_of(const http::request& r, std::int64_t id) { return {id, http::if_match::of(r), r.who}; }

/// The response to an edit carries the new ETag, so that the client can edit again without reading the post.
http::response posts_api::edited(const http::request& r, const outcome<post>& done)
{
    if (!done) return http::problem(r, done.error());
    http::response answer = api::json_answer(200, *done);
    answer.version = done->version;
    return answer;
}

asio::awaitable<http::response> posts_api::list(const http::request& r, const http::query<list_query>& q)
{
    const auto page = co_await posts::list(store_, signer_, *q);
    if (!page) co_return http::problem(r, page.error());
    co_return api::readable(r, *page);
}

asio::awaitable<http::response> posts_api::list_of_author(const http::request& r,
                                                          const http::path<std::int64_t>& user_id,
                                                          const http::query<list_query>& q)
{
    list_query narrowed = *q;
    narrowed.author = std::to_string(*user_id);
    const auto page = co_await posts::list(store_, signer_, narrowed);
    if (!page) co_return http::problem(r, page.error());
    if (page->data.empty()) {
        // The list is empty either because the author has no posts or because there is no such author.
        const auto author = co_await users::find(users_, *user_id);
        if (!author) co_return http::problem(r, author.error());
    }
    co_return api::readable(r, *page);
}

asio::awaitable<http::response> posts_api::find(const http::request& r, const http::path<std::int64_t>& id)
{
    const outcome<post> found = co_await posts::find(store_, *id);
    if (!found) co_return http::problem(r, found.error());
    co_return api::readable_version(r, *found);
}

asio::awaitable<http::response> posts_api::create(const http::request& r, const http::body<draft>& d)
{
    const outcome<post> made = co_await posts::create(store_, by_, r.who.user_id, *d);
    if (!made) co_return http::problem(r, made.error());
    http::response answer = api::created("/api/posts/" + std::to_string(made->id), *made);
    answer.version = made->version;
    co_return answer;
}

asio::awaitable<http::response> posts_api::replace(const http::request& r, const http::path<std::int64_t>& id,
                                                   const http::body<draft>& d)
{
    const outcome<post> done = co_await posts::replace(store_, by_, edit_of(r, *id), *d);
    co_return edited(r, done);
}

asio::awaitable<http::response> posts_api::revise(const http::request& r, const http::path<std::int64_t>& id,
                                                  const http::body<change>& wanted)
{
    const outcome<post> done = co_await posts::revise(store_, by_, edit_of(r, *id), *wanted);
    co_return edited(r, done);
}

asio::awaitable<http::response> posts_api::remove(const http::request& r, const http::path<std::int64_t>& id)
{
    const outcome<void> gone = co_await posts::remove(store_, by_.clock, edit_of(r, *id));
    if (!gone) co_return http::problem(r, gone.error());
    co_return http::response{};
}

asio::awaitable<std::vector<std::string>> posts_api::popular_lists(std::size_t most)
{
    std::vector<std::string> targets{"/api/posts", "/api/posts?sort=top", "/api/posts?sort=active"};
    for (auto skip = api::default_limit; targets.size() < std::min<std::size_t>(most, 10); skip += api::default_limit)
        targets.push_back("/api/posts?skip=" + std::to_string(skip));
    co_return targets;
}

asio::awaitable<std::vector<std::string>> posts_api::popular_posts(std::size_t most)
{
    std::vector<std::string> targets;
    const auto ids = co_await store_.most_liked(most);
    for (const auto id : ids) targets.push_back("/api/posts/" + std::to_string(id));
    co_return targets;
}

asio::awaitable<std::vector<std::string>> posts_api::popular_authors(std::size_t most)
{
    std::vector<std::string> targets;
    const auto ids = co_await users_.most_active(most);
    for (const auto id : ids) targets.push_back("/api/posts/user/" + std::to_string(id));
    co_return targets;
}

void mount_posts(http::router& routes, posts_api& api, larder::cache& cache)
{
    cache.declare(pages);
    cache.declare(filtered_pages);
    cache.declare(pages_of_author);
    cache.declare(by_id);
    using page = api::list<post_summary>;
    const auto documented = [](http::route& route, const char* summary) -> http::route& {
        return route.summary(summary).tagged("posts");
    };
    const auto edit = [&](http::route& route, const char* summary) -> http::route& {
        return documented(route, summary).needs(http::role::user).returns(403).returns(404).returns(412).returns(428);
    };

    documented(routes.get("/api/posts", &posts_api::list, api), "Posts, ordered by time, likes or activity")
        .cached(cache, &key_of_list)
        .warmed(&posts_api::popular_lists, api)
        .returns<page>(200)
        .returns(422);
    documented(routes.get("/api/posts/user/{user_id}", &posts_api::list_of_author, api), "Posts of one author")
        .cached(cache, &key_of_author_list)
        .warmed(&posts_api::popular_authors, api)
        .returns<page>(200)
        .returns(404)
        .returns(422);
    documented(routes.get("/api/posts/{id}", &posts_api::find, api), "One post")
        .cached(cache, &key_of_one)
        .warmed(&posts_api::popular_posts, api)
        .returns<post>(200)
        .returns(404);
    documented(routes.post("/api/posts", &posts_api::create, api), "Write a post")
        .needs(http::role::user)
        .returns<post>(201)
        .returns(422);
    edit(routes.put("/api/posts/{id}", &posts_api::replace, api), "Replace a post").returns<post>(200).returns(422);
    edit(routes.patch("/api/posts/{id}", &posts_api::revise, api), "Change parts of a post")
        .returns<post>(200)
        .returns(422);
    edit(routes.del("/api/posts/{id}", &posts_api::remove, api), "Delete a post").returns(204);
}

}  // namespace agora::posts
