// SPDX-License-Identifier: MIT
// What every list of the API shares: which rows a request selects, the cursor to the next page, and the envelope.
//
//     {"data": [...], "page": {"limit": 20, "has_more": true, "next_cursor": "...", "total": null, ...}}
//
// A list is sorted by (sort value, id), and a cursor continues after such a pair. So rows that are added or removed
// between two requests neither repeat nor hide other rows. `page` + `per_page` and `skip` + `limit` count rows instead;
// they are limited, because a database reads every skipped row. Start with cursors::read() and make_list(). Pure
// functions, thread-safe.
#pragma once

#include <agora/outcome.hpp>
#include <agora/storage/cursor.hpp>
#include <array>
#include <boost/describe.hpp>
#include <cstdint>
#include <initializer_list>
#include <larder/json/schema.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace agora::problems {

inline const problem_code invalid_cursor{"invalid_cursor", 400, "The cursor was not issued by this server.",
                                         "Read the list again from its first page."};
inline const problem_code cursor_mismatch{
    "cursor_mismatch", 400, "The cursor belongs to another list, or to another order or filter of this one.",
    "Send a cursor with the parameters of the page that it came from."};

}  // namespace agora::problems

namespace agora::api {

inline constexpr std::int64_t default_limit = 20;
inline constexpr std::int64_t max_limit = 100;
inline constexpr std::int64_t max_skip = 10'000;   ///< rows beyond it are reachable only by cursor
inline constexpr std::int64_t max_total = 10'000;  ///< a total is counted up to this

/// The query parameters of every list.
struct page_query {
    std::optional<std::int64_t> limit;
    std::optional<std::string> cursor;
    std::optional<std::int64_t> page;  ///< from 1
    std::optional<std::int64_t> per_page;
    std::optional<std::int64_t> skip;
    std::optional<bool> include_total;
};
BOOST_DESCRIBE_STRUCT(page_query, (), (limit, cursor, page, per_page, skip, include_total))

inline constexpr larder::json::member_facts page_query_facts[]{
    {.name = "limit", .meaning = "How many rows the page has at most.", .least = 1, .most = max_limit, .initial = "20"},
    {.name = "cursor",
     .meaning = "The next_cursor of the page before; the page begins after it. Rows that are added or removed in the "
                "meantime neither repeat nor hide others."},
    {.name = "page",
     .meaning = "The number of the page, for lists of numbered pages. Not together with cursor or skip.",
     .least = 1,
     .most = 1 + max_skip,
     .initial = "1"},
    {.name = "per_page",
     .meaning = "The same as limit, for use with page. Not together with limit.",
     .least = 1,
     .most = max_limit,
     .initial = "20"},
    {.name = "skip",
     .meaning = "How many rows to leave out. Not together with cursor or page.",
     .least = 0,
     .most = max_skip,
     .initial = "0"},
    {.name = "include_total",
     .meaning = "Whether the response has the total number of rows, which costs a count.",
     .initial = "false"},
};
inline larder::json::type_facts facts_of(std::type_identity<page_query>)
{
    return {"PageQuery", "Which rows of a list to return.", page_query_facts};
}

/// A filter of a list, and its default value, which is equivalent to leaving it out.
struct filter_default {
    std::string_view name;
    std::string_view value;
};

/// The position of a row in its list: sort value and id.
struct position {
    std::int64_t key = 0;
    std::int64_t id = 0;
};

inline constexpr position before_all{INT64_MIN, INT64_MIN};  ///< where an ascending list starts
inline constexpr position after_all{INT64_MAX, INT64_MAX};   ///< where a descending list starts

/// The rows that a request selects. A store reads `limit + 1` rows; the extra one only shows that there are more.
struct window {
    std::int64_t limit = default_limit;
    std::int64_t offset = 0;
    std::optional<position> after;
    bool include_total = false;
};

/// A value with its position in the list.
template <class T>
struct placed {
    T value;
    position at;
};

/// Adds to each value its position: the sort value that `key_of` returns, and the value's `id`.
template <class T, class KeyOf>
std::vector<placed<T>> placed_by(std::vector<T> values, KeyOf key_of)
{
    std::vector<placed<T>> rows(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
        rows[i].at = {key_of(values[i]), values[i].id};
        rows[i].value = std::move(values[i]);
    }
    return rows;
}

struct page_info {
    std::int64_t limit = default_limit;
    bool has_more = false;
    std::optional<std::string> next_cursor;
    std::optional<std::int64_t> total;  ///< only with include_total
    std::optional<bool> total_is_capped;
};
BOOST_DESCRIBE_STRUCT(page_info, (), (limit, has_more, next_cursor, total, total_is_capped))

inline constexpr larder::json::member_facts page_info_facts[]{
    {.name = "limit", .meaning = "How many rows the page may have.", .least = 1, .most = max_limit},
    {.name = "has_more", .meaning = "Whether rows follow."},
    {.name = "next_cursor", .meaning = "Requests the next page; null on the last one."},
    {.name = "total",
     .meaning = "The number of rows in the list; null unless include_total is true.",
     .least = 0,
     .most = max_total},
    {.name = "total_is_capped",
     .meaning = "Whether counting stopped at the maximum, so that there are more rows than total says."},
};
inline larder::json::type_facts facts_of(std::type_identity<page_info>)
{
    return {"PageInfo", "Where a page is in its list.", page_info_facts};
}

template <class T>
struct list {
    std::vector<T> data;
    page_info page;
    BOOST_DESCRIBE_CLASS(list, (), (data, page), (), ())
};

inline constexpr larder::json::member_facts list_facts[]{
    {.name = "data", .meaning = "The rows of this page."},
    {.name = "page", .meaning = "Where the page is in the list."},
};
/// `list<post>` is "PostList".
template <class T>
larder::json::type_facts facts_of(std::type_identity<list<T>>)
{
    return {larder::json::schema_of<T>()->name + "List", "A page of a list.", list_facts};
}

/// The problems of every list that has cursors, for route::fails().
inline constexpr std::array<const problem_code*, 2> list_problems{&problems::invalid_cursor,
                                                                  &problems::cursor_mismatch};

/// The rows that a request selects, without its cursor. A 422 lists each parameter that is out of range or contradicts
/// another one.
outcome<window> read_window(const page_query& q);

/// The cursors of one list, that is, of one sort order and one set of filters. Cursors of other lists are refused.
class cursors {
 public:
    /// `filters` are the values of the list's filters. Requires: `signer` outlives this.
    cursors(const storage::cursor_signer& signer, std::string sort, std::initializer_list<std::string_view> filters);

    /// Like read_window(), with the cursor. 400 for a cursor that is malformed or belongs to another list.
    outcome<window> read(const page_query& q) const;

    std::string write(const position& last) const;

 private:
    outcome<position> read_position(std::string_view text) const;

    const storage::cursor_signer& signer_;
    std::string sort_;
    std::uint64_t filter_hash_;
};

/// Sets the total from a count that stopped at max_total + 1.
void set_total(page_info& page, std::int64_t counted);

/// Makes the page from up to `w.limit + 1` rows.
template <class T>
list<T> make_list(std::vector<placed<T>> rows, const window& w, const cursors& c)
{
    list<T> made;
    made.page.limit = w.limit;
    made.page.has_more = rows.size() > static_cast<std::size_t>(w.limit);
    if (made.page.has_more) rows.resize(static_cast<std::size_t>(w.limit));
    if (made.page.has_more) made.page.next_cursor = c.write(rows.back().at);
    made.data.reserve(rows.size());
    for (auto& row : rows) made.data.push_back(std::move(row.value));
    return made;
}

}  // namespace agora::api
