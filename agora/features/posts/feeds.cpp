// SPDX-License-Identifier: MIT
// Atom feeds of the newest posts (RFC 4287): /feed.atom, /t/{tag}/feed.atom and /u/{name}/feed.atom. Start with
// atom_feed(), which the feeds of categories also use. The id of an entry is the post's address without its title,
// because that stays the same when the title changes. A write invalidates feeds as it invalidates the lists.
#include <agora/features/posts/posts_cache.hpp>
#include <agora/services/services.hpp>
#include <agora/site/document.hpp>
#include <agora/site/text.hpp>
#include <agora/site/xml.hpp>
#include <algorithm>
#include <larder/rfc3339.hpp>

namespace agora::posts {
namespace {

constexpr api::response_region<> front_feed{"feed:posts", list_options};
/// Key: tag.
constexpr api::response_region<std::string> tag_feeds{"feed:tag:{}", list_options};
/// Key: normalised username.
constexpr api::response_region<std::string> member_feeds{
    "feed:user:{}", {.ttl = std::chrono::seconds{30}, .tags = {"posts", "username:{0}"}, .stale = api::public_answers}};

void write_entry(site::xml_writer& out, const site::site& in, const post_summary& p)
{
    out.open("entry");
    out.element("id", in.address("/posts/" + std::to_string(p.id)));
    out.element("title", p.title);
    out.empty("link",
              {{"rel", "alternate"}, {"type", "text/html"}, {"href", in.address(site::post_path(p.id, p.title))}});
    out.element("published", larder::to_rfc3339(p.created_at));
    out.element("updated", larder::to_rfc3339(p.updated_at));
    out.open("author");
    out.element("name", p.author.username);
    out.element("uri", in.address(site::member_path(p.author.username)));
    out.close();
    if (p.category) out.empty("category", {{"term", *p.category}});
    for (const auto& t : p.tags) out.empty("category", {{"term", t}});
    out.element("summary", p.excerpt);
    out.close();
}

}  // namespace

site::document atom_feed(const site::site& in, const feed_subject& about, const std::vector<post_summary>& posts)
{
    larder::timestamp updated{};  // a feed without entries has never been updated
    for (const auto& p : posts) updated = std::max(updated, p.updated_at);
    const auto self = in.address(about.feed_path);
    site::xml_writer out;
    out.open("feed", {{"xmlns", "http://www.w3.org/2005/Atom"}});
    out.element("id", self);
    out.element("title", about.title.empty() ? in.name() : about.title + " – " + in.name());
    out.element("updated", larder::to_rfc3339(updated));
    out.empty("link", {{"rel", "self"}, {"type", "application/atom+xml"}, {"href", self}});
    out.empty("link", {{"rel", "alternate"}, {"type", "text/html"}, {"href", in.address(about.path)}});
    for (const auto& p : posts) write_entry(out, in, p);
    out.close();
    return {out.take()};
}

class feed_routes {
 public:
    feed_routes(services& s, store& posts, users::store& users)
        : store_{posts}, users_{users}, cursors_{s.cursors}, site_{s.site}
    {
        s.cache.declare(front_feed);
        s.cache.declare(tag_feeds);
        s.cache.declare(member_feeds);
        s.routes.section("site");
        const site::document_view atom{site::atom_type};
        s.routes.page("/feed.atom", &feed_routes::front, *this, atom).cached(s.cache, [](http::anyone) {
            return std::optional{front_feed()};
        });
        s.routes.page("/t/{tag}/feed.atom", &feed_routes::tagged, *this, atom)
            .cached(s.cache,
                    [](http::anyone, const http::path<std::string>& tag) { return std::optional{tag_feeds(*tag)}; });
        s.routes.page("/u/{name}/feed.atom", &feed_routes::of_member, *this, atom)
            .cached(s.cache, [](http::anyone, const http::path<std::string>& written) {
                const auto name = users::normalized_username(*written);
                return users::is_username(name) ? std::optional{member_feeds(name)} : std::nullopt;
            });
    }

 private:
    asio::awaitable<outcome<site::document>> front(http::anyone)
    {
        feed_subject about;
        about.path = "/";
        about.feed_path = "/feed.atom";
        const list_query all;
        co_return co_await feed(about, all);
    }

    asio::awaitable<outcome<site::document>> tagged(http::anyone, const http::path<std::string>& tag)
    {
        feed_subject about;
        about.title = *tag;
        about.path = html::path{"/t/{}", *tag}.text();
        about.feed_path = about.path + "/feed.atom";
        list_query wanted;
        wanted.tag = *tag;
        const auto found = co_await list(store_, cursors_, wanted);
        if (!found || found->data.empty()) co_return failure::not_found("a post with this tag");
        co_return atom_feed(site_, about, found->data);
    }

    asio::awaitable<outcome<site::document>> of_member(http::anyone, const http::path<std::string>& name)
    {
        const auto member = co_await users::by_name(users_, *name);
        if (!member) co_return member.error();
        feed_subject about;
        about.title = member->display_name.empty() ? member->username : member->display_name;
        about.path = site::member_path(member->username);
        about.feed_path = about.path + "/feed.atom";
        list_query wanted;
        wanted.author = std::to_string(member->id);
        co_return co_await feed(about, wanted);
    }

    /// The references must stay valid until this returns.
    asio::awaitable<outcome<site::document>> feed(const feed_subject& about, const list_query& wanted)
    {
        const auto found = co_await list(store_, cursors_, wanted);
        if (!found) co_return found.error();
        co_return atom_feed(site_, about, found->data);
    }

    store& store_;
    users::store& users_;
    const storage::cursor_signer& cursors_;
    const site::site& site_;
};

std::shared_ptr<feed_routes> make_feeds(services& s, store& posts, users::store& users)
{
    return std::make_shared<feed_routes>(s, posts, users);
}

}  // namespace agora::posts
