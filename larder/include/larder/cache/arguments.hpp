// SPDX-License-Identifier: MIT
// Argument types of the cache's functions, safe to construct inside a co_await expression. g++ 12 miscompiles an
// initializer_list there and destroys aggregates and closures twice (docs/decisions/0005-coroutines.md), so list_of
// replaces the former and check_loader() and check_value() reject the latter at compile time.
#pragma once

#include <concepts>
#include <type_traits>
#include <utility>
#include <vector>

namespace larder {

/// A parameter that accepts items in braces, or a vector.
template <class T>
class list_of {
 public:
    template <std::convertible_to<T>... Items>
    list_of(Items&&... items)
    {
        items_.reserve(sizeof...(items));
        (items_.emplace_back(std::forward<Items>(items)), ...);
    }
    list_of(std::vector<T> items) : items_{std::move(items)} {}

    auto begin() const noexcept { return items_.begin(); }
    auto end() const noexcept { return items_.end(); }
    std::vector<T> take() && { return std::move(items_); }

 private:
    std::vector<T> items_;
};

namespace detail {

#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 13
inline constexpr bool compiler_destroys_twice = true;
#else
inline constexpr bool compiler_destroys_twice = false;
#endif

/// Whether the compiler destroys a T twice when it is created inside a co_await expression. A closure with captures is
/// recognised by having no assignment operator.
template <class T>
inline constexpr bool destroyed_twice = compiler_destroys_twice && !std::is_trivially_destructible_v<T> &&
                                        (std::is_aggregate_v<T> || !std::is_move_assignable_v<T>);

/// `Load` is the type that a forwarding reference deduces, which cannot tell a moved loader from a temporary; both are
/// rejected.
template <class Load>
constexpr void check_loader() noexcept
{
    static_assert(std::is_lvalue_reference_v<Load> || !destroyed_twice<std::remove_cvref_t<Load>>,
                  "g++ 12 destroys a loader that captures by value twice if it is created inside co_await: store it in "
                  "a variable first (auto load = [...] {...};) and pass that, without std::move");
}

template <class V>
constexpr void check_value() noexcept
{
    static_assert(!destroyed_twice<V>,
                  "g++ 12 destroys an aggregate twice if it is created inside co_await: store it in a variable first "
                  "and pass that, without std::move");
}

}  // namespace detail
}  // namespace larder
