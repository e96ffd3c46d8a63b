// SPDX-License-Identifier: MIT
// The parts of cache keys that the features share: the viewer of a response and the place of a page in a list. Start
// with place_of(). Invariant: requests that the handler treats alike get the same key, and a request that the handler
// would refuse gets none.
#pragma once

#include <agora/api/list.hpp>
#include <agora/http/parameters.hpp>
#include <agora/http/response_cache.hpp>
#include <algorithm>
#include <array>
#include <boost/describe.hpp>
#include <boost/mp11/algorithm.hpp>
#include <larder/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>

namespace agora::api {

using http::response_key;

/// The client, as a field of a key: the member's id, such as "456", or "anonymous".
struct viewer {
    std::int64_t id = 0;
};
inline std::string key_field(const viewer& v) { return v.id == 0 ? "anonymous" : std::to_string(v.id); }

/// The place of a page in a list, as fields of a key: see place_of().
struct skip {
    std::int64_t rows = 0;
};
struct limit {
    std::int64_t rows = 0;
};
class filters : public std::optional<std::string> {
 public:
    explicit filters(std::optional<std::string> text) : std::optional<std::string>{std::move(text)} {}
};
inline std::string key_field(const skip& s) { return std::to_string(s.rows); }
inline std::string key_field(const limit& l) { return std::to_string(l.rows); }

/// A region of complete responses. With public_answers, an expired response is served for another hour, marked as
/// stale, while the database is unreachable, unless it is known to be invalid.
template <class... Fields>
using response_region = larder::region<http::stored_response(Fields...)>;
/// A region of pages, which are shared by all guests and members.
template <class... Fields>
using page_region = larder::region<http::stored_page(Fields...)>;
inline constexpr larder::stale_options public_answers{.if_error = std::chrono::hours{1}, .beyond_bound = true};

/// The place of a page in a list. Requests that select the same rows with different parameters have
/// the same place.
struct list_place {
    std::int64_t skip = 0;
    std::int64_t limit = default_limit;
    /// The cursor, include_total and the filters, as "name=value&name=value"; nullopt: none of them is given.
    std::optional<std::string> more;
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

/// The place of the page that a query selects; nullopt when the handler would refuse the query. Empty filters are left
/// out, and so are default values, which the query lists as `static constexpr std::array defaults{...}`, because the
/// handler treats them as not given.
template <class Query>
std::optional<list_place> place_of(const Query& q)
{
    using members = boost::describe::describe_members<Query, boost::describe::mod_public>;
    const outcome<window> w = read_window(q);
    if (!w) return std::nullopt;
    list_place p;
    p.skip = w->offset;
    p.limit = w->limit;
    if (q.cursor) detail::append_filter(p.more, "cursor", *q.cursor);
    if (w->include_total) detail::append_filter(p.more, "include_total", true);
    if constexpr (!std::is_same_v<Query, page_query>) {
        boost::mp11::mp_for_each<members>([&](auto m) {
            const std::optional<std::string>& value = q.*m.pointer;
            if (!value || value->empty()) return;
            if constexpr (requires { Query::defaults; }) {
                const auto is_default = [&](const filter_default& d) { return d.name == m.name && d.value == *value; };
                if (std::ranges::any_of(Query::defaults, is_default)) return;
            }
            detail::append_filter(p.more, m.name, *value);
        });
    }
    return p;
}

namespace detail {

template <class T>
inline constexpr bool is_path = false;
template <class T>
inline constexpr bool is_path<http::path<T>> = true;
template <class T>
inline constexpr bool is_query = false;
template <class T>
inline constexpr bool is_query<http::query<T>> = true;

template <class Field>
inline constexpr bool is_place =
    std::is_same_v<Field, skip> || std::is_same_v<Field, limit> || std::is_same_v<Field, filters>;
template <class Field>
inline constexpr bool is_from_path = !is_place<Field> && !std::is_same_v<Field, viewer>;

template <class Field, class... Fields>
inline constexpr bool has_field = (std::is_same_v<Field, Fields> || ...);
template <class Region>
inline constexpr bool has_viewer = false;
template <class... Fields>
inline constexpr bool has_viewer<response_region<Fields...>> = has_field<viewer, Fields...>;

/// Reads the fields of keys from the arguments of a handler.
template <class... Args>
class key_source {
 public:
    static constexpr bool members_only = has_field<http::member, Args...>;
    static constexpr bool knows_viewer = members_only || has_field<http::guest_or_member, Args...>;
    static constexpr bool has_query = (is_query<Args> || ...);
    static constexpr std::size_t paths = (std::size_t{is_path<Args>} + ... + 0);

