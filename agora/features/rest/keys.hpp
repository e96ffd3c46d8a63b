// SPDX-License-Identifier: MIT
// What the cache keys of the slices are made of.
#pragma once

#include <agora/features/rest/list.hpp>
#include <agora/http/response_cache.hpp>
#include <boost/describe.hpp>
#include <boost/mp11/algorithm.hpp>
#include <larder/json.hpp>

namespace agora::rest {

using http::response_key;

/// Who asks, in a key: "456", or "anonymous".
struct viewer {
    std::int64_t id = 0;
};
inline std::string key_field(const viewer& v) { return v.id == 0 ? "anonymous" : std::to_string(v.id); }
inline viewer viewer_of(const http::request& r) { return {r.who.user_id}; }

/// A region of finished answers. While the database is away, an answer is served for another hour, marked stale, unless
/// it is known to be invalid.
template <class... Fields>
using response_region = larder::region<http::stored_response(Fields...)>;
inline constexpr larder::stale_options public_answers{.if_error = std::chrono::hours{1}, .beyond_bound = true};

inline std::int64_t skip_of(const page_query& q) { return q.skip.value_or(0); }
inline std::int64_t limit_of(const page_query& q) { return q.limit.value_or(default_limit); }

/// All of a query that `skip` and `limit` do not say, as "name=value&name=value" in the order of the members; nullopt
/// when there is nothing more.
template <class Query>
std::optional<std::string> filters_of(const Query& q)
{
    using members =
        boost::describe::describe_members<Query, boost::describe::mod_public | boost::describe::mod_inherited>;
    std::optional<std::string> out;
    boost::mp11::mp_for_each<members>([&](auto m) {
        const std::string_view name = m.name;
        const auto& value = q.*m.pointer;
        if (name == "skip" || name == "limit" || !value.has_value()) return;
        std::string text = larder::json::to_string(*value);
        if (!out) out.emplace();
        if (!out->empty()) *out += '&';
        out->append(name).append("=").append(text);
    });
    return out;
}

}  // namespace agora::rest
