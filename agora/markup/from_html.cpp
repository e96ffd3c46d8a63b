// SPDX-License-Identifier: MIT
// Start with from_html(): it converts the whole text, and if the result is not faithful, each top-level block on its
// own. block_writer writes the Markdown of blocks, inline_markdown.hpp that of their content. faithful() renders the
// result and compares what it shows with the original, so no rule of the writer has to be perfect: each block is tried
// with emphasis, then without, and finally shown as a code block.
#include <agora/markup/allow_list.hpp>
#include <agora/markup/from_html.hpp>
#include <agora/markup/html_tree.hpp>
#include <agora/markup/inline_markdown.hpp>
#include <agora/markup/markdown.hpp>
#include <algorithm>
#include <larder/hex.hpp>
#include <optional>
#include <span>

namespace agora::markup {

namespace {

using nodes = std::span<const html_node>;

bool is_inline(const html_node& n)
{
    const element_rule* rule = find_rule(n.tag);
    return n.is_text() || (rule != nullptr && rule->category == element_category::phrase);
}

bool is_white(const html_node& n) { return n.is_text() && n.text.find_first_not_of(" \t\n") == std::string::npos; }

/// Adds a prefix to each line: `first` to the first line, `others` to the rest. Blank lines get the prefix without its
/// trailing spaces.
std::string indent(std::string_view lines, std::string_view first, std::string_view others)
{
    std::string out{first};
    for (std::size_t at = 0; at < lines.size();) {
        const auto end = std::min(lines.find('\n', at), lines.size());
        out.append(lines.substr(at, end - at));
        at = end + 1;
        if (end == lines.size()) break;
        const bool blank = at == lines.size() || lines[at] == '\n';
        auto prefix = others;
        if (blank) prefix = prefix.substr(0, prefix.find_last_not_of(' ') + 1);
        out.append("\n").append(prefix);
    }
    return out;
}

/// Writes blocks as Markdown.
class block_writer {
 public:
    explicit block_writer(bool emphasis) : style_{emphasis, false} {}

    /// The Markdown of the blocks, with empty lines between them.
    std::string blocks(nodes all)
    {
        std::string out;
        for (std::size_t i = 0; i < all.size();) {
            std::size_t end = i;
            while (end < all.size() && is_inline(all[end])) ++end;
            std::string block;
            if (end > i) {
                block = inline_markdown(all.subspan(i, end - i), style_);
            } else {
                block = one(all[i], i > 0 ? previous_list(all.first(i)) : false);
                ++end;
            }
            i = end;
            if (block.empty()) continue;
            if (!out.empty()) out += "\n\n";
            out += block;
        }
        return out;
    }

 private:
    /// Whether the previous block is a list. A list directly after a list must use other markers; otherwise Markdown
    /// would read both as one list.
    static bool previous_list(nodes before)
    {
        for (auto n = before.rbegin(); n != before.rend(); ++n) {
            if (is_white(*n)) continue;
            return n->tag == GUMBO_TAG_UL || n->tag == GUMBO_TAG_OL;
        }
        return false;
    }

    std::string one(const html_node& n, bool after_list)
    {
        switch (n.tag) {
            case GUMBO_TAG_H1:
            case GUMBO_TAG_H2:
            case GUMBO_TAG_H3:
            case GUMBO_TAG_H4:
            case GUMBO_TAG_H5:
            case GUMBO_TAG_H6:
                return heading(n);
            case GUMBO_TAG_HR:
                return "___";
            case GUMBO_TAG_PRE:
                return code(n);
            case GUMBO_TAG_BLOCKQUOTE: {
                const std::string inside = blocks(n.children);
                return inside.empty() ? inside : indent(inside, "> ", "> ");
            }
            case GUMBO_TAG_UL:
            case GUMBO_TAG_OL:
                return list(n, after_list);
            case GUMBO_TAG_TABLE:
                return table(n);
            case GUMBO_TAG_DT:
            case GUMBO_TAG_SUMMARY:
                return strong(n);
            default:
                return blocks(n.children);
        }
    }

    std::string heading(const html_node& n)
    {
        const std::string text = inline_markdown(n.children, {style_.emphasis, true});
        const auto level = static_cast<std::size_t>(n.tag - GUMBO_TAG_H1) + 1;
        return text.empty() ? text : std::string(level, '#') + " " + text;
    }

    std::string strong(const html_node& n)
    {
        const std::string text = blocks(n.children);
        const bool simple = style_.emphasis && !text.empty() && text.find_first_of("\n*_`[<\\") == std::string::npos;
        return simple ? "**" + text + "**" : text;
    }

