// SPDX-License-Identifier: MIT
// Writes HTML pages. Start with writer::write(): a literal with holes `{}`, which is checked at compile time, and one
// argument for each hole, which is escaped for its place. Lists and optional parts are arguments as well:
//
//     html::writer page;
//     page.write(R"(<h1>{}</h1><ul>{}</ul>)", title, html::each(tags, [](html::writer& row, const tag& t) {
//         row.write(R"(<li><a href="/t/{}">{}</a></li>)", t.name, t.name);
//     }));
//
// The text between the holes is copied and never parsed at run time. No virtual calls; no allocation but the growth of
// the one output string and of the list of slots. A writer is used by one thread at a time.
#pragma once

#include <agora/html/argument.hpp>
#include <agora/html/escape.hpp>
#include <agora/html/safe.hpp>
#include <agora/html/scanner.hpp>
#include <agora/html/url.hpp>
#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace agora::html {

/// A checked literal with its holes. What a hole takes depends on its place:
///
/// | place                                    | argument                                                             |
/// |------------------------------------------|----------------------------------------------------------------------|
/// | text of an element                       | text, a number, html::safe, html::slot, a function of html::writer&  |
/// | text of `title` and `textarea`           | text, a number                                                       |
/// | `name="{}"`, `name="a {} b"`             | text, a number; for a whole value also an optional of them           |
/// | a boolean attribute, `<details open="{}">` | bool                                                               |
/// | `href="{}"`, `src="{}#top"` and the like | html::url, html::path; for a whole value also an optional of them    |
/// | the same of `form`, `script`, `iframe`, `base`, `object` and `embed` | html::path                               |
/// | inside a URL, `href="/t/{}?page={}"`     | text, a number; percent-encoded                                      |
///
/// `false` and an empty optional leave out the attribute. Everywhere else a hole is a compile error: in names,
/// comments, `script` and `style`, and in attributes that hold code. mistakes.hpp has all errors.
template <class... Args>
class literal {
 public:
    template <std::size_t N>
    consteval literal(const char (&text)[N]) : text_{text, N - 1}
    {
        const std::array<detail::argument, sizeof...(Args)> arguments{detail::argument_of<Args>()...};
        detail::scanner{text_, arguments, holes_};
    }
    constexpr std::string_view text() const noexcept { return text_; }
    constexpr const auto& holes() const noexcept { return holes_; }

 private:
    std::string_view text_;
    std::array<detail::hole, sizeof...(Args)> holes_{};
};

/// Where a slot is in a page.
struct slot_position {
    html::slot slot;
    std::size_t offset = 0;  ///< bytes from the beginning of the page
    std::size_t length = 0;  ///< of the content that guests see there, see guests_see()
};

class writer {
 public:
    /// Appends the literal with its holes filled.
    template <class... Args>
    void write(const literal<std::type_identity_t<Args>...>& literal, const Args&... args)
    {
        std::size_t copied = 0;
        [[maybe_unused]] const detail::hole* hole = literal.holes().data();
        (fill(literal.text(), *hole++, copied, args), ...);
        text_.append(literal.text(), copied);
    }

    const std::string& text() const noexcept { return text_; }
    std::string take() { return std::move(text_); }
    /// Appends what another writer has written, with its slots.
    void append(const writer& other)
    {
        for (auto s : other.slots_) {
            s.offset += text_.size();
            slots_.push_back(s);
        }
        text_ += other.text_;
    }
    /// Appends a slot with content for guests.
    template <class Content>
    void mark(const slot& s, const Content& content)
    {
        const auto begin = text_.size();
        const auto place = slots_.size();
        slots_.push_back({s, begin, 0});
        content(*this);
        slots_[place].length = text_.size() - begin;
    }

    /// In ascending order of their offsets.
    const std::vector<slot_position>& slots() const noexcept { return slots_; }
    /// Empties the writer and keeps its memory.
    void clear()
    {
        text_.clear();
        slots_.clear();
    }
    void reserve(std::size_t bytes) { text_.reserve(bytes); }

 private:
    template <class T>
    void fill(std::string_view literal, const detail::hole& hole, std::size_t& copied, const T& arg)
    {
        text_.append(literal, copied, hole.end - copied);
        copied = hole.resume;
        if constexpr (std::is_same_v<T, bool>) {
            if (arg) text_.append(literal, hole.end, hole.value - std::string_view{"=\""}.size() - hole.end);
        } else if constexpr (detail::is_optional<T>) {
            if (!arg) return;
            text_.append(literal, hole.end, hole.value - hole.end);
            value(hole, *arg);
            text_ += '"';
        } else {
            value(hole, arg);
        }
    }

    template <class T>
    void value(const detail::hole& hole, const T& arg)
    {
        constexpr auto kind = detail::argument_of<T>();
        if constexpr (kind == detail::argument::text) {
            text(hole.how, arg);
        } else if constexpr (kind == detail::argument::number) {
            detail::with_text(arg, [this](std::string_view digits) { text_ += digits; });
        } else if constexpr (kind == detail::argument::url || kind == detail::argument::path) {
            append_escaped(text_, arg.text());
        } else if constexpr (kind == detail::argument::safe) {
            text_ += arg.text();
        } else if constexpr (kind == detail::argument::slot) {
            slots_.push_back({arg, text_.size(), 0});
        } else {
            arg(*this);
        }
    }
    void text(detail::encoding how, std::string_view arg);

    std::string text_;
    std::vector<slot_position> slots_;
};

/// Nested content: calls item(html::writer&, element) for each element of the range, which must outlive the result.
template <class Range, class Item>
auto each(const Range& range, Item item)
{
    return [&range, item = std::move(item)](writer& out) {
        for (const auto& element : range) item(out, element);
    };
}

/// A slot with the content that guests see in it. Requires: the content has no slots.
template <class Content>
auto guests_see(const slot& s, Content content)
{
    return [s, content = std::move(content)](writer& out) { out.mark(s, content); };
}

/// What another writer has written, as nested content.
inline auto written(const writer& other)
{
    return [&other](writer& out) { out.append(other); };
}

/// Nested content that is left out unless `shown`.
template <class Content>
auto when(bool shown, Content content)
{
    return [shown, content = std::move(content)](writer& out) {
        if (shown) content(out);
    };
}

/// Appends a page to `out` with its slots filled: fill(html::writer&, const slot&) writes the bytes of each slot, which
/// replace the guests' content.
/// Requires: the slots are those of the page, in their order.
template <class Fill>
void splice(std::string& out, std::string_view page, std::span<const slot_position> slots, Fill&& fill)
{
    writer filled;
    std::size_t copied = 0;
    for (const auto& position : slots) {
        out.append(page, copied, position.offset - copied);
        copied = position.offset + position.length;
        filled.clear();
        fill(filled, position.slot);
        out += filled.text();
    }
    out.append(page, copied);
}

}  // namespace agora::html
