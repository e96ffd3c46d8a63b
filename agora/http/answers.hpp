// SPDX-License-Identifier: MIT
// What a handler may return instead of a response, and the response that it becomes: `outcome<T>` with a described
// struct (200), `created<T>` (201 with Location), `accepted<T>` (202, may have a Location), `no_content` or void (204).
// A failure becomes a problem. The response to a GET that guests may make carries an ETag and may be stored by caches
// that revalidate it; every other response is `no-store`. The row version enters the ETag of a type that has a
// `row_version()` beside it:
//
//     inline std::int64_t row_version(const post& p) { return p.version; }
#pragma once

#include <agora/http/encoder.hpp>
#include <agora/http/parameters.hpp>
#include <agora/http/problem.hpp>
#include <agora/http/request.hpp>
#include <agora/http/response.hpp>
#include <agora/outcome.hpp>
#include <concepts>
#include <larder/json.hpp>
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

template <class T>
response json_response(unsigned status, const T& value)
{
    response out{status, json_type, larder::json::to_string(value)};
    if constexpr (has_row_version<T>) out.version = row_version(value);
    return out;
}

/// How a type that a handler returns is answered; specialised below.
template <class T>
struct answer {
    static constexpr unsigned status = 200;
    using schema = T;
    static response make(const request& r, bool guests_may_read, const T& value)
    {
        response out = json_response(200, value);
        if (guests_may_read && is_safe(r.method)) {
            out.cacheable = true;
            out.cache_control = public_cache_control(r);
        }
        return out;
    }
};

/// A response with a Location, unless that is empty.
template <unsigned Status, class Result, class T>
struct answer_with_location {
    static constexpr unsigned status = Status;
    using schema = T;
    static response make(const request&, bool, const Result& result)
    {
        response out = json_response(Status, result.value);
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
    static response make(const request& r, bool guests_may_read, const std::variant<T, Others...>& value)
    {
        return std::visit([&]<class V>(const V& v) { return answer<V>::make(r, guests_may_read, v); }, value);
    }
};

template <>
struct answer<no_content> {
    static constexpr unsigned status = 204;
    using schema = void;
    static response make(const request&, bool, const no_content&) { return {}; }
};

template <class T>
response respond(const request& r, bool guests_may_read, const outcome<T>& result)
{
    if (!result) return problem(r, result.error());
    if constexpr (std::is_void_v<T>) {
        return {};
    } else {
        return answer<T>::make(r, guests_may_read, *result);
    }
}

template <>
struct answer<void> {
    static constexpr unsigned status = 204;
    using schema = void;
};

}  // namespace detail
}  // namespace agora::http
