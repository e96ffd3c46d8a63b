// SPDX-License-Identifier: MIT
// The page of a post with its comments, and the forms for replying, editing and deleting comments. make_pages() mounts
// them. The page is made for guests and is cached by the post's id and the number of the page of comments; members see
// their tools in slots. A permalink, /comments/{id}, leads to the page that the comment is on.
#include <agora/features/comments/comments_cache.hpp>
#include <agora/markup/page_html.hpp>
#include <agora/markup/sanitized.hpp>
#include <agora/services/services.hpp>
#include <agora/site/forms.hpp>
#include <agora/site/text.hpp>

namespace agora::comments {
namespace {

constexpr std::int64_t threads_per_page = 20;

/// Key: post, page of comments.
constexpr api::page_region<std::int64_t, std::int64_t> post_pages{"page:post:{}:{}",
                                                                  {.ttl = larder::default_ttl,
                                                                   .tags = {"post:{0}", "comments-of:{0}"},
                                                                   .stale = api::public_answers,
                                                                   .size = {.max_bytes = std::size_t{8} << 20}}};

struct numbered_page {
    std::optional<std::int64_t> page;  ///< of comments, from 1
};
BOOST_DESCRIBE_STRUCT(numbered_page, (), (page))

struct typed_comment {
    std::string body;
    std::optional<std::int64_t> parent_id;
    std::int64_t version = 0;  ///< of the comment that is edited
};
BOOST_DESCRIBE_STRUCT(typed_comment, (), (body, parent_id, version))

constexpr int below_comments = 3;  // the level of headings in comments: h1 is the title, h2 "7 comments"

/// A post with one page of its comments.
struct discussion {
    posts::post post;
    std::vector<thread> threads;
    std::int64_t page = 1;
    std::int64_t pages = 1;
};

void write_threads(html::writer& out, const std::vector<thread>& threads, std::int64_t author);

void write_comment_text(html::writer& out, const thread& c)
{
    const markup::page_html text{c.body_html, {.first_heading = below_comments}};
    out.write(R"(<div class="prose" dir="auto" itemprop="text">{}</div><p class="quiet"><a href="/comments/{}/reply">)"
              R"(Reply</a>{}</p>)",
              markup::sanitized::view(text), c.id,
              html::guests_see(site::slot(site::slot_kind::comment_tools, c.id, c.author.id), [](html::writer&) {}));
}

/// `author`: of the post, whose comments are marked.
void write_thread(html::writer& out, const thread& c, std::int64_t author)
{
    const auto about = [&](html::writer& meta) {
        site::write_member(meta, c.author.username);
        if (c.author.id == author) meta.write(R"(<span class="mark">author</span>)");
        meta.write(R"(<a href="/comments/{}">{}</a>)", c.id,
                   [&](html::writer& link) { site::write_time(link, c.created_at); });
        if (c.likes > 0) meta.write("<span>{}</span>", site::counted(c.likes, "like", "likes"));
        if (c.updated_at != c.created_at) meta.write("<span>edited</span>");
    };
    const auto content = [&](html::writer& inner) {
        if (!c.deleted) write_comment_text(inner, c);
        if (!c.replies.empty())
            inner.write("<ol>{}</ol>", [&](html::writer& list) { write_threads(list, c.replies, author); });
        if (c.more_replies) inner.write(R"(<p class="hint">Some replies of this long thread are left out here.</p>)");
    };
    if (c.deleted) {
        out.write(R"(<li id="comment-{}"><p class="meta gone">Deleted comment</p><details open>)"
                  R"(<summary aria-label="Replies"></summary>{}</details></li>)",
                  c.id, content);
        return;
    }
    out.write(R"(<li id="comment-{}" itemprop="comment" itemscope itemtype="https://schema.org/Comment">)"
              R"(<p class="meta">{}</p><details open><summary aria-label="Comment and replies"></summary>{}</details>)"
              R"(</li>)",
              c.id, about, content);
}

void write_threads(html::writer& out, const std::vector<thread>& threads, std::int64_t author)
{
    for (const auto& t : threads) write_thread(out, t, author);
}

void write_article(html::writer& out, const posts::post& p)
{
    const auto about = [&](html::writer& meta) {
        meta.write(R"(<span itemprop="author" itemscope itemtype="https://schema.org/Person">)"
                   R"(<meta itemprop="name" content="{}">{}</span>)",
                   p.author.username, [&](html::writer& who) { site::write_member(who, p.author.username); });
        meta.write(R"(<span itemprop="datePublished" content="{}">{}</span>)", larder::to_rfc3339(p.created_at),
                   [&](html::writer& when) { site::write_time(when, p.created_at); });
        if (p.version > 1)
            meta.write("<span>edited {}</span>", [&](html::writer& when) { site::write_time(when, p.updated_at); });
        if (p.likes > 0) meta.write("<span>{}</span>", site::counted(p.likes, "like", "likes"));
        if (p.category) meta.write(R"(<a href="/c/{}">{}</a>)", *p.category, *p.category);
        for (const auto& t : p.tags) meta.write(R"(<a class="tag" href="/t/{}">{}</a>)", t, t);
    };
    const markup::page_html text{p.body_html};
    out.write(R"(<article><h1 dir="auto" itemprop="headline">{}</h1><p class="meta">{}</p>)"
              R"(<div class="prose" dir="auto" itemprop="text">{}</div>)"
              R"(<p class="acts"><a class="button" href="#reply">Reply</a>{}</p></article>)",
              p.title, about, markup::sanitized::view(text),
              html::guests_see(site::slot(site::slot_kind::post_tools, p.id, p.author.id), [](html::writer&) {}));
}

void write_pager(html::writer& out, const discussion& d)
{
    if (d.pages < 2) return;
    const html::path here{"/posts/{}/{}", d.post.id, site::slug(d.post.title)};
    const auto link = [&](std::int64_t to, std::string_view name, std::string_view rel) {
        return [=](html::writer& nav) {
            auto path = here;
            if (to > 1) path.add("page", std::to_string(to));
            nav.write(R"(<a class="button" href="{}" rel="{}">{}</a>)", path, rel, name);
        };
    };
    out.write(R"(<nav class="more" aria-label="Pages of comments">{}<span>Page {} of {}</span>{}</nav>)",
              html::when(d.page > 1, link(d.page - 1, "Earlier comments", "prev")), d.page, d.pages,
              html::when(d.page < d.pages, link(d.page + 1, "Later comments", "next")));
}

/// The form for a comment on the post; `f` says which comment it replies to, if any.
void write_reply_form(html::writer& out, std::int64_t post_id, const typed_comment& f, const failure* why)
{
    out.write(R"(<form class="reply" id="reply" method="post" action="/posts/{}/comments">{}<p class="acts">)"
              R"(<button class="main">Reply</button></p></form>)",
              post_id, [&](html::writer& fields) {
                  if (f.parent_id) fields.write(R"(<input type="hidden" name="parent_id" value="{}">)", *f.parent_id);
                  site::write_text_area(fields,
                                        {.name = "body",
                                         .label = "Your reply",
                                         .value = f.body,
                                         .hint = "Markdown: **bold**, *italic*, `code`, > quote.",
                                         .most = max_body},
                                        why);
              });
}

site::page discussion_page(const discussion& d)
{
    site::page p;
    p.title = d.post.title;
    p.description = d.post.excerpt;
    p.canonical = site::post_path(d.post.id, d.post.title);
    if (d.page > 1) p.parameters = "?page=" + std::to_string(d.page);
    p.in = site::section::discussions;
    p.kind = "article";
    const auto content = [&](html::writer& out) {
        write_article(out, d.post);
        out.write(R"(<section aria-labelledby="comments"><h2 id="comments">{}</h2>{}{}</section>)",
                  site::counted(d.post.comments, "comment", "comments"),
                  html::when(!d.threads.empty(),
                             [&](html::writer& list) {
                                 list.write(R"(<ol class="comments">{}</ol>)", [&](html::writer& threads) {
                                     write_threads(threads, d.threads, d.post.author.id);
                                 });
                             }),
                  [&](html::writer& pager) { write_pager(pager, d); });
    };
    p.main.write(R"(<div itemscope itemtype="https://schema.org/DiscussionForumPosting">{}</div>)", content);
    write_reply_form(p.main, d.post.id, {}, nullptr);
    return p;
}

site::page reply_page(const comment& to, const std::string& title, const typed_comment& f, const failure* why)
{
    site::page p;
    p.title = "Reply to " + to.author.username;
    p.indexed = false;
    const markup::page_html text{to.body_html};
    p.main.write(
        R"(<h1>Reply to {}</h1><p class="lead">In <a href="/comments/{}">{}</a></p>)"
        R"(<blockquote class="note"><p class="meta">{}</p><div class="prose" dir="auto">{}</div></blockquote>)",
        to.author.username, to.id, title,
        [&](html::writer& meta) {
            site::write_member(meta, to.author.username);
            site::write_time(meta, to.created_at);
        },
        markup::sanitized::view(text));
    site::write_refusal(p.main, why, {"body"});
    write_reply_form(p.main, to.post_id, f, why);
    return p;
}

site::page edit_page(const comment& of, const typed_comment& f, const failure* why)
{
    site::page p;
    p.title = "Edit your comment";
    p.indexed = false;
    p.main.write("<h1>Edit your comment</h1>");
    site::write_refusal(p.main, why, {"body"});
    p.main.write(
        R"(<form class="page" method="post" action="/comments/{}/edit"><input type="hidden" name="version" )"
        R"(value="{}">{}<p class="acts"><button class="main">Save</button><a class="button" )"
        R"(href="/comments/{}">Cancel</a></p></form>)",
        of.id, f.version,
        [&](html::writer& fields) {
            site::write_text_area(fields, {.name = "body", .label = "Comment", .value = f.body, .most = max_body}, why);
        },
        of.id);
    return p;
}

site::page delete_page(const comment& of)
{
    site::page p;
    p.title = "Delete this comment?";
    p.indexed = false;
    p.slim = true;
    const markup::page_html text{of.body_html};
    p.main.write(R"(<h1>Delete this comment?</h1><blockquote class="note"><div class="prose" dir="auto">{}</div>)"
                 R"(</blockquote><p>Its replies stay.</p><form method="post" action="/comments/{}/delete">)"
                 R"(<p class="acts"><button class="danger">Delete the comment</button><a class="button" )"
                 R"(href="/comments/{}">Keep it</a></p></form>)",
                 markup::sanitized::view(text), of.id, of.id);
    return p;
}

std::optional<http::page_key> key_of_post(http::anyone, const http::path<std::int64_t>& id,
                                          const http::path<std::string>&, const http::query<numbered_page>& q)
{
    return post_pages(*id, q->page.value_or(1));
}
std::optional<http::page_key> key_of_short_address(http::anyone, const http::path<std::int64_t>& id,
                                                   const http::query<numbered_page>& q)
{
    return post_pages(*id, q->page.value_or(1));
}

http::if_match version_of(std::int64_t version)
{
    return http::if_match::parse("\"" + std::to_string(version) + "-form\"");
}

}  // namespace

class page_routes {
 public:
    page_routes(services& s, store& comments, posts::slice& posts, api::authoring by)
        : store_{comments}, posts_{posts}, site_{s.site}, by_{by}
    {
        s.cache.declare(post_pages);
        auto& routes = s.routes;
        const auto view = site_.view();
        routes.section("site");
        routes.page("/posts/{id}/{slug}", &page_routes::show, *this, view).cached(s.cache, &key_of_post);
        routes.page("/posts/{id}", &page_routes::show_by_id, *this, view).cached(s.cache, &key_of_short_address);
        routes.page("/posts/{id}/comments", &page_routes::to_post, *this, view);
        routes.form("/posts/{id}/comments", &page_routes::post_new, *this, view).body_limit(512 * 1024);
        routes.page("/comments/{id}", &page_routes::permalink, *this, view);
        routes.page("/comments/{id}/reply", &page_routes::reply, *this, view);
        routes.page("/comments/{id}/edit", &page_routes::edit, *this, view);
        routes.form("/comments/{id}/edit", &page_routes::post_edit, *this, view).body_limit(512 * 1024);
        routes.page("/comments/{id}/delete", &page_routes::ask_delete, *this, view);
        routes.form("/comments/{id}/delete", &page_routes::post_delete, *this, view);
    }

