// SPDX-License-Identifier: MIT
// The page /u/{name}: the profile of a member and their posts. It is made for guests; the member sees a link to edit
// it. Any post that changes invalidates it, as it invalidates the lists, and so does any change of the profile. The
// attributes item... say to search engines what is what (schema.org, ProfilePage).
#include <agora/api/keys.hpp>
#include <agora/features/posts/posts.hpp>
#include <agora/services/services.hpp>
#include <agora/site/text.hpp>
#include <larder/rfc3339.hpp>

namespace agora::posts {
namespace {

/// Key: normalised username, cursor.
constexpr api::page_region<std::string, std::optional<std::string>> profile_pages{
    "page:user:{}:{}",
    {.ttl = std::chrono::seconds{30}, .tags = {"posts", "username:{0}"}, .stale = api::public_answers}};

using paragraph = std::vector<std::string_view>;

/// The lines of a text, in paragraphs that empty lines separate.
std::vector<paragraph> paragraphs_of(std::string_view text)
{
    std::vector<paragraph> all(1);
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        auto line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (!line.empty()) {
            all.back().push_back(line);
        } else if (!all.back().empty()) {
            all.emplace_back();
        }
    }
    if (all.back().empty()) all.pop_back();
    return all;
}

void write_bio(html::writer& out, std::string_view bio)
{
    const auto paragraphs = paragraphs_of(bio);
    if (paragraphs.empty()) return;
    const auto write_lines = [](html::writer& p, const paragraph& lines) {
        bool first = true;
        for (const auto line : lines) {
            if (!std::exchange(first, false)) p.write("<br>");
            p.write("{}", line);
        }
    };
    const auto write_paragraph = [&](html::writer& text, const paragraph& lines) {
        text.write("<p>{}</p>", [&](html::writer& p) { write_lines(p, lines); });
    };
    out.write(R"(<div class="prose" dir="auto" id="bio" itemprop="description">{}</div>)",
              html::each(paragraphs, write_paragraph));
}

void write_head(html::writer& out, const users::user& u, std::string_view name)
{
    const auto mark = [&](html::writer& role) {
        if (u.role != "user") role.write(R"(<span class="mark">{}</span>)", u.role);
    };
    out.write(
        R"(<div class="head" itemscope itemtype="https://schema.org/ProfilePage">{})"
        R"(<div itemprop="mainEntity" itemscope itemtype="https://schema.org/Person" itemref="{}">)"
        R"(<h1 dir="auto" itemprop="name">{}</h1><p class="meta"><span>@{}</span>{}</p>)"
        R"(<meta itemprop="alternateName" content="{}"></div><meta itemprop="dateCreated" content="{}">{}</div>)",
        [&](html::writer& avatar) { site::write_avatar(avatar, u.username); }, u.bio.empty() ? "facts" : "bio facts",
        name, u.username, mark, u.username, larder::to_rfc3339(u.created_at),
        html::guests_see(site::slot(site::slot_kind::profile_tools, u.id, u.id), [](html::writer&) {}));
}

void write_facts(html::writer& out, const users::user& u)
{
    out.write(R"(<p class="facts" id="facts"><span itemprop="agentInteractionStatistic" itemscope )"
              R"(itemtype="https://schema.org/InteractionCounter">)"
              R"(<meta itemprop="interactionType" content="https://schema.org/WriteAction">)"
              R"(<meta itemprop="userInteractionCount" content="{}"><b>{}</b> {}</span><span><b>{}</b> {}</span>)"
              R"(<span><b>{}</b> following</span><span>Member since {}</span></p>)",
              u.posts, site::grouped(u.posts), u.posts == 1 ? "post" : "posts", site::grouped(u.followers),
              u.followers == 1 ? "follower" : "followers", site::grouped(u.following),
              [&](html::writer& since) { site::write_time(since, u.created_at); });
}

void write_who_left(html::writer& out, const users::user& u)
{
    out.write(
        R"(<div class="head">{}<div><h1>A member who has left</h1><p class="meta"><span>@{}</span></p></div></div>)"
        R"(<p class="lead">This account was deleted. What it wrote stays, without its name.</p>)",
        [](html::writer& avatar) { site::write_avatar(avatar, "?"); }, u.username);
}

site::page page_of(const users::user& u, const api::list<post_summary>& found)
{
    const bool left = u.username.starts_with(users::left_prefix);
    const std::string name = left ? "A member who has left" : u.display_name.empty() ? u.username : u.display_name;
    site::page p;
    p.title = name;
    p.description = "Profile and posts of " + name + ".";
    p.canonical = site::member_path(u.username);
    p.kind = "profile";
    if (!left) p.feed = p.canonical + "/feed.atom";
    p.indexed = !left;
    if (left) {
        write_who_left(p.main, u);
    } else {
        write_head(p.main, u, name);
        write_bio(p.main, u.bio);
        write_facts(p.main, u);
    }
    p.main.write("<h2>Posts</h2>");
    if (!found.data.empty()) {
        write_posts(p.main, p.canonical, found);
    } else {
        p.main.write(R"(<div class="empty"><p class="lead">{} has not written a post yet.</p></div>)", name);
    }
    return p;
}

}  // namespace

class profile_routes {
 public:
    profile_routes(services& s, store& posts, users::store& users)
        : store_{posts}, users_{users}, cursors_{s.cursors}, site_{s.site}
    {
        s.cache.declare(profile_pages);
        s.routes.section("site");
        s.routes.page("/u/{name}", &profile_routes::profile, *this, site_.view())
            .cached(s.cache,
                    [](http::anyone, const http::path<std::string>& written, const http::query<after_query>& q) {
                        const auto name = users::normalized_username(*written);
                        return users::is_username(name) ? std::optional{profile_pages(name, q->after)} : std::nullopt;
                    });
    }

 private:
    asio::awaitable<outcome<site::page>> profile(http::anyone, const http::path<std::string>& name,
                                                 const http::query<after_query>& q)
    {
        auto member = co_await users::by_name(users_, *name);
        list_query wanted;
        wanted.cursor = q->after;
        if (member) {
            wanted.author = std::to_string(member->id);
        } else {
            // Only the posts say that somebody had this name: deleted accounts are not found.
            const auto left = users::normalized_username(*name);
            if (!users::is_username(left) || !left.starts_with(users::left_prefix)) co_return member.error();
            wanted.author = left;
        }
        const auto found = co_await list(store_, cursors_, wanted);
        if (!found) co_return found.error();
        if (!member && found->data.empty()) co_return member.error();
        users::user shown;
        if (member)
            shown = *std::move(member);
        else
            shown.username = *wanted.author;
        auto p = page_of(shown, *found);
        p.indexed = p.indexed && !q->after;
        p.beside = co_await site_.beside();
        co_return std::move(p);
    }

    store& store_;
    users::store& users_;
    const storage::cursor_signer& cursors_;
    const site::site& site_;
};

std::shared_ptr<profile_routes> make_profile_pages(services& s, store& posts, users::store& users)
{
    return std::make_shared<profile_routes>(s, posts, users);
}

}  // namespace agora::posts
