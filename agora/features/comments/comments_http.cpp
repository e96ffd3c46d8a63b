// SPDX-License-Identifier: MIT
// The routes of comments; mount_comments() at the end lists them. Each handler calls one operation of comments.hpp and
// turns its outcome into a response.
#include <agora/api/answer.hpp>
#include <agora/features/comments/comments_cache.hpp>
#include <agora/features/comments/comments_http.hpp>

namespace agora::comments {

namespace {

constexpr std::string_view default_view = "tree";

std::optional<http::response_key> key_of_list(const http::path<std::int64_t>& post_id, const http::query<list_query>& q)
{
    const auto at = api::place_of(*q, {{"view", default_view}});
    if (!at) return std::nullopt;
    return pages(*post_id, at->skip, at->limit, at->more);
}

std::optional<http::response_key> key_of_one(const http::path<std::int64_t>& id) { return by_id(*id); }

}  // namespace

/// The page, or 404 if it is empty because the post does not exist.
template <class T>
asio::awaitable<http::response> comments_api::answer(const http::request& r, std::int64_t post_id,
                                                     const outcome<api::list<T>>& page)
{
    if (!page) co_return http::problem(r, page.error());
    if (page->data.empty()) {
        const bool post_exists = co_await posts_.exists(post_id);
        if (!post_exists) co_return http::problem(r, failure::not_found("this post"));
    }
    co_return api::readable(r, *page);
}

asio::awaitable<http::response> comments_api::of_post(const http::request& r, const http::path<std::int64_t>& post_id,
                                                      const http::query<list_query>& q)
{
    const std::string view = q->view && !q->view->empty() ? *q->view : std::string{default_view};
    if (view == "tree") {
        const auto page = co_await tree(store_, signer_, *post_id, *q);
        co_return co_await answer(r, *post_id, page);
    }
    if (view == "flat") {
        const auto page = co_await flat(store_, signer_, *post_id, *q);
        co_return co_await answer(r, *post_id, page);
    }
    std::vector<field_error> errors;
    errors.emplace_back("view", "invalid", "must be one of tree, flat");
    co_return http::problem(r, failure::invalid(std::move(errors)));
}

asio::awaitable<http::response> comments_api::find(const http::request& r, const http::path<std::int64_t>& id)
{
    const outcome<comment> found = co_await comments::find(store_, *id);
    if (!found) co_return http::problem(r, found.error());
    co_return api::readable_version(r, *found);
}

asio::awaitable<http::response> comments_api::create(const http::request& r, const http::path<std::int64_t>& post_id,
                                                     const http::body<draft>& d)
{
    const outcome<comment> made = co_await comments::create(store_, by_, *post_id, r.who.user_id, *d);
    if (!made) co_return http::problem(r, made.error());
    http::response answer = api::created("/api/comments/" + std::to_string(made->id), *made);
    answer.version = made->version;
    co_return answer;
}

asio::awaitable<http::response> comments_api::revise(const http::request& r, const http::path<std::int64_t>& id,
                                                     const http::body<change>& wanted)
{
    const outcome<comment> done = co_await comments::revise(store_, by_, {*id, http::if_match::of(r), r.who}, *wanted);
    if (!done) co_return http::problem(r, done.error());
    http::response answer = api::json_answer(200, *done);
    answer.version = done->version;
    co_return answer;
}

asio::awaitable<http::response> comments_api::remove(const http::request& r, const http::path<std::int64_t>& id)
{
    const outcome<void> gone = co_await comments::remove(store_, by_.clock, {*id, http::if_match::of(r), r.who});
    if (!gone) co_return http::problem(r, gone.error());
    co_return http::response{};
}

asio::awaitable<std::vector<std::string>> comments_api::popular_threads(std::size_t most)
{
    std::vector<std::string> targets;
    const auto posts = co_await posts_.most_liked(most);
    for (const auto id : posts) targets.push_back("/api/posts/" + std::to_string(id) + "/comments");
    co_return targets;
}

void mount_comments(http::router& routes, comments_api& api, larder::cache& cache)
{
    cache.declare(pages);
    cache.declare(by_id);
    routes.get("/api/posts/{id}/comments", &comments_api::of_post, api)
        .summary("Comments of a post, oldest first: view=tree pages by thread, view=flat by single comment")
        .tagged("comments")
        .cached(cache, &key_of_list)
        .warmed(&comments_api::popular_threads, api)
        .returns<api::list<thread>>(200)
        .returns(404)
        .returns(422);
    routes.get("/api/comments/{id}", &comments_api::find, api)
        .summary("One comment")
        .tagged("comments")
        .cached(cache, &key_of_one)
        .returns<comment>(200)
        .returns(404);
    const auto written = [](http::route& route, const char* summary) -> http::route& {
        return route.summary(summary).tagged("comments").needs(http::role::user).returns(404);
    };
    written(routes.post("/api/posts/{id}/comments", &comments_api::create, api),
            "Comment on a post, or reply to a comment")
        .returns<comment>(201)
        .returns(422);
    written(routes.put("/api/comments/{id}", &comments_api::revise, api), "Change a comment")
        .returns<comment>(200)
        .returns(403)
        .returns(412)
        .returns(422)
        .returns(428);
    written(routes.del("/api/comments/{id}", &comments_api::remove, api), "Delete a comment; its replies stay")
        .returns(204)
        .returns(403)
        .returns(412)
        .returns(428);
}

}  // namespace agora::comments
