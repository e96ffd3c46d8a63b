// SPDX-License-Identifier: MIT
// The caller as a parameter of a handler. Each type declares the lowest role that the route requires, so the access
// rule of a route is in the signature of its handler:
//
//     asio::awaitable<outcome<no_content>> slice::add(member who, path<std::int64_t> post);
//
// The types only declare: authentication, roles and limits are decided by admission.hpp before any argument is read,
// and reading one asserts that this has happened. A load for the cache copies the caller that was admitted; warming
// calls as a guest.
#pragma once

#include <agora/http/request.hpp>
#include <cassert>
#include <concepts>

namespace agora::http {

/// The response is the same for every client, so the handler does not get the caller.
class anyone {
 public:
    static constexpr role least = role::guest;
    explicit anyone(const principal&) noexcept {}
};

/// Everyone may call, and the response depends on the caller.
class guest_or_member {
 public:
    static constexpr role least = role::guest;
    explicit guest_or_member(const principal& p) noexcept : id{p.user_id} {}
    std::int64_t id;  ///< 0: a guest
};

namespace detail {

template <role Least>
class signed_in {
 public:
    static constexpr role least = Least;
    explicit signed_in(const principal& p) noexcept : id{p.user_id}, key_id{p.key_id}, identity{p} {}
    std::int64_t id;
    std::int64_t key_id;  ///< of the API key that authenticated the request; 0: none
    principal identity;
};

}  // namespace detail

using member = detail::signed_in<role::user>;
using moderator = detail::signed_in<role::moderator>;
using admin = detail::signed_in<role::admin>;

template <class T>
concept caller = requires(const principal& p) {
    { T::least } -> std::convertible_to<role>;
    T{p};
};

}  // namespace agora::http