    std::string code(const html_node& n)
    {
        if (contains(n, GUMBO_TAG_A) || contains(n, GUMBO_TAG_IMG)) return lines(n);
        std::string_view language;
        if (n.children.size() == 1) language = n.children[0].attribute("class");
        if (language.starts_with("language-")) language.remove_prefix(9);
        std::string text = text_of(n);
        if (text.starts_with('\n')) text.erase(0, 1);
        std::string block = as_code_block(text, language);
        block.pop_back();  // the final newline; blocks() separates the blocks
        return block;
    }

    /// Preformatted text that contains links or images, which a code block cannot show: ordinary text with a hard break
    /// at the end of each line.
    std::string lines(const html_node& n)
    {
        html_node broken = n;
        break_lines(broken);
        return inline_markdown(broken.children, {false, false});
    }
    static void break_lines(html_node& n)
    {
        std::vector<html_node> children;
        for (html_node& c : n.children) {
            break_lines(c);
            if (!c.is_text()) {
                children.push_back(std::move(c));
                continue;
            }
            for (std::size_t at = 0; at <= c.text.size();) {
                const auto end = std::min(c.text.find('\n', at), c.text.size());
                if (at > 0) children.emplace_back().tag = GUMBO_TAG_BR;
                children.emplace_back().text = c.text.substr(at, end - at);
                at = end + 1;
            }
        }
        n.children = std::move(children);
    }

    std::string list(const html_node& n, bool after_list)
    {
        const bool numbered = n.tag == GUMBO_TAG_OL;
        int number = 1;
        if (const auto start = n.attribute("start"); !start.empty()) number = std::stoi(std::string{start});
        bool loose = false;
        std::string out;
        for (const html_node& item : n.children) {
            if (is_white(item)) continue;
            const std::string marker = numbered     ? std::to_string(number++) + (after_list ? ")" : ".")
                                       : after_list ? "+"
                                                    : "-";
            std::string inside = item.tag == GUMBO_TAG_LI ? blocks(item.children) : blocks({&item, 1});
            inside = checkbox(item) + inside;
            loose = loose || inside.find("\n\n") != std::string::npos;
            if (!out.empty()) out += loose ? "\n\n" : "\n";
            out += inside.empty() ? marker : indent(inside, marker + " ", std::string(marker.size() + 1, ' '));
        }
        return out;
    }

    static std::string checkbox(const html_node& item)
    {
        const html_node* first = &item;
        while (!first->children.empty() && first->tag != GUMBO_TAG_INPUT) first = &first->children.front();
        if (first->tag != GUMBO_TAG_INPUT) return {};
        return first->attributes.contains("checked") ? "[x] " : "[ ] ";
    }

    static void collect_rows(const html_node& n, std::vector<const html_node*>& rows)
    {
        for (const html_node& c : n.children) {
            if (c.tag == GUMBO_TAG_TR) {
                rows.push_back(&c);
            } else if (!c.is_text()) {
                collect_rows(c, rows);
            }
        }
    }

    static bool is_cell(const html_node& n) { return n.tag == GUMBO_TAG_TD || n.tag == GUMBO_TAG_TH; }

    std::string row_of(const html_node& row, std::size_t width)
    {
        std::string out = "|";
        for (const html_node& c : row.children) {
            if (!is_cell(c)) continue;
            std::string text = inline_markdown(c.children, {style_.emphasis, true});
            for (auto bar = text.find('|'); bar != std::string::npos; bar = text.find('|', bar + 2))
                text.insert(bar, 1, '\\');
            out.append(" ").append(text).append(" |");
            --width;
        }
        for (; width > 0; --width) out += "  |";
        return out;
    }

    std::string table(const html_node& n)
    {
        std::vector<const html_node*> rows;
        collect_rows(n, rows);
        std::size_t width = 0;
        for (const html_node* row : rows)
            width = std::max(width, static_cast<std::size_t>(std::ranges::count_if(row->children, is_cell)));
        if (width == 0) return {};
        std::string out;
        for (std::size_t i = 0; i < rows.size(); ++i) {
            out.append(out.empty() ? "" : "\n").append(row_of(*rows[i], width));
            if (i > 0) continue;
            out += "\n|";
            for (std::size_t c = 0; c < width; ++c) out += "---|";
        }
        return out;
    }

