// SPDX-License-Identifier: MIT
// The parts of cache keys that the features share: the viewer of a response and the place of a page in a list. Start
// with place_of(). Invariant: requests that the handler treats alike get the same key, and a request that the handler
// would refuse gets none.
#pragma once

#include <agora/api/list.hpp>
#include <agora/http/response_cache.hpp>
#include <algorithm>
#include <boost/describe.hpp>
#include <boost/mp11/algorithm.hpp>
#include <initializer_list>
#include <larder/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace agora::api {

using http::response_key;

/// The client, as a field of a key: the member's id, such as "456", or "anonymous".
struct viewer {
    std::int64_t id = 0;
};
inline std::string key_field(const viewer& v) { return v.id == 0 ? "anonymous" : std::to_string(v.id); }
inline viewer viewer_of(const http::request& r) { return {r.who.user_id}; }

/// A region of complete responses. With public_answers, an expired response is served for another hour, marked as
/// stale, while the database is unreachable, unless it is known to be invalid.
template <class... Fields>
using response_region = larder::region<http::stored_response(Fields...)>;
inline constexpr larder::stale_options public_answers{.if_error = std::chrono::hours{1}, .beyond_bound = true};

/// The place of a page in a list, as fields of a key. Requests that select the same rows with different parameters have
/// the same place.
struct list_place {
    std::int64_t skip = 0;
    std::int64_t limit = default_limit;
    /// The cursor, include_total and the filters, as "name=value&name=value"; nullopt: none of them is given.
    std::optional<std::string> more;
};

/// A filter, and its default value, which is equivalent to leaving it out.
struct filter_default {
    std::string_view name;
    std::string_view value;
};

namespace detail {

template <class T>
void append_filter(std::optional<std::string>& out, std::string_view name, const T& value)
{
    if (!out) out.emplace();
    if (!out->empty()) *out += '&';
    out->append(name).append("=");
    larder::json::append(*out, value);
}

}  // namespace detail

/// The place of the page that a query selects; nullopt when the handler would refuse the query. Default values and
/// empty filters are left out, because the handler treats them as not given.
template <class Query>
std::optional<list_place> place_of(const Query& q, std::initializer_list<filter_default> defaults = {})
{
    using filters = boost::describe::describe_members<Query, boost::describe::mod_public>;
    const outcome<window> w = read_window(q);
    if (!w) return std::nullopt;
    list_place p;
    p.skip = w->offset;
    p.limit = w->limit;
    if (q.cursor) detail::append_filter(p.more, "cursor", *q.cursor);
    if (w->include_total) detail::append_filter(p.more, "include_total", true);
    if constexpr (!std::is_same_v<Query, page_query>) {
        boost::mp11::mp_for_each<filters>([&](auto m) {
            const std::optional<std::string>& value = q.*m.pointer;
            const auto is_default = [&](const filter_default& d) { return d.name == m.name && d.value == *value; };
            if (!value || value->empty() || std::any_of(defaults.begin(), defaults.end(), is_default)) return;
            detail::append_filter(p.more, m.name, *value);
        });
    }
    return p;
}

}  // namespace agora::api