    explicit key_source(const Args&... args) : paths_{path_of(args)...} { (take(args), ...); }

    /// False: the handler refuses the request.
    bool valid() const { return !has_query || place_.has_value(); }

    /// The key, if the region can tell this request from those with another response.
    template <class... Fields>
    std::optional<response_key> key(const response_region<Fields...>& in) const
    {
        static_assert((std::size_t{is_from_path<Fields>} + ... + 0) == paths, "each part of the path is a field");
        static_assert(!has_field<viewer, Fields...> || knows_viewer, "the response does not depend on the caller");
        static_assert(has_field<skip, Fields...> == has_query && has_field<limit, Fields...> == has_query,
                      "skip and limit are fields when there is a query, and only then");
        if (knows_viewer && !has_field<viewer, Fields...> && viewer_.id != 0) return std::nullopt;
        if (has_query && !has_field<filters, Fields...> && place_->more) return std::nullopt;
        return make(in, std::index_sequence_for<Fields...>{});
    }

 private:
    template <class T>
    static auto path_of(const http::path<T>& p)
    {
        return std::tuple<const T&>{*p};
    }
    template <class T>
    static std::tuple<> path_of(const T&)
    {
        return {};
    }
    template <class T>
    void take(const T& arg)
    {
        if constexpr (is_query<T>) place_ = place_of(*arg);
        if constexpr (requires { arg.id; }) viewer_.id = arg.id;
    }
    template <class... Fields, std::size_t... I>
    response_key make(const response_region<Fields...>& in, std::index_sequence<I...>) const
    {
        const auto all = std::apply([](const auto&... p) { return std::tuple_cat(p...); }, paths_);
        return in(field<Fields, from_path_before<I, Fields...>()>(all)...);
    }
    template <std::size_t Place, class... Fields>
    static constexpr std::size_t from_path_before()
    {
        constexpr std::array from_path{is_from_path<Fields>...};
        return static_cast<std::size_t>(std::count(from_path.begin(), from_path.begin() + Place, true));
    }
    template <class Field, std::size_t N, class Paths>
    Field field(const Paths& all) const
    {
        if constexpr (std::is_same_v<Field, skip>)
            return {place_->skip};
        else if constexpr (std::is_same_v<Field, limit>)
            return {place_->limit};
        else if constexpr (std::is_same_v<Field, filters>)
            return filters{place_->more};
        else if constexpr (std::is_same_v<Field, viewer>)
            return viewer_;
        else
            return std::get<N>(all);
    }

    std::tuple<decltype(path_of(std::declval<const Args&>()))...> paths_;
    std::optional<list_place> place_;
    viewer viewer_;
};

}  // namespace detail

/// The key function of a cached route: the first of the regions that can hold the response. A region without `filters`
/// holds only unfiltered pages, one without `viewer` only what guests see. Its other fields are the parts of the path,
/// in their order. A request that fits no region is not cached.
template <class... Regions>
class keyed_by {
 public:
    explicit constexpr keyed_by(const Regions&... regions) : regions_{&regions...} {}

    /// Makes the regions known before their first use.
    void declare(larder::cache& c) const
    {
        std::apply([&](const auto*... in) { (c.declare(*in), ...); }, regions_);
    }

    template <class... Args>
    std::optional<response_key> operator()(const Args&... args) const
    {
        using key_source = detail::key_source<Args...>;
        static_assert(!key_source::members_only || (detail::has_viewer<Regions> || ...),
                      "no region has the field viewer, so no member's response would be cached");
        const key_source source{args...};
        if (!source.valid()) return std::nullopt;
        std::optional<response_key> key;
        std::apply([&](const auto*... in) { static_cast<void>(((key = source.key(*in), key.has_value()) || ...)); },
                   regions_);
        return key;
    }

 private:
    std::tuple<const Regions*...> regions_;
};

}  // namespace agora::api
