// SPDX-License-Identifier: MIT
// /api/posts: the constructor lists the routes with their cache keys; each handler below it calls one operation of
// posts.hpp.
#include <agora/features/posts/posts_cache.hpp>
#include <agora/services/services.hpp>
#include <algorithm>

namespace agora::posts {

slice::slice(services& s, users::slice& users)
    : store_{make_posts_store(s.outbox)},
      users_{users},
      cursors_{s.cursors},
      by_{s.clock, s.renderer},
      pages_{make_pages(s, *store_, by_)},
      profiles_{make_profile_pages(s, *store_, users.store())},
      feeds_{make_feeds(s, *store_, users.store())}
{
    s.routes.section("posts");
    s.routes.get("/api/posts", &slice::list, *this)
        .cached(s.cache, api::keyed_by{pages, filtered_pages})
        .warmed(&slice::popular_lists, *this)
        .named("list_posts", "Posts")
        .describe(
            "A page of posts, in the order that `sort` names, perhaps only those of a category, with a tag or by an "
            "author.")
        .fails(api::list_problems);
    s.routes.get("/api/posts/user/{user_id}", &slice::list_of_author, *this)
        .cached(s.cache, api::keyed_by{pages_of_author})
        .warmed(&slice::popular_authors, *this)
        .named("list_posts_of_user", "Posts of one author")
        .describe("Takes the same parameters as the list of all posts.")
        .path_params("The id of the author.")
        .fails(problems::not_found, api::list_problems);
    s.routes.get("/api/posts/{id}", &slice::find, *this)
        .cached(s.cache, api::keyed_by{by_id})
        .warmed(&slice::popular_posts, *this)
        .named("get_post", "One post")
        .describe(
            "The post with its text, as Markdown and as HTML. The `ETag` of the response goes into `If-Match` when the "
            "post is changed.")
        .path_params("The id of the post.")
        .fails(problems::not_found);
    s.routes.post("/api/posts", &slice::create, *this)
        .named("create_post", "Write a post")
        .describe("`Location` in the response has the path of the new post.")
        .fails(problems::too_many_texts);
    s.routes.put("/api/posts/{id}", &slice::replace, *this)
        .named("replace_post", "Replace a post")
        .describe(
            "Replaces title, text, category and tags. For the author, moderators and admins. `If-Match` names the "
            "version that was edited, so that two editors cannot overwrite each other unnoticed.")
        .path_params("The id of the post.")
        .fails(api::edit_problems, problems::too_many_texts);
    s.routes.patch("/api/posts/{id}", &slice::revise, *this)
        .named("update_post", "Change parts of a post")
        .describe("Absent fields stay as they are. Otherwise the same as PUT.")
        .path_params("The id of the post.")
        .fails(api::edit_problems, problems::too_many_texts);
    s.routes.del("/api/posts/{id}", &slice::remove, *this)
        .named("delete_post", "Delete a post")
        .describe("Deletes the post with its comments. For the author, moderators and admins.")
        .path_params("The id of the post.")
        .fails(api::edit_problems);
    s.erasure.push_back(&erase_author);
}

asio::awaitable<outcome<api::list<post_summary>>> slice::list(http::guest_or_member, const http::query<list_query>& q)
{
    return posts::list(*store_, cursors_, *q);
}

asio::awaitable<outcome<api::list<post_summary>>> slice::list_of_author(http::guest_or_member,
                                                                        const http::path<std::int64_t>& user_id,
                                                                        const http::query<list_query>& q)
{
    list_query narrowed = *q;
    narrowed.author = std::to_string(*user_id);
    auto page = co_await posts::list(*store_, cursors_, narrowed);
    if (page && page->data.empty()) {
        // The user is looked up only now: an empty page may mean that there is no such user.
        const auto author = co_await users::find(users_.store(), *user_id);
        if (!author) co_return author.error();
    }
    co_return page;
}

asio::awaitable<outcome<post>> slice::find(http::anyone, const http::path<std::int64_t>& id)
{
    return posts::find(*store_, *id);
}

asio::awaitable<outcome<http::created<post>>> slice::create(http::member who, const http::body<draft>& d)
{
    auto made = co_await posts::create(*store_, by_, who.id, *d);
    if (!made) co_return made.error();
    co_return http::created<post>{"/api/posts/" + std::to_string(made->id), *std::move(made)};
}

asio::awaitable<outcome<post>> slice::replace(http::member who, const http::path<std::int64_t>& id,
                                              http::if_match version, const http::body<draft>& d)
{
    return posts::replace(*store_, by_, {*id, version, who.identity}, *d);
}

asio::awaitable<outcome<post>> slice::revise(http::member who, const http::path<std::int64_t>& id,
                                             http::if_match version, const http::body<change>& wanted)
{
    return posts::revise(*store_, by_, {*id, version, who.identity}, *wanted);
}

asio::awaitable<outcome<void>> slice::remove(http::member who, const http::path<std::int64_t>& id,
                                             http::if_match version)
{
    return posts::remove(*store_, by_.clock, {*id, version, who.identity});
}

asio::awaitable<std::vector<std::string>> slice::popular_lists(std::size_t most)
{
    std::vector<std::string> targets{"/api/posts", "/api/posts?sort=top", "/api/posts?sort=active"};
    for (auto skip = api::default_limit; targets.size() < std::min<std::size_t>(most, 10); skip += api::default_limit)
        targets.push_back("/api/posts?skip=" + std::to_string(skip));
    co_return targets;
}

asio::awaitable<std::vector<std::string>> slice::popular_posts(std::size_t most)
{
    std::vector<std::string> targets;
    const auto ids = co_await store_->most_liked(most);
    for (const auto id : ids) targets.push_back("/api/posts/" + std::to_string(id));
    co_return targets;
}

asio::awaitable<std::vector<std::string>> slice::popular_authors(std::size_t most)
{
    std::vector<std::string> targets;
    const auto ids = co_await users_.store().most_active(most);
    for (const auto id : ids) targets.push_back("/api/posts/user/" + std::to_string(id));
    co_return targets;
}

}  // namespace agora::posts
