// SPDX-License-Identifier: MIT
// The two types that a literal accepts as the value of href, src and the like. Text that is not a harmless URL cannot
// become one of them: parse() returns nullopt, and a hole for a whole attribute takes that optional and leaves the
// attribute out. A link without href is a plain text, while a replacement such as "#" would look like a link that
// works. Links to this site are usually written inside the literal, `<a href="/posts/{}/{}">`; path is for those that a
// function returns or a redirect needs.
#pragma once

#include <agora/html/argument.hpp>
#include <agora/html/mistakes.hpp>
#include <agora/html/url_rules.hpp>
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace agora::html {

namespace detail {

template <class... Args>
class path_pattern {
 public:
    consteval path_pattern(const char* text) : text_{text}
    {
        if (!is_own_path(text_))
            mistakes::a_url_begins_with_a_slash_and_a_name_or_with_a_hash_a_question_mark_or_http();
        constexpr std::array<argument, sizeof...(Args)> arguments{argument_of<Args>()...};
        std::size_t holes = 0;
        for (auto at = text_.find_first_of("{}"); at != std::string_view::npos;
             at = text_.find_first_of("{}", at + 2)) {
            if (!text_.substr(at).starts_with("{}")) mistakes::a_single_brace_is_written_as_a_character_reference();
            if (!part_may_follow(text_.substr(0, at)))
                mistakes::a_hole_inside_a_url_needs_a_literal_path_or_query_before_it();
            if (holes == arguments.size()) mistakes::the_literal_needs_one_hole_for_each_argument();
            if (!is_plain(arguments[holes++])) mistakes::a_hole_inside_a_url_takes_text_or_a_number();
        }
        if (holes != arguments.size()) mistakes::the_literal_needs_one_hole_for_each_argument();
    }
    constexpr std::string_view text() const noexcept { return text_; }

 private:
    std::string_view text_;
};

}  // namespace detail

/// A path on this site, with its query.
class path {
 public:
    /// Fills the holes of the pattern, `path{"/posts/{}/{}", id, slug}`, with percent-encoded text and numbers. The
    /// pattern is checked at compile time.
    template <class... Args>
    explicit path(detail::path_pattern<std::type_identity_t<Args>...> pattern, const Args&... args)
    {
        std::string_view rest = pattern.text();
        [[maybe_unused]] const auto fill = [&](const auto& arg) {
            const auto hole = rest.find("{}");
            text_ += rest.substr(0, hole);
            rest.remove_prefix(hole + 2);
            detail::with_text(arg, [&](std::string_view part) { append_part(part); });
        };
        (fill(args), ...);
        text_ += rest;
    }

    /// Reads a path from a source that is not trusted, such as the parameter `next`. nullopt unless it begins with one
    /// slash that no further slash or backslash follows, and contains no space, backslash or control character.
    static std::optional<path> parse(std::string_view text);

    /// Adds a parameter to the query; name and value are percent-encoded. Requires: the path has no fragment.
    path& add(std::string_view name, std::string_view value);

    const std::string& text() const noexcept { return text_; }

 private:
    path() = default;
    void append_part(std::string_view part);
    std::string text_;
};

/// A view of an absolute http or https address, or of a path on this site. The text must outlive it.
class url {
 public:
    /// nullopt for everything else: other schemes, other relative references, no host, user names, and any space,
    /// backslash or control character.
    static std::optional<url> parse(std::string_view text);

    std::string_view text() const noexcept { return text_; }

 private:
    explicit url(std::string_view text) : text_{text} {}
    std::string_view text_;
};

}  // namespace agora::html
