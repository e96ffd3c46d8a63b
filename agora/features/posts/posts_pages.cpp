// SPDX-License-Identifier: MIT
// The pages of posts: the lists at /, /top, /active and /t/{tag}, and the forms at /write, /posts/{id}/edit and
// /posts/{id}/delete. make_pages() mounts them. A list is made for guests and is cached like its JSON. The page of one
// post belongs to the comments, which it shows.
#include <agora/features/posts/posts_cache.hpp>
#include <agora/markup/page_html.hpp>
#include <agora/services/services.hpp>
#include <agora/site/forms.hpp>
#include <agora/site/text.hpp>

namespace agora::posts {
namespace {

/// Key: order, cursor.
constexpr api::page_region<std::string, std::optional<std::string>> front_pages{"page:posts:{}:{}", list_options};
/// Key: tag, order, cursor.
constexpr api::page_region<std::string, std::string, std::optional<std::string>> tag_pages{"page:tag:{}:{}:{}",
                                                                                           list_options};

struct tag_query : after_query {
    std::optional<std::string> sort;
};
BOOST_DESCRIBE_STRUCT(tag_query, (after_query), (sort))

/// What is typed into the form of a post.
struct typed_post {
    std::string title;
    std::string category;  ///< slug; empty: none
    std::string tags;      ///< with spaces between them
    std::string body;
    std::int64_t version = 0;  ///< of the post that is edited
};
BOOST_DESCRIBE_STRUCT(typed_post, (), (title, category, tags, body, version))

std::string tags_as_typed(const std::vector<std::string>& tags)
{
    std::string text;
    for (const auto& t : tags) text.append(text.empty() ? "" : " ").append(t);
    return text;
}

draft to_draft(const typed_post& f)
{
    draft d;
    d.title = f.title;
    d.body = f.body;
    if (!f.category.empty()) d.category = f.category;
    d.tags.emplace();
    for (std::size_t at = 0; at < f.tags.size();) {
        const auto end = std::min(f.tags.find_first_of(" ,;\n\t", at), f.tags.size());
        if (end > at) d.tags->push_back(f.tags.substr(at, end - at));
        at = end + 1;
    }
    return d;
}

/// The errors of single tags are shown at the one field for all of them.
failure for_fields(failure why)
{
    for (auto& e : why.fields)
        if (e.field.starts_with("tags")) e.field = "tags";
    return why;
}

void write_row(html::writer& out, const post_summary& p)
{
    const auto path = html::path{"/posts/{}/{}", p.id, site::slug(p.title)};
    const auto about = [&](html::writer& meta) {
        site::write_member(meta, p.author.username);
        site::write_time(meta, p.created_at);
        if (p.category) meta.write(R"(<a href="/c/{}">{}</a>)", *p.category, *p.category);
        for (const auto& t : p.tags) meta.write(R"(<a class="tag" href="/t/{}">{}</a>)", t, t);
    };
    auto comments = path;
    out.write(
        R"(<li><h2 dir="auto"><a href="{}">{}</a></h2><p class="meta">{}</p><span class="count"><b>{}</b> {}</span>)"
        R"(<a class="count" href="{}#comments"><b>{}</b> {}</a></li>)",
        path, p.title, about, site::grouped(p.likes), p.likes == 1 ? "like" : "likes", comments,
        site::grouped(p.comments), p.comments == 1 ? "comment" : "comments");
}

void write_tabs(html::writer& out, const shown_list& in)
{
    for (const auto& [order, name] : {std::pair{"new", "New"}, {"top", "Top"}, {"active", "Active"}}) {
        auto tab = in;
        tab.order = order;
        out.write(R"(<a href="{}" aria-current="{}">{}</a>)", html::path::parse(path_of(tab)),
                  in.order == order ? std::optional<std::string_view>{"page"} : std::nullopt, name);
    }
}

/// A form as it is shown: what was typed, what can be chosen, and why it was refused.
struct shown_form {
    const typed_post& typed;
    const std::vector<category_choice>& categories;
    const failure* why = nullptr;
};

void write_post_form(html::writer& out, const shown_form& form)
{
    const auto& f = form.typed;
    const auto* why = form.why;
    std::vector<std::pair<std::string, std::string>> choices{{"", "No category"}};
    for (const auto& c : form.categories) choices.emplace_back(c.slug, c.name);
    site::write_field(out, {.name = "title", .label = "Title", .value = f.title, .most = max_title}, why);
    if (choices.size() > 1)
        site::write_select(out, {.name = "category", .label = "Category", .value = f.category}, choices, why);
    site::write_field(out,
                      {.name = "tags",
                       .label = "Tags",
                       .value = f.tags,
                       .hint = "Up to five, with spaces between them: repairs winter",
                       .required = false},
                      why);
    site::write_text_area(out,
                          {.name = "body",
                           .label = "Text",
                           .value = f.body,
                           .hint = "Markdown: **bold**, *italic*, `code`, > quote.",
                           .most = max_body},
                          why);
}

site::page write_page(const shown_form& f)
{
    site::page p;
    p.title = "Write a post";
    p.indexed = false;
    p.main.write("<h1>Write a post</h1>");
    site::write_refusal(p.main, f.why, {"title", "category", "tags", "body"});
    p.main.write(
        R"(<form class="page" method="post" action="/posts">{}<p class="acts"><button class="main">Post</button>)"
        R"(</p></form>)",
        [&](html::writer& out) { write_post_form(out, f); });
    return p;
}

site::page edit_page(std::int64_t id, const shown_form& f)
{
    site::page p;
    p.title = "Edit your post";
    p.indexed = false;
    p.main.write("<h1>Edit your post</h1>");
    site::write_refusal(p.main, f.why, {"title", "category", "tags", "body"});
    p.main.write(
        R"(<form class="page" method="post" action="/posts/{}/edit"><input type="hidden" name="version" )"
        R"(value="{}">{}<p class="acts"><button class="main">Save</button><a class="button" href="/posts/{}">)"
        R"(Cancel</a></p></form>)",
        id, f.typed.version, [&](html::writer& out) { write_post_form(out, f); }, id);
    return p;
}

site::page delete_page(const post& of)
{
    site::page p;
    p.title = "Delete this post?";
    p.indexed = false;
    p.slim = true;
    p.main.write(
        R"(<h1>Delete this post?</h1><p class="lead">“{}”, with {}.</p>)"
        R"(<p>Nobody can read it any more, and its address says that it was deleted.</p>)"
        R"(<form method="post" action="/posts/{}/delete"><p class="acts"><button class="danger">Delete the post)"
        R"(</button><a class="button" href="{}">Keep it</a></p></form>)",
        of.title, site::counted(of.comments, "comment", "comments"), of.id,
        html::path{"/posts/{}/{}", of.id, site::slug(of.title)});
    return p;
}

}  // namespace

std::string path_of(const shown_list& in)
{
    if (in.base == "/") return in.order == "new" ? "/" : "/" + in.order;
    return in.order == "new" ? in.base : in.base + "?sort=" + in.order;
}

void write_list(html::writer& out, const shown_list& in, const api::list<post_summary>& posts)
{
    const auto write_button = [&](html::writer& button) {
        button.write(R"(<a class="button main" href="{}">Write a post</a>)", html::path::parse(in.write_path));
    };
    out.write(
        R"(<nav class="tabs" aria-label="Order">{}{}</nav>)", [&](html::writer& tabs) { write_tabs(tabs, in); },
        html::when(!posts.data.empty(), write_button));
    if (posts.data.empty()) {
        out.write(R"(<div class="empty"><h2>{}</h2><p class="lead">{}</p><p class="acts">{}</p></div>)",
                  in.empty_heading, in.empty_text, write_button);
        return;
    }
    write_posts(out, path_of(in), posts);
}

void write_posts(html::writer& out, std::string_view path, const api::list<post_summary>& posts)
{
    out.write(R"(<ol class="posts">{}</ol>)", html::each(posts.data, write_row));
    if (!posts.page.next_cursor) return;
    auto older = html::path::parse(path);
    if (older) older->add("after", *posts.page.next_cursor);
    out.write(
        R"(<nav class="more" aria-label="Pages"><a class="button" href="{}" rel="next">Older discussions</a></nav>)",
        older);
}

class page_routes {
 public:
    page_routes(services& s, store& posts, api::authoring by)
        : store_{posts}, cursors_{s.cursors}, site_{s.site}, by_{by}
    {
        s.cache.declare(front_pages);
        s.cache.declare(tag_pages);
        auto& routes = s.routes;
        routes.section("site");
        for (const auto* path : {"/", "/new"})
            routes.page(path, &page_routes::newest, *this, site_.view())
                .cached(s.cache, [](http::anyone, const http::query<after_query>& q) {
                    return std::optional{front_pages("new", q->after)};
                });
        routes.page("/top", &page_routes::top, *this, site_.view())
            .cached(s.cache, [](http::anyone, const http::query<after_query>& q) {
                return std::optional{front_pages("top", q->after)};
            });
        routes.page("/active", &page_routes::active, *this, site_.view())
            .cached(s.cache, [](http::anyone, const http::query<after_query>& q) {
                return std::optional{front_pages("active", q->after)};
            });
        routes.page("/t/{tag}", &page_routes::tagged, *this, site_.view())
            .cached(s.cache, [](http::anyone, const http::path<std::string>& tag, const http::query<tag_query>& q) {
                return std::optional{tag_pages(*tag, q->sort.value_or("new"), q->after)};
            });
        auto& previews = s.limits.limit({.name = "previews", .quota = 60, .window = std::chrono::minutes{1}});
        routes.form("/preview", &page_routes::preview, *this, site_.view())
            .body_limit(2 << 20)
            .limit(previews, http::limited_by::user);
        routes.page("/write", &page_routes::write, *this, site_.view());
        routes.page("/posts", &page_routes::to_write, *this, site_.view());
        routes.form("/posts", &page_routes::post_new, *this, site_.view()).body_limit(2 << 20);
        routes.page("/posts/{id}/edit", &page_routes::edit, *this, site_.view());
        routes.form("/posts/{id}/edit", &page_routes::post_edit, *this, site_.view()).body_limit(2 << 20);
        routes.page("/posts/{id}/delete", &page_routes::ask_delete, *this, site_.view());
        routes.form("/posts/{id}/delete", &page_routes::post_delete, *this, site_.view());
    }

