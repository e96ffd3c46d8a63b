// SPDX-License-Identifier: MIT
// /api/posts/{id}/comments and /api/comments: the constructor lists the routes with their cache keys; each handler
// below it calls one operation of comments.hpp.
#include <agora/features/comments/comments_cache.hpp>
#include <agora/services/services.hpp>

namespace agora::comments {

slice::slice(services& s, posts::slice& posts)
    : store_{make_comments_store(s.outbox)},
      posts_{posts},
      cursors_{s.cursors},
      by_{s.clock, s.renderer},
      pages_{make_pages(s, *store_, posts, by_)}
{
    s.routes.section("comments");
    s.routes.get("/api/posts/{id}/comments", &slice::of_post, *this)
        .cached(s.cache, api::keyed_by{pages})
        .warmed(&slice::popular_threads, *this)
        .named("list_comments", "Comments of a post")
        .describe(
            "Oldest first. With `view=tree`, a page has top-level comments, each with its replies; with `view=flat`, "
            "all comments in one list.")
        .path_params("The id of the post.")
        .fails(problems::not_found, api::list_problems);
    s.routes.get("/api/comments/{id}", &slice::find, *this)
        .cached(s.cache, api::keyed_by{by_id})
        .named("get_comment", "One comment")
        .describe("The `ETag` of the response goes into `If-Match` when the comment is changed.")
        .path_params("The id of the comment.")
        .fails(problems::not_found);
    s.routes.post("/api/posts/{id}/comments", &slice::create, *this)
        .named("create_comment", "Comment on a post")
        .describe("Also replies to a comment, when `parent_id` names one of the same post.")
        .path_params("The id of the post.")
        .fails(problems::not_found, problems::too_many_texts);
    s.routes.put("/api/comments/{id}", &slice::revise, *this)
        .named("update_comment", "Change a comment")
        .describe("For the author, moderators and admins. `If-Match` names the version that was edited.")
        .path_params("The id of the comment.")
        .fails(api::edit_problems, problems::too_many_texts);
    s.routes.del("/api/comments/{id}", &slice::remove, *this)
        .named("delete_comment", "Delete a comment")
        .describe("Removes the text. The replies stay.")
        .path_params("The id of the comment.")
        .fails(api::edit_problems);
    s.erasure.push_back(&erase_author);
}

asio::awaitable<outcome<page>> slice::of_post(http::anyone, const http::path<std::int64_t>& post_id,
                                              const http::query<list_query>& q)
{
    const std::string view = q->view && !q->view->empty() ? *q->view : std::string{view_words[0]};
    bool empty = false;
    std::optional<page> found;
    if (view == view_words[0]) {
        auto threads = co_await tree(*store_, cursors_, *post_id, *q);
        if (!threads) co_return threads.error();
        empty = threads->data.empty();
        found = *std::move(threads);
    } else if (view == view_words[1]) {
        auto all = co_await flat(*store_, cursors_, *post_id, *q);
        if (!all) co_return all.error();
        empty = all->data.empty();
        found = *std::move(all);
    } else {
        std::vector<field_error> errors;
        errors.emplace_back("view", field_codes::invalid, "must be one of tree, flat");
        co_return failure::invalid(std::move(errors));
    }
    if (empty) {
        // The post is looked up only now: an empty page may mean that there is no such post.
        const bool post_exists = co_await posts_.store().exists(*post_id);
        if (!post_exists) co_return failure::not_found("this post");
    }
    co_return *std::move(found);
}

asio::awaitable<outcome<comment>> slice::find(http::anyone, const http::path<std::int64_t>& id)
{
    return comments::find(*store_, *id);
}

asio::awaitable<outcome<http::created<comment>>> slice::create(http::member who,
                                                               const http::path<std::int64_t>& post_id,
                                                               const http::body<draft>& d)
{
    auto made = co_await comments::create(*store_, by_, *post_id, who.id, *d);
    if (!made) co_return made.error();
    co_return http::created<comment>{"/api/comments/" + std::to_string(made->id), *std::move(made)};
}

asio::awaitable<outcome<comment>> slice::revise(http::member who, const http::path<std::int64_t>& id,
                                                http::if_match version, const http::body<change>& wanted)
{
    return comments::revise(*store_, by_, {*id, version, who.identity}, *wanted);
}

asio::awaitable<outcome<void>> slice::remove(http::member who, const http::path<std::int64_t>& id,
                                             http::if_match version)
{
    return comments::remove(*store_, by_.clock, {*id, version, who.identity});
}

asio::awaitable<std::vector<std::string>> slice::popular_threads(std::size_t most)
{
    std::vector<std::string> targets;
    const auto posts = co_await posts_.store().most_liked(most);
    for (const auto id : posts) targets.push_back("/api/posts/" + std::to_string(id) + "/comments");
    co_return targets;
}

}  // namespace agora::comments