 private:
    using id_path = http::path<std::int64_t>;
    using shown_page = asio::awaitable<outcome<site::page>>;

    shown_page show(http::anyone, const id_path& id, const http::path<std::string>&,
                    const http::query<numbered_page>& q)
    {
        return page_of(*id, q->page.value_or(1));
    }
    shown_page show_by_id(http::anyone, const id_path& id, const http::query<numbered_page>& q)
    {
        return page_of(*id, q->page.value_or(1));
    }
    http::response to_post(http::anyone, const id_path& id) { return site::see_other("/posts/" + std::to_string(*id)); }

    shown_page page_of(std::int64_t id, std::int64_t page)
    {
        auto post = co_await posts::find(posts_.store(), id);
        if (!post) {
            const bool deleted = co_await posts_.store().was_deleted(id);
            if (deleted) co_return failure{problems::deleted, "its author or a moderator has deleted it"};
            co_return post.error();
        }
        discussion d;
        d.post = *std::move(post);
        d.page = page;
        const auto threads = co_await store_.count(id, true, api::max_skip);
        d.pages = std::max<std::int64_t>(1, (threads + threads_per_page - 1) / threads_per_page);
        if (page < 1 || page > d.pages) co_return failure::not_found("this page of comments");
        co_await read_threads(d);
        auto p = discussion_page(d);
        p.beside = co_await site_.beside();
        co_return std::move(p);
    }

