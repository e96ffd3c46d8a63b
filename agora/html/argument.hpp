// SPDX-License-Identifier: MIT
// The kinds of arguments that a literal's holes take, and the text of the plain ones (text and numbers). A type that
// is of no kind is refused by a static_assert.
#pragma once

#include <charconv>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>

namespace agora::html {

class path;
class safe;
class url;
class writer;

/// A place in a page where bytes for one member are spliced in later: the account box, "liked", an edit link.
struct slot {
    std::uint32_t kind = 0;    ///< chosen by the page
    std::int64_t subject = 0;  ///< such as the id of the comment that an edit link belongs to
    std::int64_t owner = 0;    ///< the member whom the subject belongs to
};

namespace detail {

enum class argument : std::uint8_t {
    text,
    number,
    boolean,
    url,
    path,
    safe,
    slot,
    content,
    optional_text,
    optional_url
};

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

/// Numbers are written in decimal. The character types are not numbers: pass a string_view.
template <class T>
concept number =
    std::is_arithmetic_v<T> && !std::is_same_v<T, bool> && !std::is_same_v<T, char> && !std::is_same_v<T, wchar_t> &&
    !std::is_same_v<T, char8_t> && !std::is_same_v<T, char16_t> && !std::is_same_v<T, char32_t>;

template <class T>
consteval argument argument_of()
{
    if constexpr (std::is_same_v<T, bool>) {
        return argument::boolean;
    } else if constexpr (number<T>) {
        return argument::number;
    } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
        return argument::text;
    } else if constexpr (std::is_same_v<T, html::url>) {
        return argument::url;
    } else if constexpr (std::is_same_v<T, html::path>) {
        return argument::path;
    } else if constexpr (std::is_same_v<T, html::safe>) {
        return argument::safe;
    } else if constexpr (std::is_same_v<T, html::slot>) {
        return argument::slot;
    } else if constexpr (is_optional<T>) {
        constexpr auto value = argument_of<typename T::value_type>();
        static_assert(
            value == argument::text || value == argument::number || value == argument::url || value == argument::path,
            "an optional argument of html is text, a number, a url or a path");
        return value == argument::text || value == argument::number ? argument::optional_text : argument::optional_url;
    } else {
        static_assert(std::is_invocable_v<const T&, writer&>,
                      "an argument of html is text, a number, a bool, html::url, html::path, html::safe, html::slot, "
                      "an optional, or a function that takes an html::writer&");
        return argument::content;
    }
}

constexpr bool is_plain(argument a) { return a == argument::text || a == argument::number; }

/// Calls use(string_view) with the text of a plain argument.
template <class T, class Use>
void with_text(const T& plain, Use&& use)
{
    if constexpr (number<T>) {
        char digits[32];
        use(std::string_view{digits, std::to_chars(digits, digits + sizeof digits, plain).ptr});
    } else {
        use(std::string_view{plain});
    }
}

}  // namespace detail

}  // namespace agora::html