    inline_style style_;
};

void collect_targets(const html_node& n, std::vector<std::string>& targets)
{
    if (n.tag == GUMBO_TAG_A) targets.emplace_back(n.attribute("href"));
    if (n.tag == GUMBO_TAG_IMG)
        targets.push_back(std::string{n.attribute("src")}.append(" ").append(n.attribute("alt")));
    for (const html_node& c : n.children) collect_targets(c, targets);
}

/// The URL with cmark's escapes, so that the two sides of a comparison agree.
std::string escape_url(std::string_view url)
{
    constexpr std::string_view kept = "-_.+!*'(),%#@?=;:/,+&$~";
    std::string out;
    for (const char c : url) {
        const bool safe = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                          kept.find(c) != std::string_view::npos;
        if (safe) {
            out += c;
        } else {
            larder::append_escaped(out, c);
        }
    }
    return out;
}

/// Collects the visible words of a tree, separated by single spaces.
class words_collector {
 public:
    explicit words_collector(char block_separator = ' ') : block_separator_{block_separator} {}

    void node(const html_node& n)
    {
        if (n.is_text()) text(n.text);
        const bool is_separate = !is_inline(n) || n.tag == GUMBO_TAG_BR;
        if (is_separate) separator_ = block_separator_;
        for (const html_node& c : n.children) node(c);
        if (is_separate) separator_ = block_separator_;
    }
    std::string take() { return std::move(words_); }

 private:
    void text(std::string_view t)
    {
        for (std::size_t i = 0; i < t.size(); ++i) {
            const bool no_break = t.substr(i, 2) == "\xC2\xA0";
            i += no_break ? 1 : 0;
            if (no_break || t[i] == ' ' || t[i] == '\n' || t[i] == '\t') {
                if (separator_ == '\0') separator_ = ' ';
                continue;
            }
            if (separator_ != '\0' && !words_.empty()) words_ += separator_;
            separator_ = '\0';
            words_ += t[i];
        }
    }

    const char block_separator_;  ///< between the words of two blocks or lines
    std::string words_;
    char separator_ = '\0';
};

visible_content visible_content_of_nodes(nodes all)
{
    visible_content shown;
    words_collector words;
    for (const html_node& n : all) {
        words.node(n);
        collect_targets(n, shown.targets);
    }
    shown.words = words.take();
    for (std::string& t : shown.targets) t = escape_url(t);
    return shown;
}

/// Renders the Markdown. nullopt: it costs too much, or does not show what was wanted.
std::optional<converted_text> faithful(std::string markdown, const visible_content& wanted)
{
    auto html = render_markdown(markdown);
    if (!html || visible_content_of(*html) != wanted) return std::nullopt;
    return converted_text{std::move(markdown), *std::move(html), true};
}

/// Converts with emphasis and, if the result is not faithful, without.
std::optional<converted_text> converted(nodes all, const visible_content& wanted)
{
    auto done = faithful(block_writer{true}.blocks(all), wanted);
    return done ? done : faithful(block_writer{false}.blocks(all), wanted);
}

/// The end of the block at `at`, or of the run of inline nodes that starts there.
std::size_t end_of_block(nodes all, std::size_t at)
{
    if (!is_inline(all[at])) return at + 1;
    while (at < all.size() && is_inline(all[at])) ++at;
    return at;
}

}  // namespace

visible_content visible_content_of(std::string_view sanitized_html)
{
    const html_node root = read_sanitized(sanitized_html);
    return visible_content_of_nodes(root.children);
}

converted_text from_html(std::string_view html)
{
    const html_node root = read_sanitized(html);
    const nodes all = root.children;
    if (auto done = converted(all, visible_content_of_nodes(all))) return *std::move(done);
    // At least one block cannot be converted faithfully. Convert each block on its own, so that only such blocks become
    // code.
    converted_text parts;
    parts.faithful = false;
    for (std::size_t at = 0; at < all.size();) {
        const nodes block = all.subspan(at, end_of_block(all, at) - at);
        at += block.size();
        const visible_content wanted = visible_content_of_nodes(block);
        if (wanted == visible_content{}) continue;
        auto done = converted(block, wanted);
        parts.markdown.append(done ? done->markdown + "\n" : as_code_block(wanted.words)).append("\n");
    }
    if (auto rendered = render_markdown(parts.markdown)) {
        parts.html = *std::move(rendered);
        return parts;
    }
    parts.markdown = as_code_block(visible_content_of_nodes(all).words);
    parts.html = render_markdown(parts.markdown).value_or(std::string{});
    return parts;
}

std::string plain_text(std::string_view sanitized_html, std::size_t max_chars)
{
    words_collector words{'\n'};
    words.node(read_sanitized(sanitized_html));
    std::string text = words.take();
    std::size_t chars = 0;
    const auto excess = std::ranges::find_if(
        text, [&](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80 && ++chars > max_chars; });
    text.erase(excess, text.end());
    return text;
}

}  // namespace agora::markup