    /// Reads the threads of the page. One statement reads as many as fit into a page of JSON; long threads need more.
    asio::awaitable<void> read_threads(discussion& d)
    {
        const auto end = d.page * threads_per_page;
        api::window w;
        for (w.offset = end - threads_per_page; w.offset < end;) {
            w.limit = end - w.offset;
            auto rows = co_await store_.threads(d.post.id, w);
            auto built = build_threads(std::move(rows), w.limit);
            if (built.threads.empty()) break;
            w.offset += static_cast<std::int64_t>(built.threads.size());
            for (auto& t : built.threads) d.threads.push_back(std::move(t));
            if (!built.has_more) break;
        }
    }

    asio::awaitable<http::response> permalink(http::anyone, const http::request& r, const id_path& id)
    {
        const auto at = co_await address_of(*id);
        if (!at) co_return http::problem(r, at.error());
        http::response out;
        out.status = 302;
        out.headers.emplace_back("Location", *at);
        co_return out;
    }

    /// The path of the page that shows the comment, with its fragment.
    asio::awaitable<outcome<std::string>> address_of(std::int64_t id)
    {
        const auto place = co_await store_.place_of(id);
        if (!place) co_return failure::not_found("this comment");
        const auto post = co_await posts::find(posts_.store(), place->post_id);
        if (!post) co_return post.error();
        const auto page = place->threads_before / threads_per_page + 1;
        auto path = site::post_path(post->id, post->title);
        if (page > 1) path += "?page=" + std::to_string(page);
        co_return path + "#comment-" + std::to_string(id);
    }

