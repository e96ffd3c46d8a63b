// SPDX-License-Identifier: MIT
// Converts answers that were imported before imports wrote Markdown: their body is still HTML. Imported comments, whose
// external ids are odd, have always been Markdown.
#include <agora/features/comments/comments_cache.hpp>
#include <agora/markup/from_html.hpp>

namespace agora::comments {

namespace {

struct imported {
    std::int64_t id;
    std::int64_t post_id;
};
BOOST_DESCRIBE_STRUCT(imported, (), (id, post_id))

}  // namespace

asio::awaitable<std::optional<std::int64_t>> convert_imported(storage::session& s,
                                                              storage::invalidations& invalidations, std::int64_t after)
{
    const auto some = co_await s.all<imported>(
        "SELECT id, post_id FROM comments WHERE id > $1 AND source_id IS NOT NULL AND external_id % 2 = 0"
        " ORDER BY id LIMIT 100",
        after);
    if (some.empty()) co_return std::nullopt;
    for (const auto& row : some) {
        const auto html = co_await s.first<std::string>(
            "SELECT body FROM comments WHERE id = $1 AND body = body_html AND original IS NULL AND body <> ''", row.id);
        if (!html) continue;
        const auto converted = markup::from_html(*html);
        co_await s.exec(
            "UPDATE comments SET body = $2, body_html = $3, original = $4, version = version + 1 WHERE id = $1", row.id,
            std::string_view{converted.markdown}, std::string_view{converted.html}, std::string_view{*html});
        comment c;
        c.id = row.id;
        c.post_id = row.post_id;
        invalidate_comment(invalidations, c);
    }
    co_return some.back().id;
}

}  // namespace agora::comments
