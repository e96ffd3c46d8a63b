// SPDX-License-Identifier: MIT
// Estimates what rendering costs. Start with scanner::scan(), which reads the text line by line and adds up the cost at
// the end of each paragraph. Invariant: each count is an upper bound of what cmark does. Where the scanner cannot be
// sure how cmark reads a line, it assumes the more expensive reading. Only a code fence at the very start of a line is
// treated as one, and only an empty line, a heading or a list item with text is treated as the end of a paragraph.
#include <agora/markup/inline_markdown.hpp>
#include <agora/markup/render_cost.hpp>
#include <algorithm>
#include <array>
#include <cctype>

namespace agora::markup {

namespace {

using std::string_view;

bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }
bool is_ascii_letter(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

string_view without_indent(string_view line)
{
    const auto text = line.find_first_not_of(" \t");
    return text == string_view::npos ? string_view{} : line.substr(text);
}

/// The length of a list marker at the start of the text; 0 when there is none.
std::size_t list_marker(string_view text)
{
    std::size_t size = 0;
    if (!text.empty() && (text[0] == '-' || text[0] == '+' || text[0] == '*')) {
        size = 1;
    } else {
        while (size < text.size() && size < 9 && is_digit(text[size])) ++size;
        if (size == 0 || size == text.size() || (text[size] != '.' && text[size] != ')')) return 0;
        ++size;
    }
    return size == text.size() || is_blank(text[size]) ? size : 0;
}

/// The start of the thematic break that the line ends with, or the length of the line when it ends with none. The marks
/// of `- - -` are not list markers.
std::size_t thematic_break(string_view line)
{
    const auto last = line.find_last_not_of(" \t");
    if (last == string_view::npos || (line[last] != '-' && line[last] != '*')) return line.size();
    const char marks[] = {line[last], ' ', '\t', '\0'};
    const auto before = line.find_last_not_of(marks);
    const auto start = before == string_view::npos ? 0 : before + 1;
    return std::ranges::count(line.substr(start), line[last]) >= 3 ? start : line.size();
}

/// White space and container markers at the start of a line.
struct line_prefix {
    std::size_t columns = 0;  ///< columns of white space
    std::size_t openers = 0;  ///< `>` and list markers
};

line_prefix read_prefix(string_view line)
{
    line_prefix p;
    const std::size_t end = thematic_break(line);
    std::size_t at = 0;
    while (at < end) {
        if (is_blank(line[at])) {
            p.columns += line[at] == '\t' ? 4 : 1;
            ++at;
        } else if (line[at] == '>') {
            ++p.openers;
            ++at;
        } else if (const auto marker = list_marker(line.substr(at)); marker > 0) {
            ++p.openers;
            at += marker;
        } else {
            break;
        }
    }
    return p;
}

/// The depth of quotes and list items. A line keeps open at most one item per two columns of its white space and opens
/// one container per marker. A line that may continue a paragraph (a lazy continuation line) closes nothing.
class nesting {
 public:
    void line(const line_prefix& p)
    {
        const std::size_t matched = std::min(open_, p.columns / 2) + p.openers;
        open_ = in_paragraph_ ? std::max(open_, matched) : matched;
        deepest_ = std::max(deepest_, open_);
        in_paragraph_ = true;
    }
    void blank_line() { in_paragraph_ = false; }
    std::size_t deepest() const { return deepest_; }

 private:
    std::size_t open_ = 0;
    std::size_t deepest_ = 0;
    bool in_paragraph_ = false;
};

/// Recognizes fenced code blocks that start in the first column, outside any container. When in doubt, a line does not
/// count as code.
class fences {
 public:
    /// Whether the line is code, or one of the fences around it.
    bool take(string_view line)
    {
        if (size_ > 0) {
            if (closes(line)) size_ = 0;
            return true;
        }
        detect_html_block(line);
        if (uncertain_ || in_html_) return false;
        return opens(line);
    }
    void blank_line() { in_html_ = false; }

 private:
    static std::size_t run_of(string_view text, char mark)
    {
        return std::min(text.find_first_not_of(mark), text.size());
    }
    bool opens(string_view line)
    {
        if (line.empty() || (line[0] != '`' && line[0] != '~')) return false;
        const std::size_t size = run_of(line, line[0]);
        if (size < 3 || line.find('`', size) != string_view::npos) return false;
        if (size > 255 || line.find_first_of("~\0", size, 2) != string_view::npos) {
            uncertain_ = true;
            return false;
        }
        mark_ = line[0];
        size_ = size;
        return true;
    }
    bool closes(string_view line) const
    {
        const auto indent = std::min(line.find_first_not_of(' '), line.size());
        line.remove_prefix(indent);
        const std::size_t size = run_of(line, mark_);
        return indent <= 3 && size >= size_ && without_indent(line.substr(size)).empty();
    }
    void detect_html_block(string_view line)
    {
        line = without_indent(line);
        if (line.size() < 2 || line[0] != '<') return;
        if (line[1] == '!' || line[1] == '?') uncertain_ = true;
        if (is_ascii_letter(line[1]) || line[1] == '/') in_html_ = true;
        for (const string_view raw : {"script", "pre", "style", "textarea"}) {
            const auto name = line.substr(1, raw.size());
            uncertain_ = uncertain_ || std::ranges::equal(name, raw, {}, [](char c) { return std::tolower(c); });
        }
    }

    std::size_t size_ = 0;    ///< length of the open fence; 0: none is open
    char mark_ = 0;           ///< the character of the open fence
    bool in_html_ = false;    ///< in an HTML block, which ends at the next empty line
    bool uncertain_ = false;  ///< after a construct whose end is uncertain: no further line counts as code
};

/// The number of characters at which cmark may start to scan the rest of a paragraph. A run of asterisks, of
/// underscores or of backticks counts once.
std::size_t marks_in(string_view text)
{
    std::size_t marks = 0;
    char before = ' ';
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        const char next = i + 1 < text.size() ? text[i + 1] : ' ';
        switch (c) {
            case '*':
            case '_':
            case '`':
                marks += c != before ? 1 : 0;
                break;
            case '~':
            case ']':
            case '@':
                ++marks;
                break;
            case '<':
                marks += next == '!' || next == '?' || next == '/' || is_ascii_letter(next) ? 1 : 0;
                break;
            case ':':
                marks += next == '/' ? 1 : 0;
                break;
            case 'w':
                marks += text.substr(i, 4) == "www." ? 1 : 0;
                break;
            default:
                break;
        }
        before = c;
    }
    return marks;
}

/// The length of the longest target and title that a definition `[label]: target "title"` in the text can have.
std::size_t longest_definition(string_view text)
{
    constexpr string_view quotes = "\"')";
    std::array<std::size_t, 3> closing{};  ///< for each kind, the position of the closing quote found last
    std::size_t longest = 0;
    for (auto at = text.find("]:"); at != string_view::npos; at = text.find("]:", at + 2)) {
        const auto url = std::min(text.find_first_not_of(" \t\r\n>", at + 2), text.size());
        auto end = std::min(text.find_first_of(" \t\r\n", url), text.size());
        if (url < text.size() && text[url] == '<')
            end = std::max(end, std::min(text.find_first_of(">\n\r", url), text.size()));
        const auto title = text.find_first_not_of(" \t\r\n>", end);
        const char open = title == string_view::npos ? ' ' : text[title];
        const auto kind = quotes.find(open == '(' ? ')' : open);
        if (kind != string_view::npos) {
            auto& close = closing[kind];
            while (close <= title || (close < text.size() && text[close - 1] == '\\'))
                close = std::min(text.find(quotes[kind], std::max(close, title) + 1), text.size());
            end = close;
        }
        longest = std::max(longest, end - at);
    }
    return longest;
}

/// Whether the line is an ATX heading, which is a paragraph of its own: `#` to `######`, then a blank or the line's
/// end.
bool is_heading(string_view line)
{
    const auto size = std::min(line.find_first_not_of('#'), line.size());
    return size >= 1 && size <= 6 && (size == line.size() || is_blank(line[size]));
}

enum class list_start { none, bullet, number };

/// Whether a line starts a list item that has text and begins in one of the first four columns. `bullet` also stands
/// for the number 1, because both can interrupt a paragraph.
list_start starts_item(string_view line)
{
    const auto indent = std::min(line.find_first_not_of(' '), line.size());
    const string_view text = line.substr(indent);
    const std::size_t marker = indent <= 3 && thematic_break(line) > indent ? list_marker(text) : 0;
    if (marker == 0 || without_indent(text.substr(marker)).empty()) return list_start::none;
    if (!is_digit(text[0]) || text.substr(0, marker - 1) == "1") return list_start::bullet;
    return indent == 0 ? list_start::number : list_start::none;
}

/// Whether the line may be the second line of a table, such as `|---|:-:|`.
bool is_table_head(string_view text)
{
    return text.find('-') != string_view::npos && text.find_first_not_of("|:-> \t") == string_view::npos;
}

class scanner {
 public:
    explicit scanner(string_view markdown) : text_{markdown} {}

