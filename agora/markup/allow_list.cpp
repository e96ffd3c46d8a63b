// SPDX-License-Identifier: MIT
// The tables of allowed and dropped elements, and the checks of attribute values. Start with `rules`: one line per
// allowed element. find_rule() and is_dropped() look up both tables by tag, because the sanitiser needs them for every
// node. safe_value() validates an attribute by its kind; safe_url() is the check that keeps out `javascript:`.
#include <agora/markup/allow_list.hpp>
#include <algorithm>
#include <array>
#include <larder/ascii.hpp>

namespace agora::markup {

namespace {

constexpr attribute_rule link_attributes[] = {{"href", attribute_kind::link}, {"title", attribute_kind::text}};
constexpr attribute_rule image_attributes[] = {{"src", attribute_kind::image},
                                               {"alt", attribute_kind::text},
                                               {"title", attribute_kind::text},
                                               {"width", attribute_kind::number},
                                               {"height", attribute_kind::number}};
constexpr attribute_rule list_attributes[] = {{"start", attribute_kind::number}};
constexpr attribute_rule cell_attributes[] = {
    {"align", attribute_kind::alignment}, {"colspan", attribute_kind::number}, {"rowspan", attribute_kind::number}};
constexpr attribute_rule checkbox_attributes[] = {{"checked", attribute_kind::flag}};
constexpr attribute_rule code_attributes[] = {{"class", attribute_kind::language}};
constexpr attribute_rule title_attributes[] = {{"title", attribute_kind::text}};

constexpr element_rule phrase(GumboTag tag) { return {tag, element_category::phrase, content_model::phrasing}; }

constexpr element_rule block(GumboTag tag, content_model content) { return {tag, element_category::block, content}; }

constexpr element_rule rules[] = {
    phrase(GUMBO_TAG_B),
    phrase(GUMBO_TAG_CITE),
    phrase(GUMBO_TAG_DEL),
    phrase(GUMBO_TAG_DFN),
    phrase(GUMBO_TAG_EM),
    phrase(GUMBO_TAG_I),
    phrase(GUMBO_TAG_INS),
    phrase(GUMBO_TAG_KBD),
    phrase(GUMBO_TAG_MARK),
    phrase(GUMBO_TAG_Q),
    phrase(GUMBO_TAG_S),
    phrase(GUMBO_TAG_SAMP),
    phrase(GUMBO_TAG_SMALL),
    phrase(GUMBO_TAG_STRIKE),
    phrase(GUMBO_TAG_STRONG),
    phrase(GUMBO_TAG_SUB),
    phrase(GUMBO_TAG_SUP),
    phrase(GUMBO_TAG_U),
    phrase(GUMBO_TAG_VAR),
    {GUMBO_TAG_CODE, element_category::phrase, content_model::phrasing, code_attributes},
    {GUMBO_TAG_ABBR, element_category::phrase, content_model::phrasing, title_attributes},
    {GUMBO_TAG_A, element_category::phrase, content_model::phrasing, link_attributes},
    {GUMBO_TAG_BR, element_category::phrase, content_model::nothing},
    {GUMBO_TAG_IMG, element_category::phrase, content_model::nothing, image_attributes},
    {GUMBO_TAG_INPUT, element_category::phrase, content_model::nothing, checkbox_attributes},
    block(GUMBO_TAG_P, content_model::phrasing),
    block(GUMBO_TAG_H1, content_model::phrasing),
    block(GUMBO_TAG_H2, content_model::phrasing),
    block(GUMBO_TAG_H3, content_model::phrasing),
    block(GUMBO_TAG_H4, content_model::phrasing),
    block(GUMBO_TAG_H5, content_model::phrasing),
    block(GUMBO_TAG_H6, content_model::phrasing),
    block(GUMBO_TAG_PRE, content_model::phrasing),
    block(GUMBO_TAG_SUMMARY, content_model::phrasing),
    block(GUMBO_TAG_BLOCKQUOTE, content_model::flow),
    block(GUMBO_TAG_DETAILS, content_model::flow),
    block(GUMBO_TAG_DIV, content_model::flow),
    block(GUMBO_TAG_HR, content_model::nothing),
    block(GUMBO_TAG_UL, content_model::list),
    {GUMBO_TAG_OL, element_category::block, content_model::list, list_attributes},
    {GUMBO_TAG_LI, element_category::item, content_model::flow},
    block(GUMBO_TAG_DL, content_model::definitions),
    {GUMBO_TAG_DT, element_category::definition, content_model::flow},
    {GUMBO_TAG_DD, element_category::definition, content_model::flow},
    block(GUMBO_TAG_TABLE, content_model::table),
    {GUMBO_TAG_THEAD, element_category::row_group, content_model::rows},
    {GUMBO_TAG_TBODY, element_category::row_group, content_model::rows},
    {GUMBO_TAG_TFOOT, element_category::row_group, content_model::rows},
    {GUMBO_TAG_TR, element_category::row, content_model::cells},
    {GUMBO_TAG_TH, element_category::cell, content_model::flow, cell_attributes},
    {GUMBO_TAG_TD, element_category::cell, content_model::flow, cell_attributes},
};

constexpr GumboTag dropped[] = {
    GUMBO_TAG_SCRIPT, GUMBO_TAG_STYLE,   GUMBO_TAG_TEMPLATE, GUMBO_TAG_NOSCRIPT, GUMBO_TAG_IFRAME,   GUMBO_TAG_OBJECT,
    GUMBO_TAG_EMBED,  GUMBO_TAG_APPLET,  GUMBO_TAG_FRAMESET, GUMBO_TAG_FRAME,    GUMBO_TAG_NOFRAMES, GUMBO_TAG_NOEMBED,
    GUMBO_TAG_SVG,    GUMBO_TAG_MATH,    GUMBO_TAG_FORM,     GUMBO_TAG_BUTTON,   GUMBO_TAG_SELECT,   GUMBO_TAG_TEXTAREA,
    GUMBO_TAG_TITLE,  GUMBO_TAG_XMP,     GUMBO_TAG_LISTING,  GUMBO_TAG_MARQUEE,  GUMBO_TAG_VIDEO,    GUMBO_TAG_AUDIO,
    GUMBO_TAG_CANVAS, GUMBO_TAG_HTML,    GUMBO_TAG_HEAD,     GUMBO_TAG_BODY,     GUMBO_TAG_META,     GUMBO_TAG_LINK,
    GUMBO_TAG_BASE,   GUMBO_TAG_ISINDEX, GUMBO_TAG_PLAINTEXT};

/// Both tables, indexed by tag.
struct index {
    std::array<const element_rule*, GUMBO_TAG_LAST> rule{};
    std::array<bool, GUMBO_TAG_LAST> drop{};
};

constexpr index make_index()
{
    index found;
    for (const element_rule& r : rules) found.rule[r.tag] = &r;
    for (const GumboTag tag : dropped) found.drop[tag] = true;
    return found;
}

constexpr index by_tag = make_index();

/// The URL as a browser reads it: without control characters (tab and newline included, at any position) and without
/// spaces at the ends. Other spaces become %20.
std::string clean_url(std::string_view value)
{
    std::string url;
    url.reserve(value.size());
    for (const char c : value) {
        if (static_cast<unsigned char>(c) >= ' ' && c != '\x7F') url += c;
    }
    url = larder::trimmed(url, " ");
    for (auto at = url.find(' '); at != std::string::npos; at = url.find(' ', at)) url.replace(at, 1, "%20");
    return url;
}

/// The URL if it is relative or has an allowed scheme. Anything before the first colon must be one of the listed
/// schemes; unknown and malformed schemes are not distinguished.
std::optional<std::string> safe_url(std::string_view value, bool mail)
{
    std::string url = clean_url(value);
    if (url.empty()) return std::nullopt;
    const auto end = url.find_first_of(":/?#");
    if (end == std::string::npos || url[end] != ':') return url;
    const std::string_view scheme = std::string_view{url}.substr(0, end);
    const bool known = larder::iequals(scheme, "http") || larder::iequals(scheme, "https") ||
                       (mail && larder::iequals(scheme, "mailto"));
    return known ? std::optional{std::move(url)} : std::nullopt;
}

bool is_number(std::string_view value) noexcept
{
    return !value.empty() && value.size() <= 4 &&
           std::ranges::all_of(value, [](char c) { return c >= '0' && c <= '9'; });
}

/// A class such as `language-cpp`, which code fences produce for syntax highlighters. No other class is allowed,
/// because the page's own styles use them.
bool is_language(std::string_view value) noexcept
{
    constexpr std::string_view prefix = "language-";
    if (!value.starts_with(prefix) || value.size() == prefix.size() || value.size() > 40) return false;
    return std::ranges::all_of(value.substr(prefix.size()), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '#' ||
               c == '.' || c == '_' || c == '-';
    });
}

}  // namespace

