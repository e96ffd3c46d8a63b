// SPDX-License-Identifier: MIT
// The pages /categories, /c/{slug} and /tags, and the parts of the margin: the largest categories, the busiest tags,
// and the whole community in numbers. make_pages() mounts them. A page is made for guests and is cached like its JSON;
// the margin is not invalidated by writes (see site.hpp).
#include <agora/api/keys.hpp>
#include <agora/features/categories/categories.hpp>
#include <agora/services/services.hpp>
#include <agora/site/document.hpp>
#include <agora/site/text.hpp>
#include <algorithm>
#include <chrono>
#include <larder/ascii.hpp>

namespace agora::categories {
namespace {

constexpr larder::region_options page_options{
    .ttl = larder::default_ttl, .tags = {"posts"}, .stale = api::public_answers};

constexpr api::page_region<> categories_page{"page:categories", page_options};
/// Key: cursor.
constexpr api::page_region<std::optional<std::string>> tags_pages{"page:tags:{}", page_options};
/// Key: slug, order, cursor.
constexpr api::page_region<std::string, std::string, std::optional<std::string>> category_pages{
    "page:category:{}:{}:{}", {.ttl = std::chrono::seconds{30}, .tags = {"posts"}, .stale = api::public_answers}};

/// Key: slug.
constexpr api::response_region<std::string> feeds{
    "feed:category:{}", {.ttl = std::chrono::seconds{30}, .tags = {"posts"}, .stale = api::public_answers}};

constexpr std::int64_t most_categories = 200;  // on their page
constexpr std::int64_t most_tags = 100;        // on one page
constexpr std::int64_t in_margin = 5;

struct category_query : posts::after_query {
    std::optional<std::string> sort;
};
BOOST_DESCRIBE_STRUCT(category_query, (posts::after_query), (sort))

/// The slug that an address names; nullopt: no category can have it. Slugs are in lower case.
std::optional<std::string> slug_of(std::string written)
{
    std::ranges::transform(written, written.begin(), larder::to_lower);
    const bool possible = std::ranges::all_of(written, [](char c) { return c > ' ' && c < 0x7F; });
    return possible ? std::optional{std::move(written)} : std::nullopt;
}

void write_category(html::writer& out, const category& c)
{
    out.write(
        R"(<li><h2 dir="auto"><a href="/c/{}">{}</a></h2>{}<span class="count"><b>{}</b> {}</span></li>)", c.slug,
        c.name,
        html::when(!c.description.empty(),
                   [&](html::writer& about) { about.write(R"(<p class="meta" dir="auto">{}</p>)", c.description); }),
        site::grouped(c.posts), c.posts == 1 ? "post" : "posts");
}

void write_tag(html::writer& out, const tag& t)
{
    out.write(R"(<li><a class="tag" href="/t/{}">{}</a>{}</li>)", t.name, t.name, site::grouped(t.posts));
}

site::page page_of_categories(const std::vector<category>& all)
{
    site::page p;
    p.title = "Categories";
    p.description = "What is discussed here.";
    p.canonical = "/categories";
    p.in = site::section::categories;
    p.main.write("<h1>Categories</h1>");
    if (all.empty()) {
        p.main.write(R"(<div class="empty"><p class="lead">There are no categories; posts need none.</p></div>)");
    } else {
        p.main.write(R"(<ul class="posts">{}</ul>)", html::each(all, write_category));
    }
    return p;
}

site::page page_of_tags(const api::list<tag>& all)
{
    site::page p;
    p.title = "Tags";
    p.description = "The tags of the discussions, the busiest first.";
    p.canonical = "/tags";
    p.in = site::section::tags;
    p.main.write("<h1>Tags</h1>");
    if (all.data.empty()) {
        p.main.write(
            R"(<div class="empty"><p class="lead">No post has a tag yet. A post can have up to five.</p></div>)");
        return p;
    }
    p.main.write(R"(<p class="lead">The busiest first. A post has up to five.</p><ul class="cloud">{}</ul>)",
                 html::each(all.data, write_tag));
    if (all.page.next_cursor)
        p.main.write(R"(<nav class="more" aria-label="Pages"><a class="button" href="/tags?after={}" rel="next">)"
                     R"(More tags</a></nav>)",
                     *all.page.next_cursor);
    return p;
}

site::page page_of(const category& c, std::string order, const api::list<posts::post_summary>& found)
{
    posts::shown_list in;
    in.base = html::path{"/c/{}", c.slug}.text();
    in.order = std::move(order);
    in.write_path = html::path{"/write?category={}", c.slug}.text();
    in.empty_heading = "Nothing in “" + c.name + "” yet";
    in.empty_text = "Write the first post here.";
    site::page p;
    p.title = c.name;
    p.description = c.description.empty() ? "Discussions in " + c.name + "." : c.description;
    p.canonical = in.base;
    p.in = site::section::categories;
    p.feed = in.base + "/feed.atom";
    p.main.write(R"(<h1 dir="auto">{}</h1>)", c.name);
    if (!c.description.empty()) p.main.write(R"(<p class="lead" dir="auto">{}</p>)", c.description);
    posts::write_list(p.main, in, found);
    return p;
}

std::string sentence_of(const community_numbers& n)
{
    const auto year =
        static_cast<int>(std::chrono::year_month_day{std::chrono::floor<std::chrono::days>(n.since)}.year());
    const auto members = site::counted(n.members, "member", "members");
    const auto numbers = n.posts == 0 ? "No discussions and " + members + " so far."
                                      : site::counted(n.posts, "discussion", "discussions") + " by " + members +
                                            " since " + std::to_string(year) + ".";
    return numbers + " Everybody may read; members write.";
}

}  // namespace

class page_routes {
 public:
    page_routes(services& s, store& categories, posts::store& posts)
        : store_{categories}, posts_{posts}, cursors_{s.cursors}, site_{s.site}
    {
        s.cache.declare(categories_page);
        s.cache.declare(tags_pages);
        s.cache.declare(category_pages);
        s.cache.declare(feeds);
        auto& routes = s.routes;
        routes.section("site");
        routes.page("/categories", &page_routes::all, *this, site_.view()).cached(s.cache, [](http::anyone) {
            return std::optional{categories_page()};
        });
        routes.page("/c/{slug}", &page_routes::one, *this, site_.view())
            .cached(s.cache,
                    [](http::anyone, const http::path<std::string>& written, const http::query<category_query>& q) {
                        const auto slug = slug_of(*written);
                        return slug ? std::optional{category_pages(*slug, order_of(*q), q->after)} : std::nullopt;
                    });
        routes.page("/c/{slug}/feed.atom", &page_routes::feed, *this, site::document_view{site::atom_type})
            .cached(s.cache, [](http::anyone, const http::path<std::string>& written) {
                const auto slug = slug_of(*written);
                return slug ? std::optional{feeds(*slug)} : std::nullopt;
            });
        routes.page("/tags", &page_routes::tags, *this, site_.view())
            .cached(s.cache, [](http::anyone, const http::query<posts::after_query>& q) {
                return std::optional{tags_pages(q->after)};
            });
        s.site.add_to_margin([this] { return largest_categories(); });
        s.site.add_to_margin([this] { return busiest_tags(); });
        s.site.add_to_margin([this] { return community(); });
    }

