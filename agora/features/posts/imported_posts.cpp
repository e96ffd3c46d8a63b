// SPDX-License-Identifier: MIT
// Converts posts that were imported before imports wrote Markdown: their body is still HTML.
#include <agora/features/posts/posts_cache.hpp>
#include <agora/markup/from_html.hpp>
#include <agora/markup/markdown.hpp>
#include <agora/storage/outbox.hpp>

namespace agora::posts {

namespace {

struct imported {
    std::int64_t id;
    std::int64_t author_id;
};
BOOST_DESCRIBE_STRUCT(imported, (), (id, author_id))

}  // namespace

asio::awaitable<std::optional<std::int64_t>> convert_imported(storage::session& s,
                                                              storage::invalidations& invalidations, std::int64_t after)
{
    const auto some = co_await s.all<imported>(
        "SELECT id, author_id FROM posts WHERE id > $1 AND source_id IS NOT NULL ORDER BY id LIMIT 100", after);
    if (some.empty()) co_return std::nullopt;
    for (const auto& p : some) {
        // In a post that was edited since its import, `body` differs from `body_html`.
        const auto html = co_await s.first<std::string>(
            "SELECT body FROM post_bodies WHERE post_id = $1 AND body = body_html AND original IS NULL AND body <> ''",
            p.id);
        if (!html) continue;
        const auto c = markup::from_html(*html);
        const std::string shown = markup::excerpt(c.html, excerpt_size);
        co_await s.exec("UPDATE post_bodies SET body = $2, body_html = $3, original = $4 WHERE post_id = $1", p.id,
                        std::string_view{c.markdown}, std::string_view{c.html}, std::string_view{*html});
        // The new version keeps an editor who has read the HTML from writing it back.
        co_await s.exec("UPDATE posts SET excerpt = $2, version = version + 1 WHERE id = $1", p.id,
                        std::string_view{shown});
        invalidate_counters(invalidations, p.id, p.author_id);
    }
    co_return some.back().id;
}

}  // namespace agora::posts