const element_rule* find_rule(GumboTag tag) noexcept { return tag < GUMBO_TAG_LAST ? by_tag.rule[tag] : nullptr; }

bool is_dropped(GumboTag tag) noexcept { return tag < GUMBO_TAG_LAST && by_tag.drop[tag]; }

bool accepts(content_model parent, element_category child) noexcept
{
    switch (parent) {
        case content_model::nothing:
            return false;
        case content_model::phrasing:
            return child == element_category::phrase;
        case content_model::flow:
            return child == element_category::phrase || child == element_category::block;
        case content_model::list:
            return child == element_category::phrase || child == element_category::block ||
                   child == element_category::item;
        case content_model::definitions:
            return child == element_category::phrase || child == element_category::block ||
                   child == element_category::definition;
        case content_model::table:
            return child == element_category::row_group;
        case content_model::rows:
            return child == element_category::row;
        case content_model::cells:
            return child == element_category::cell;
    }
    return false;
}

bool forbids_text(content_model parent) noexcept
{
    return parent == content_model::table || parent == content_model::rows || parent == content_model::cells;
}

std::optional<std::string> safe_value(attribute_kind kind, std::string_view value)
{
    switch (kind) {
        case attribute_kind::text:
            return std::string{value};
        case attribute_kind::flag:
            return std::string{};
        case attribute_kind::link:
            return safe_url(value, true);
        case attribute_kind::image:
            return safe_url(value, false);
        case attribute_kind::number:
            return is_number(value) ? std::optional{std::string{value}} : std::nullopt;
        case attribute_kind::language:
            return is_language(value) ? std::optional{std::string{value}} : std::nullopt;
        case attribute_kind::alignment:
            if (value == "left" || value == "center" || value == "right") return std::string{value};
            return std::nullopt;
    }
    return std::nullopt;
}

}  // namespace agora::markup