 private:
    static std::string order_of(const category_query& q) { return q.sort.value_or(std::string{posts::default_sort}); }

    asio::awaitable<outcome<site::page>> all(http::anyone)
    {
        const auto found = co_await store_.largest(most_categories);
        auto p = page_of_categories(found);
        p.beside = co_await site_.beside();
        co_return std::move(p);
    }

    asio::awaitable<outcome<category>> find(std::string written)
    {
        const auto slug = slug_of(std::move(written));
        if (!slug) co_return failure::not_found("this category");
        auto found = co_await store_.find(*slug);
        if (!found) co_return failure::not_found("this category");
        co_return *std::move(found);
    }

    asio::awaitable<outcome<site::document>> feed(http::anyone, const http::path<std::string>& slug)
    {
        const auto there = co_await find(*slug);
        if (!there) co_return there.error();
        posts::list_query wanted;
        wanted.category = std::to_string(there->id);
        const auto found = co_await posts::list(posts_, cursors_, wanted);
        if (!found) co_return found.error();
        posts::feed_subject about;
        about.title = there->name;
        about.path = html::path{"/c/{}", there->slug}.text();
        about.feed_path = about.path + "/feed.atom";
        co_return posts::atom_feed(site_, about, found->data);
    }

    asio::awaitable<outcome<site::page>> one(http::anyone, const http::path<std::string>& slug,
                                             const http::query<category_query>& q)
    {
        const auto there = co_await find(*slug);
        if (!there) co_return there.error();
        posts::list_query wanted;
        wanted.category = std::to_string(there->id);
        wanted.sort = order_of(*q);
        wanted.cursor = q->after;
        const auto found = co_await posts::list(posts_, cursors_, wanted);
        if (!found) co_return found.error();
        auto p = page_of(*there, order_of(*q), *found);
        p.indexed = !q->after && !q->sort;
        p.beside = co_await site_.beside();
        co_return std::move(p);
    }

    asio::awaitable<outcome<site::page>> tags(http::anyone, const http::query<posts::after_query>& q)
    {
        api::page_query wanted;
        wanted.limit = most_tags;
        wanted.cursor = q->after;
        const auto found = co_await categories::tags(store_, cursors_, wanted);
        if (!found) co_return found.error();
        auto p = page_of_tags(*found);
        p.indexed = !q->after;
        p.beside = co_await site_.beside();
        co_return std::move(p);
    }

    asio::awaitable<site::margin_section> largest_categories()
    {
        site::margin_section part;
        part.heading = "Categories";
        const auto found = co_await store_.largest(in_margin);
        for (const auto& c : found) part.links.push_back({c.name, html::path{"/c/{}", c.slug}.text(), c.posts});
        co_return part;
    }

    asio::awaitable<site::margin_section> busiest_tags()
    {
        site::margin_section part;
        part.heading = "Busy tags";
        api::window few;
        few.limit = in_margin - 1;  // the store returns one more
        const auto found = co_await store_.tags(few);
        for (const auto& t : found) part.links.push_back({t.name, html::path{"/t/{}", t.name}.text(), t.posts});
        co_return part;
    }

    asio::awaitable<site::margin_section> community()
    {
        site::margin_section part;
        part.heading = "This community";
        const auto numbers = co_await store_.community();
        part.text = sentence_of(numbers);
        co_return part;
    }

    store& store_;
    posts::store& posts_;
    const storage::cursor_signer& cursors_;
    const site::site& site_;
};

std::shared_ptr<page_routes> make_pages(services& s, store& categories, posts::store& posts)
{
    return std::make_shared<page_routes>(s, categories, posts);
}

}  // namespace agora::categories