 private:
    using id_path = http::path<std::int64_t>;

    asio::awaitable<outcome<site::page>> newest(http::anyone, const http::query<after_query>& q)
    {
        return front("new", "", q->after);
    }
    asio::awaitable<outcome<site::page>> top(http::anyone, const http::query<after_query>& q)
    {
        return front("top", "Top", q->after);
    }
    asio::awaitable<outcome<site::page>> active(http::anyone, const http::query<after_query>& q)
    {
        return front("active", "Active", q->after);
    }

    asio::awaitable<outcome<site::page>> front(std::string order, std::string title, std::optional<std::string> after)
    {
        list_query q;
        q.sort = order;
        q.cursor = after;
        const auto found = co_await list(store_, cursors_, q);
        if (!found) co_return found.error();
        shown_list in;
        in.base = "/";
        in.order = order;
        site::page p;
        p.title = std::move(title);
        p.description = "Discussions of " + site_.name() + ".";
        p.canonical = path_of(in);
        p.in = site::section::discussions;
        p.feed = "/feed.atom";
        p.indexed = !after;
        p.beside = co_await site_.beside();
        p.main.write(R"(<h1 class="hide">Discussions</h1>)");
        write_list(p.main, in, *found);
        co_return std::move(p);
    }

    asio::awaitable<outcome<site::page>> tagged(http::anyone, const http::path<std::string>& tag,
                                                const http::query<tag_query>& q)
    {
        list_query wanted;
        wanted.tag = *tag;
        wanted.sort = q->sort;
        wanted.cursor = q->after;
        const auto found = co_await list(store_, cursors_, wanted);
        if (!found) co_return found.error();
        if (found->data.empty() && !q->after) co_return failure::not_found("a post with this tag");
        shown_list in;
        in.base = html::path{"/t/{}", *tag}.text();
        in.order = q->sort.value_or("new");
        in.write_path = "/write";
        site::page p;
        p.title = *tag;
        p.description = "Discussions with the tag " + *tag + ".";
        p.canonical = in.base;
        p.in = site::section::tags;
        p.feed = in.base + "/feed.atom";
        p.indexed = !q->after && !q->sort;
        p.beside = co_await site_.beside();
        p.main.write(R"(<h1>{}</h1>)", *tag);
        write_list(p.main, in, *found);
        co_return std::move(p);
    }