    asio::awaitable<http::response> post_new(http::member who, const http::request& r, const id_path& post_id,
                                             const http::form<typed_comment>& f)
    {
        draft d;
        d.body = f->body;
        d.parent_id = f->parent_id;
        const auto made = co_await create(store_, by_.with_form(), *post_id, who.id, d);
        if (made) {
            const auto at = co_await address_of(made->id);
            co_return at ? site::see_other(*at) : http::problem(r, at.error());
        }
        const auto& why = made.error();
        if (why.status != 422) co_return http::problem(r, why);
        if (f->parent_id) {
            const auto parent = co_await find(store_, *f->parent_id);
            if (!parent) co_return http::problem(r, parent.error());
            const auto again = co_await reply_page_of(*parent, *f, &why);
            co_return site_.show(422, again);
        }
        co_return site_.show(422, alone(*post_id, *f, why));
    }

    /// The form of a new comment that was refused.
    static site::page alone(std::int64_t post_id, const typed_comment& f, const failure& why)
    {
        site::page p;
        p.title = "Your reply";
        p.indexed = false;
        p.main.write("<h1>Your reply</h1>");
        site::write_refusal(p.main, &why, {"body"});
        write_reply_form(p.main, post_id, f, &why);
        return p;
    }

    asio::awaitable<site::page> reply_page_of(const comment& to, const typed_comment& f, const failure* why)
    {
        const auto post = co_await posts::find(posts_.store(), to.post_id);
        co_return reply_page(to, post ? post->title : std::string{"the post"}, f, why);
    }