    render_cost scan()
    {
        while (at_ < text_.size()) {
            const auto end = std::min(text_.find_first_of("\r\n", at_), text_.size());
            read(text_.substr(at_, end - at_), end);
            at_ = end + 1;
        }
        end_paragraph(text_.size());
        cost_.depth = depth_.deepest();
        cost_.expansion = longest_definition_ * brackets_;
        cost_.table_cells = widest_row_ * lines_;
        return cost_;
    }

 private:
    void read(string_view line, std::size_t end)
    {
        ++lines_;
        widest_row_ = std::max(widest_row_, static_cast<std::size_t>(std::ranges::count(line, '|')) + 1);
        if (without_indent(line).empty()) {
            end_paragraph(at_);
            fences_.blank_line();
            depth_.blank_line();
            return;
        }
        if (fences_.take(line)) {
            end_paragraph(at_);
            paragraph_ = end;
            return;
        }
        depth_.line(read_prefix(line));
        const auto item = starts_item(line);
        // A number other than 1 starts an item only after another item; in any other paragraph it is text.
        if (is_heading(line) || item == list_start::bullet || (item == list_start::number && in_item_)) {
            end_paragraph(at_);
            in_item_ = item != list_start::none;
        }
        heads_ += is_table_head(line) ? 1 : 0;
    }

    void end_paragraph(std::size_t end)
    {
        const string_view paragraph = text_.substr(std::min(paragraph_, end), end - std::min(paragraph_, end));
        cost_.inline_work += marks_in(paragraph) * paragraph.size();
        cost_.table_heads += heads_ * paragraph.size();
        brackets_ += static_cast<std::size_t>(std::ranges::count(paragraph, ']'));
        longest_definition_ = std::max(longest_definition_, longest_definition(paragraph));
        heads_ = 0;
        paragraph_ = end;
        in_item_ = false;
    }

    string_view text_;
    std::size_t at_ = 0;         ///< start of the current line
    std::size_t paragraph_ = 0;  ///< start of the current paragraph, or of several that cmark may read as one
    std::size_t lines_ = 0;
    std::size_t widest_row_ = 0;
    std::size_t heads_ = 0;
    std::size_t brackets_ = 0;
    bool in_item_ = false;  ///< the current paragraph started as a list item
    std::size_t longest_definition_ = 0;
    nesting depth_;
    fences fences_;
    render_cost cost_;
};

}  // namespace

render_cost cost_of_markdown(std::string_view markdown) { return scanner{markdown}.scan(); }

}  // namespace agora::markup