    asio::awaitable<outcome<site::page>> write(http::member, const http::query<typed_post>& q)
    {
        const auto categories = co_await store_.categories();
        co_return write_page({*q, categories});
    }
    http::response to_write(http::anyone) { return site::see_other("/write"); }

    /// The text as a page would show it, for the script. Nothing is stored.
    asio::awaitable<http::response> preview(http::member, const http::request& r, const http::form<typed_post>& f)
    {
        const auto html = co_await by_.renderer.render(f->body);
        if (!html) co_return http::problem(r, html.error());
        co_return http::response{200, "text/html; charset=utf-8", markup::page_html{*html}.text()};
    }

    asio::awaitable<http::response> post_new(http::member who, const http::form<typed_post>& f)
    {
        const auto d = to_draft(*f);
        const auto made = co_await create(store_, by_.with_form(), who.id, d);
        if (made) co_return site::see_other(site::post_path(made->id, made->title));
        const auto why = for_fields(made.error());
        const auto categories = co_await store_.categories();
        co_return site_.show(why.status, write_page({*f, categories, &why}));
    }

    asio::awaitable<outcome<site::page>> edit(http::member who, const id_path& id)
    {
        const auto found = co_await editable(who, *id);
        if (!found) co_return found.error();
        typed_post f;
        f.title = found->title;
        f.category = found->category.value_or("");
        f.tags = tags_as_typed(found->tags);
        f.body = found->body;
        f.version = found->version;
        const auto categories = co_await store_.categories();
        co_return edit_page(*id, {f, categories});
    }