    shown_page reply(http::anyone, const id_path& id)
    {
        const auto to = co_await find(store_, *id);
        if (!to) co_return to.error();
        typed_comment f;
        f.parent_id = *id;
        auto p = co_await reply_page_of(*to, f, nullptr);
        co_return std::move(p);
    }

    shown_page edit(http::member who, const id_path& id)
    {
        const auto found = co_await editable(who, *id);
        if (!found) co_return found.error();
        typed_comment f;
        f.body = found->body;
        f.version = found->version;
        co_return edit_page(*found, f, nullptr);
    }

    asio::awaitable<http::response> post_edit(http::member who, const http::request& r, const id_path& id,
                                              const http::form<typed_comment>& f)
    {
        change wanted;
        wanted.body = f->body;
        const auto edited = co_await revise(store_, by_, {*id, version_of(f->version), who.identity}, wanted);
        if (edited) {
            const auto at = co_await address_of(*id);
            co_return at ? site::see_other(*at) : http::problem(r, at.error());
        }
        auto why = edited.error();
        if (why.status == 403 || why.status == 404) co_return http::problem(r, why);
        const auto current = co_await find(store_, *id);
        if (!current) co_return http::problem(r, current.error());
        auto again = *f;
        if (why.status == 412) {
            why.status = 409;
            why.detail =
                "somebody has changed this comment since you opened it; if you save now, your text replaces theirs";
            again.version = current->version;
        }
        co_return site_.show(why.status, edit_page(*current, again, &why));
    }

    shown_page ask_delete(http::member who, const id_path& id)
    {
        const auto found = co_await editable(who, *id);
        if (!found) co_return found.error();
        co_return delete_page(*found);
    }

    asio::awaitable<http::response> post_delete(http::member who, const http::request& r, const id_path& id)
    {
        const auto found = co_await editable(who, *id);
        if (!found) co_return http::problem(r, found.error());
        const auto done = co_await remove(store_, by_.clock, {*id, version_of(found->version), who.identity});
        if (!done) co_return http::problem(r, done.error());
        co_return site::see_other("/posts/" + std::to_string(found->post_id));
    }

    /// The comment, if the member may change it.
    asio::awaitable<outcome<comment>> editable(http::member who, std::int64_t id)
    {
        auto found = co_await find(store_, id);
        if (!found) co_return found;
        const auto allowed = api::check_author(who.identity, found->author.id);
        if (!allowed) co_return allowed.error();
        co_return found;
    }

    store& store_;
    posts::slice& posts_;
    const site::site& site_;
    const api::authoring by_;
};

std::shared_ptr<page_routes> make_pages(services& s, store& comments, posts::slice& posts, api::authoring by)
{
    return std::make_shared<page_routes>(s, comments, posts, by);
}

}  // namespace agora::comments
