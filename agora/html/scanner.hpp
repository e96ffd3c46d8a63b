// SPDX-License-Identifier: MIT
// Reads a literal at compile time: finds its holes, checks that each is in a place where escaping makes its argument
// harmless, and that the markup is well formed. A mistake calls a function of mistakes.hpp, which does not compile.
// The dialect is a strict part of HTML, so that this scanner and every browser agree about what is a tag: lower-case
// names, double quotes, every element closed, every `&` the beginning of a character reference.
#pragma once

#include <agora/html/argument.hpp>
#include <agora/html/mistakes.hpp>
#include <agora/html/url_rules.hpp>
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace agora::html::detail {

enum class encoding : std::uint8_t { escaped, segment, query };

/// A hole, by positions in the literal. The literal is copied up to `end`, and again from `resume`. Between them is
/// `{}`; or, when the argument decides whether there is an attribute at all, the whole attribute ` name="{}"`.
struct hole {
    std::uint32_t end = 0;
    std::uint32_t value = 0;  ///< where the `{` is
    std::uint32_t resume = 0;
    encoding how = encoding::escaped;
};

enum class place : std::uint8_t { text, plain_text, attribute, boolean_attribute, url, own_url, url_part, no_hole };

template <std::size_t N>
consteval bool is_one_of(std::string_view name, const std::array<std::string_view, N>& names)
{
    return std::find(names.begin(), names.end(), name) != names.end();
}

inline constexpr auto void_elements = std::to_array<std::string_view>(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"});
/// Their content is not HTML, and some browsers disagree about where it ends.
inline constexpr auto raw_text_elements =
    std::to_array<std::string_view>({"script", "style", "iframe", "noembed", "noframes", "xmp", "plaintext"});
/// A browser closes an open `p` before these elements.
inline constexpr auto block_elements = std::to_array<std::string_view>(
    {"address",  "article",    "aside",  "blockquote", "details", "dialog",  "div",   "dl",
     "fieldset", "figcaption", "figure", "footer",     "form",    "h1",      "h2",    "h3",
     "h4",       "h5",         "h6",     "header",     "hgroup",  "hr",      "main",  "menu",
     "nav",      "ol",         "p",      "pre",        "search",  "section", "table", "ul"});
inline constexpr auto boolean_attributes = std::to_array<std::string_view>(
    {"allowfullscreen", "async",    "autofocus", "autoplay",   "checked",        "controls",  "default",
     "defer",           "disabled", "hidden",    "inert",      "ismap",          "itemscope", "loop",
     "multiple",        "muted",    "nomodule",  "novalidate", "formnovalidate", "open",      "playsinline",
     "readonly",        "required", "reversed",  "selected"});
inline constexpr auto url_attributes =
    std::to_array<std::string_view>({"href", "xlink:href", "src", "action", "formaction", "poster", "cite", "data",
                                     "background", "manifest", "longdesc", "codebase", "itemid"});
/// Attributes whose values are code, HTML, lists of URLs, or names that change the meaning of others.
inline constexpr auto attributes_without_holes = std::to_array<std::string_view>(
    {"srcdoc", "srcset", "imagesrcset", "ping", "http-equiv", "attributename", "values", "from", "to", "by", "is"});

consteval place place_of(std::string_view element, std::string_view attribute)
{
    if (is_one_of(attribute, boolean_attributes)) return place::boolean_attribute;
    if (is_one_of(attribute, attributes_without_holes)) return place::no_hole;
    if (!is_one_of(attribute, url_attributes)) return place::attribute;
    // The browser runs what these load, or sends forms there.
    const bool own = is_one_of(element, raw_text_elements) || element == "embed" || element == "object" ||
                     element == "base" || attribute == "action" || attribute == "formaction";
    return own ? place::own_url : place::url;
}

class scanner {
 public:
    consteval scanner(std::string_view text, std::span<const argument> arguments, std::span<hole> holes)
        : text_{text}, arguments_{arguments}, holes_{holes}
    {
        if (text_.starts_with("<!doctype html>")) at_ = 15;
        while (at_ < text_.size()) {
            if (at("<!--")) {
                comment();
            } else if (at("</")) {
                end_tag();
            } else if (at("<")) {
                start_tag();
            } else {
                character(place::text);
            }
        }
        if (depth_ != 0) mistakes::an_element_is_not_closed();
        if (used_ != arguments_.size()) mistakes::the_literal_needs_one_hole_for_each_argument();
    }

 private:
    consteval bool at(std::string_view expected) const { return text_.substr(at_).starts_with(expected); }
    consteval char peek() const
    {
        if (at_ == text_.size()) mistakes::a_tag_is_not_complete();
        return text_[at_];
    }
    consteval bool skip_space()
    {
        const auto begin = at_;
        while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
        return at_ > begin;
    }

    consteval void comment()
    {
        const auto end = text_.find("-->", at_ + 4);
        if (end == std::string_view::npos) mistakes::a_comment_is_not_closed();
        if (text_.substr(at_, end - at_).find("{}") != std::string_view::npos)
            mistakes::a_hole_cannot_be_inside_a_comment();
        at_ = end + 3;
    }

    consteval std::string_view name()
    {
        const auto begin = at_;
        while (at_ < text_.size() && is_name_character(text_[at_], at_ == begin)) ++at_;
        if (at("{")) mistakes::a_hole_cannot_be_a_tag_or_attribute_name();
        if (at_ == begin) mistakes::names_of_tags_and_attributes_are_lower_case_letters_digits_and_hyphens();
        return text_.substr(begin, at_ - begin);
    }
    static consteval bool is_name_character(char c, bool first)
    {
        return (c >= 'a' && c <= 'z') || (!first && ((c >= '0' && c <= '9') || c == '-' || c == ':'));
    }

    consteval void end_tag()
    {
        at_ += 2;
        const auto element = name();
        if (is_one_of(element, void_elements)) mistakes::a_void_element_such_as_br_has_no_end_tag();
        if (depth_ == 0 || open_[depth_ - 1] != element) mistakes::an_end_tag_does_not_match_the_open_element();
        if (peek() != '>') mistakes::a_tag_is_not_complete();
        ++at_;
        --depth_;
    }

    consteval void start_tag()
    {
        ++at_;
        const auto element = name();
        check_parents(element);
        attributes_ = 0;
        content_hole_ = false;
        while (true) {
            const auto before = at_;
            const bool space = skip_space();
            if (peek() == '>') break;
            if (!space) mistakes::a_tag_is_not_complete();
            attribute(element, before);
        }
        ++at_;
        if (content_hole_ && has_attribute("http-equiv"))
            mistakes::a_hole_in_content_cannot_be_combined_with_http_equiv();
        if (is_one_of(element, void_elements)) return;
        if (depth_ == open_.size()) mistakes::elements_are_nested_too_deeply();
        open_[depth_++] = element;
        content(element);
    }

    consteval void check_parents(std::string_view element) const
    {
        for (std::size_t i = 0; i < depth_; ++i) {
            if (open_[i] == "p" && is_one_of(element, block_elements))
                mistakes::a_p_element_cannot_contain_a_block_element();
            if (open_[i] == element && (element == "a" || element == "button" || element == "form"))
                mistakes::a_link_a_button_or_a_form_cannot_contain_another_one();
        }
    }

    /// Reads what follows the start tag of an element whose content is not ordinary HTML.
    consteval void content(std::string_view element)
    {
        if ((element == "pre" || element == "textarea") && at("{}"))
            mistakes::begin_the_text_of_pre_and_textarea_with_a_newline_because_browsers_drop_the_first_one();
        if (element == "title" || element == "textarea") {
            while (at_ < text_.size() && !at("<")) character(place::plain_text);
            if (!at("</")) mistakes::title_and_textarea_cannot_contain_elements();
        } else if (is_one_of(element, raw_text_elements)) {
            while (at_ < text_.size() && !at("</")) {
                if (at("{}")) mistakes::a_hole_cannot_be_inside_script_or_style();
                // A browser would look for the end of the comment before the end of the script.
                if (at("<!--")) mistakes::a_comment_cannot_begin_inside_script_or_style();
                ++at_;
            }
        }
    }

    consteval bool has_attribute(std::string_view attribute) const
    {
        const std::span seen{names_.data(), attributes_};
        return std::find(seen.begin(), seen.end(), attribute) != seen.end();
    }

    /// `before`: where the white space in front of the attribute begins.
    consteval void attribute(std::string_view element, std::size_t before)
    {
        const auto named = name();
        if (named.starts_with("on") || named == "style")
            mistakes::event_handlers_and_style_attributes_are_blocked_by_the_content_security_policy();
        if (has_attribute(named)) mistakes::an_attribute_occurs_twice_in_a_tag();
        if (attributes_ == names_.size()) mistakes::a_tag_has_too_many_attributes();
        names_[attributes_++] = named;
        if (peek() != '=') return;
        ++at_;
        if (peek() != '"') mistakes::an_attribute_value_is_written_in_double_quotes();
        ++at_;
        const auto begin = at_;
        const auto used = used_;
        const auto where = place_of(element, named);
        const bool is_url = where == place::url || where == place::own_url;
        while (peek() != '"') {
            if (!at("{}")) {
                character(where);
            } else if (at_ == begin) {
                hole_at(where, text_.substr(at_ + 2).starts_with('"') ? std::optional{before} : std::nullopt);
            } else if (is_url) {
                url_part_hole(text_.substr(begin, at_ - begin));
            } else {
                hole_at(where);
            }
        }
        content_hole_ = content_hole_ || (named == "content" && used_ > used);
        if (is_url) check_url(where, text_.substr(begin, at_ - begin));
        ++at_;
    }

    consteval void check_url(place where, std::string_view url) const
    {
        const bool external = !after_scheme(url).empty() || url.starts_with("mailto:");
        if (!url.starts_with("{}") && (!is_literal_url(url) || (where == place::own_url && external)))
            mistakes::a_url_begins_with_a_slash_and_a_name_or_with_a_hash_a_question_mark_or_http();
    }

    /// Reads a hole inside a URL, behind `begin`.
    consteval void url_part_hole(std::string_view begin)
    {
        if (!part_may_follow(begin)) mistakes::a_hole_inside_a_url_needs_a_literal_path_or_query_before_it();
        hole_at(place::url_part);
        holes_[used_ - 1].how = is_in_query(begin) ? encoding::query : encoding::segment;
    }

    /// Reads one character that is not a hole, or a character reference; in text, also a hole.
    consteval void character(place where)
    {
        if (at("{}")) {
            hole_at(where);
        } else if (at("{") || at("}")) {
            mistakes::a_single_brace_is_written_as_a_character_reference();
        } else if (at("&")) {
            reference();
        } else {
            ++at_;
        }
    }

    /// An `&` that begins no reference could become one together with a hole behind it.
    consteval void reference()
    {
        const auto begin = ++at_;
        if (at("#")) ++at_;
        while (at_ < text_.size() && is_letter_or_digit(text_[at_])) ++at_;
        if (at_ == begin || !at(";")) mistakes::an_ampersand_must_begin_a_character_reference_such_as_amp_semicolon();
        ++at_;
    }

    /// Reads a hole. `attribute_begin`: where the white space in front of its attribute begins, if the hole is the
    /// whole value.
    consteval void hole_at(place where, std::optional<std::size_t> attribute_begin = {})
    {
        if (used_ == arguments_.size()) mistakes::the_literal_needs_one_hole_for_each_argument();
        const auto kind = arguments_[used_];
        const bool conditional =
            kind == argument::boolean || kind == argument::optional_text || kind == argument::optional_url;
        if (!fits(kind, where) || (conditional && !attribute_begin)) refuse(where);
        holes_[used_++] = conditional ? hole{position(*attribute_begin), position(at_), position(at_ + 3)}
                                      : hole{position(at_), position(at_), position(at_ + 2)};
        at_ += 2;
    }
    static consteval std::uint32_t position(std::size_t at) { return static_cast<std::uint32_t>(at); }

    static consteval bool fits(argument kind, place where)
    {
        switch (where) {
            case place::text:
                return is_plain(kind) || kind == argument::safe || kind == argument::slot || kind == argument::content;
            case place::plain_text:
            case place::url_part:
                return is_plain(kind);
            case place::attribute:
                return is_plain(kind) || kind == argument::optional_text;
            case place::boolean_attribute:
                return kind == argument::boolean;
            case place::url:
                return kind == argument::url || kind == argument::path || kind == argument::optional_url;
            case place::own_url:
                return kind == argument::path;
            case place::no_hole:
                return false;
        }
        return false;
    }

    static consteval void refuse(place where)
    {
        switch (where) {
            case place::text:
                return mistakes::a_hole_in_text_takes_text_a_number_safe_html_a_slot_or_nested_content();
            case place::plain_text:
                return mistakes::a_hole_in_title_or_textarea_takes_text_or_a_number();
            case place::url_part:
                return mistakes::a_hole_inside_a_url_takes_text_or_a_number();
            case place::attribute:
                return mistakes::
                    a_hole_in_an_attribute_takes_text_or_a_number_or_as_its_whole_value_an_optional_of_them();
            case place::boolean_attribute:
                return mistakes::a_hole_in_a_boolean_attribute_is_its_whole_value_and_takes_a_bool();
            case place::url:
                return mistakes::a_hole_in_a_url_attribute_takes_html_url_or_html_path();
            case place::own_url:
                return mistakes::a_hole_in_this_url_attribute_takes_html_path();
            case place::no_hole:
                return mistakes::a_hole_cannot_be_in_this_attribute();
        }
    }

    std::string_view text_;
    std::span<const argument> arguments_;
    std::span<hole> holes_;
    std::size_t at_ = 0;
    std::size_t used_ = 0;                     ///< arguments
    std::array<std::string_view, 64> open_{};  ///< the open elements, the innermost last
    std::size_t depth_ = 0;
    std::array<std::string_view, 32> names_{};  ///< the attributes of the current tag
    std::size_t attributes_ = 0;
    bool content_hole_ = false;  ///< the current tag has a hole in its attribute `content`
};

}  // namespace agora::html::detail