    asio::awaitable<http::response> post_edit(http::member who, const http::request& r, const id_path& id,
                                              const http::form<typed_post>& f)
    {
        const auto version = http::if_match::parse("\"" + std::to_string(f->version) + "-form\"");
        const auto d = to_draft(*f);
        const auto edited = co_await replace(store_, by_, {*id, version, who.identity}, d);
        if (edited) co_return site::see_other(site::post_path(*id, edited->title));
        auto why = for_fields(edited.error());
        if (why.status == 403 || why.status == 404) co_return http::problem(r, why);
        const auto categories = co_await store_.categories();
        if (why.status != 412) co_return site_.show(why.status, edit_page(*id, {*f, categories, &why}));
        // The form is shown again with what was typed and the version that it would replace now.
        const auto current = co_await find(store_, *id);
        if (!current) co_return http::problem(r, current.error());
        auto again = *f;
        again.version = current->version;
        why.detail = "somebody has changed this post since you opened it; if you save now, your text replaces theirs";
        co_return site_.show(409, edit_page(*id, {again, categories, &why}));
    }

    asio::awaitable<outcome<site::page>> ask_delete(http::member who, const id_path& id)
    {
        const auto found = co_await editable(who, *id);
        if (!found) co_return found.error();
        co_return delete_page(*found);
    }

    asio::awaitable<http::response> post_delete(http::member who, const http::request& r, const id_path& id)
    {
        const auto found = co_await editable(who, *id);
        if (!found) co_return http::problem(r, found.error());
        const auto version = http::if_match::parse("\"" + std::to_string(found->version) + "-form\"");
        const auto done = co_await remove(store_, by_.clock, {*id, version, who.identity});
        if (!done) co_return http::problem(r, done.error());
        co_return site::see_other("/");
    }

    /// The post, if the member may change it.
    asio::awaitable<outcome<post>> editable(http::member who, std::int64_t id)
    {
        auto found = co_await find(store_, id);
        if (!found) co_return found;
        const auto allowed = api::check_author(who.identity, found->author.id);
        if (!allowed) co_return allowed.error();
        co_return found;
    }

    store& store_;
    const storage::cursor_signer& cursors_;
    const site::site& site_;
    const api::authoring by_;
};

std::shared_ptr<page_routes> make_pages(services& s, store& posts, api::authoring by)
{
    return std::make_shared<page_routes>(s, posts, by);
}

}  // namespace agora::posts
