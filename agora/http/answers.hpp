// SPDX-License-Identifier: MIT
// What a handler may return instead of a response, and the response that it becomes: `outcome<T>` with a described
// struct (200), `created<T>` (201 with Location), `accepted<T>` (202, may have a Location), `no_content` or void (204).
// A failure becomes a problem. The response to a GET that guests may make carries an ETag and may be stored by caches
// that revalidate it; every other response is `no-store`. The route's view (view.hpp) makes the body. The row version
// enters the ETag of a type that has a `row_version()` beside it:
//
//     inline std::int64_t row_version(const post& p) { return p.version; }
#pragma once

#include <agora/http/encoder.hpp>
#include <agora/http/parameters.hpp>
#include <agora/http/problem.hpp>
#include <agora/http/request.hpp>
#include <agora/http/response.hpp>
#include <agora/http/view.hpp>
#include <agora/outcome.hpp>
#include <concepts>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

namespace agora::http {

namespace detail {

template <class T>
concept has_row_version = requires(const T& v) {
    { row_version(v) } -> std::convertible_to<std::int64_t>;
};

template <class View, class T>
response show_value(const View& by, unsigned status, const T& value)
{
    shown made{by.show(value)};
    response out{status, by.content_type(), std::move(made.body)};
    out.page = std::move(made.page);
    if constexpr (has_row_version<T>) out.version = row_version(value);
    return out;
}

/// The request that is answered, and what the answer depends on besides the value.
template <class View>
struct answer_context {
    const request& r;
    const View& shown_by;
    bool guests_may_read;
};

/// How a type that a handler returns is answered; specialised below.
template <class T>
struct answer {
    static constexpr unsigned status = 200;
    using schema = T;
    template <class View>
    static response make(const answer_context<View>& to, const T& value)
    {
        response out = show_value(to.shown_by, 200, value);
        if (to.guests_may_read && is_safe(to.r.method)) {
            out.cacheable = true;
            out.cache_control = public_cache_control(to.r);
        } else if (is_safe(to.r.method)) {
            out.cache_control = to.shown_by.members_cache_control();
        }
        return out;
    }
};

/// A response with a Location, unless that is empty.
template <unsigned Status, class Result, class T>
struct answer_with_location {
    static constexpr unsigned status = Status;
    using schema = T;
    template <class View>
    static response make(const answer_context<View>& to, const Result& result)
    {
        response out = show_value(to.shown_by, Status, result.value);
        if (!result.location.empty()) out.headers.emplace_back("Location", result.location);
        return out;
    }
};
template <class T>
struct answer<created<T>> : answer_with_location<201, created<T>, T> {};
template <class T>
struct answer<accepted<T>> : answer_with_location<202, accepted<T>, T> {};

/// One of several shapes; the schema of the first describes them all.
template <class T, class... Others>
struct answer<std::variant<T, Others...>> {
    static constexpr unsigned status = answer<T>::status;
    using schema = T;
    template <class View>
    static response make(const answer_context<View>& to, const std::variant<T, Others...>& value)
    {
        return std::visit([&]<class V>(const V& v) { return answer<V>::make(to, v); }, value);
    }
};

template <>
struct answer<no_content> {
    static constexpr unsigned status = 204;
    using schema = void;
    template <class View>
    static response make(const answer_context<View>&, const no_content&)
    {
        return {};
    }
};

template <class View, class T>
response respond(const answer_context<View>& to, const outcome<T>& result)
{
    if (!result) return problem(to.r, result.error());
    if constexpr (std::is_void_v<T>) {
        return {};
    } else {
        return answer<T>::make(to, *result);
    }
}

template <>
struct answer<void> {
    static constexpr unsigned status = 204;
    using schema = void;
};

}  // namespace detail
}  // namespace agora::http
