// SPDX-License-Identifier: MIT
// Builds the statements of post lists, see posts_sql.hpp. list_statement() puts together columns, filters, the position
// after which the page starts, order, and limit.
#include <agora/features/posts/posts_sql.hpp>
#include <charconv>

namespace agora::posts {

namespace {

std::string_view sort_column(order by) noexcept
{
    switch (by) {
        case order::top:
            return "p.likes";
        case order::active:
            return "p.active_at";
        case order::newest:
            break;
    }
    return "p.created_at";
}

std::optional<std::int64_t> as_id(std::string_view text) noexcept
{
    std::int64_t id = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return id;
}

/// Adds the condition `column = <id>`. If `wanted` is not a number, it is a name and `id_of_name` selects the id; an
/// unknown name matches no row.
void narrow(statement& s, std::string_view column, const std::string& wanted, std::string_view id_of_name)
{
    if (wanted.empty()) return;
    s.sql.append(" AND ").append(column).append(" = ");
    if (const auto id = as_id(wanted)) {
        s.add("", *id);
    } else {
        s.add(id_of_name, wanted).sql.append(")");
    }
}

void add_conditions(statement& s, const filter& f)
{
    s.sql.append(" WHERE p.deleted_at IS NULL");
    narrow(s, "p.category_id", f.category, "(SELECT id FROM categories WHERE slug = ");
    narrow(s, "p.author_id", f.author, "(SELECT id FROM users WHERE username = ");
    if (f.tag.empty()) return;
    s.add(" AND p.id IN (SELECT pt.post_id FROM post_tags pt JOIN tags t ON t.id = pt.tag_id WHERE t.name = ", f.tag);
    s.sql.append(")");
}

}  // namespace

statement& statement::add(std::string_view text, storage::value v)
{
    bound.add(std::move(v));
    sql.append(text).append("$").append(std::to_string(bound.values().size()));
    return *this;
}

statement list_statement(const filter& f, const api::window& w)
{
    const std::string_view key = sort_column(f.by);
    const api::position after = w.after.value_or(api::after_all);
    statement s;
    s.sql = AGORA_POST_COLUMNS ", ";
    s.sql.append(key).append(
        " AS sort_key FROM posts p JOIN users u ON u.id = p.author_id"
        " LEFT JOIN categories c ON c.id = p.category_id");
    add_conditions(s, f);
    s.sql.append(" AND (").append(key).append(", p.id) < (");
    s.add("", after.key).add(", ", after.id);
    s.sql.append(") ORDER BY ").append(key).append(" DESC, p.id DESC");
    s.add(" LIMIT ", w.limit + 1).add(" OFFSET ", w.offset);
    return s;
}

statement count_statement(const filter& f, std::int64_t most)
{
    statement s;
    s.sql = "SELECT count(*) AS posts FROM (SELECT 1 FROM posts p";
    add_conditions(s, f);
    s.add(" LIMIT ", most).sql.append(") AS counted");
    return s;
}

}  // namespace agora::posts
