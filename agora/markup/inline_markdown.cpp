// SPDX-License-Identifier: MIT
// Writes inline content as Markdown. Start with inline_writer::nodes(); node() handles one element, character() escapes
// text. from_html.cpp renders the result and compares it with the original, so the rules for escaping aim at text that
// is pleasant to edit and need not foresee every combination of marks.
#include <agora/markup/inline_markdown.hpp>
#include <algorithm>

namespace agora::markup {

namespace {

using std::string_view;

constexpr string_view nbsp = "\xC2\xA0";

bool is_space(char c) noexcept { return c == ' ' || c == '\n' || c == '\t'; }
bool is_word(char c) noexcept
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c & 0x80) != 0;
}

/// A link's target as written between the parentheses, in angle brackets if it needs them.
std::string target_of(string_view url)
{
    std::string out = "<";
    const bool plain = url.find_first_of("()<>\\& ") == string_view::npos && !url.empty();
    if (plain) return std::string{url};
    for (const char c : url) {
        if (c == '<' || c == '>' || c == '\\' || c == '&') out += '\\';
        out += c;
    }
    return out + '>';
}

std::string title_of(const html_node& node)
{
    const string_view title = node.attribute("title");
    if (title.empty()) return {};
    std::string out = " \"";
    for (const char c : title) {
        if (c == '"' || c == '\\' || c == '&') out += '\\';
        out += is_space(c) ? ' ' : c;
    }
    return out + '"';
}

std::string as_code(string_view text)
{
    std::size_t longest = 0;
    std::size_t run = 0;
    for (const char c : text) {
        run = c == '`' ? run + 1 : 0;
        longest = std::max(longest, run);
    }
    const std::string ticks(longest + 1, '`');
    std::string out = ticks;
    const bool padded = text.front() == '`' || text.back() == '`' || (is_space(text.front()) && is_space(text.back()));
    if (padded) out += ' ';
    for (const char c : text) out += is_space(c) ? ' ' : c;
    if (padded) out += ' ';
    return out + ticks;
}

class inline_writer {
 public:
    explicit inline_writer(inline_style style) : style_{style} {}

    /// Writes the nodes. Takes time proportional to the text's size for each level of nesting.
    void nodes(std::span<const html_node> all)
    {
        for (std::size_t i = 0; i < all.size(); ++i) {
            const std::string after = i + 1 < all.size() ? text_of(all[i + 1]) : std::string{};
            next_ = after.empty() ? ' ' : after.front();
            node(all[i]);
        }
    }

    std::string take()
    {
        auto end = out_.size();
        while (end > 0 && is_space(out_[end - 1])) --end;
        // Remove a hard break at the end: Markdown would show its backslash.
        while (end >= 1 && breaks_ > 0 && out_[end - 1] == '\\' && ended_by_break(end)) {
            --end;
            while (end > 0 && is_space(out_[end - 1])) --end;
        }
        out_.resize(end);
        return std::move(out_);
    }

 private:
    void node(const html_node& n)
    {
        switch (n.tag) {
            case GUMBO_TAG_UNKNOWN:
                text(n.text);
                break;
            case GUMBO_TAG_BR:
                line_break();
                break;
            case GUMBO_TAG_IMG:
                image(n);
                break;
            case GUMBO_TAG_A:
                link(n);
                break;
            case GUMBO_TAG_INPUT:
                break;
            case GUMBO_TAG_CODE:
            case GUMBO_TAG_KBD:
            case GUMBO_TAG_SAMP:
                code(n);
                break;
            case GUMBO_TAG_EM:
            case GUMBO_TAG_I:
                emphasis(n, out_.ends_with('*') ? "_" : "*");
                break;
            case GUMBO_TAG_STRONG:
            case GUMBO_TAG_B:
                emphasis(n, "**");
                break;
            case GUMBO_TAG_DEL:
            case GUMBO_TAG_S:
            case GUMBO_TAG_STRIKE:
                emphasis(n, "~~");
                break;
            default:
                nodes(n.children);
        }
    }

    bool at_line_start() const { return out_.empty() || out_.back() == '\n'; }

    void text(string_view t)
    {
        for (std::size_t i = 0; i < t.size(); ++i) {
            if (is_space(t[i])) {
                if (!at_line_start() && !is_space(out_.back())) out_ += ' ';
                continue;
            }
            if (const auto address = mail_address(t, i); address > 0) {
                out_ += as_code(t.substr(i, address));
                i += address - 1;
                continue;
            }
            character(t, i);
        }
    }

    void character(string_view t, std::size_t i)
    {
        const char c = t[i];
        const char next = i + 1 < t.size() ? t[i + 1] : '\0';
        const bool begins_block = at_line_start() && string_view{"#+-=>|:"}.find(c) != string_view::npos;
        const bool ends_number = (c == '.' || c == ')') && is_number_at_line_start();
        if (begins_block || ends_number || must_escape(c, next)) out_ += '\\';
        out_ += c;
        // Escape the dot of `www.`, because the autolink extension would make a link. must_escape() does the same for
        // the colon of `://`.
        if (c == 'w' && next == '.' && out_.ends_with("www")) out_ += '\\';
    }

    bool must_escape(char c, char next) const
    {
        const char before = out_.empty() ? ' ' : out_.back();
        switch (c) {
            case '\\':
            case '`':
            case '*':
            case '[':
            case ']':
            case '~':
                return true;
            case '_':
                return !is_word(before) || !is_word(next);
            case '<':
                return is_word(next) || next == '/' || next == '!' || next == '?' || next == '\0';
            case '&':
                return is_word(next) || next == '#' || next == '\0';
            case '!':
                return next == '[' || next == '\0';
            case ':':
                return next == '/';
            case '#':
                return next == '\0' && style_.one_line;
            default:
                return false;
        }
    }

    bool is_number_at_line_start() const
    {
        auto start = out_.size();
        while (start > 0 && is_digit(out_[start - 1])) --start;
        return start < out_.size() && (start == 0 || out_[start - 1] == '\n');
    }

    /// The length of a mail address that starts at `i`, or 0. The autolink extension would make it a link, and only a
    /// code span prevents that.
    static std::size_t mail_address(string_view t, std::size_t i)
    {
        const auto local = [](char c) { return is_word(c) || c == '.' || c == '+' || c == '-' || c == '_'; };
        if (i > 0 && local(t[i - 1])) return 0;
        auto at = i;
        while (at < t.size() && local(t[at])) ++at;
        if (at == i || at == t.size() || t[at] != '@') return 0;
        auto end = at + 1;
        while (end < t.size() && (local(t[end]) || t[end] == '@')) ++end;
        return end > at + 1 ? end - i : 0;
    }

    void line_break()
    {
        while (!out_.empty() && out_.back() == ' ') out_.pop_back();
        if (style_.one_line) {
            out_ += ' ';
        } else if (!out_.empty()) {
            out_ += "\\\n";
            ++breaks_;
        }
    }

    /// Whether a hard break ended at position `end`.
    bool ended_by_break(std::size_t end) const { return end < out_.size() && out_[end] == '\n'; }

    void image(const html_node& n)
    {
        inline_writer alt{{false, true}};
        alt.text(n.attribute("alt"));
        out_ += "![" + alt.take() + "](" + target_of(n.attribute("src")) + title_of(n) + ")";
    }

    void link(const html_node& n)
    {
        const std::string shown = text_of(n);
        const string_view url = n.attribute("href");
        const bool bare =
            shown == url && n.children.size() == 1 && n.children[0].is_text() && n.attribute("title").empty();
        if (bare && url.starts_with("http") && url.find_first_of("<>& \\") == string_view::npos) {
            out_ += "<" + shown + ">";
            return;
        }
        inline_writer inside{{style_.emphasis, true}};
        inside.nodes(n.children);
        const bool space_before = !shown.empty() && is_space(shown.front());
        const bool space_after = !shown.empty() && is_space(shown.back());
        if (space_before) text(" ");
        out_ += "[" + inside.take() + "](" + target_of(url) + title_of(n) + ")";
        if (space_after) out_ += ' ';
    }

    void code(const html_node& n)
    {
        const std::string t = text_of(n);
        const bool blank = t.find_first_not_of(" \n\t") == std::string::npos;
        if (!style_.emphasis || blank || contains(n, GUMBO_TAG_A) || contains(n, GUMBO_TAG_IMG) ||
            contains(n, GUMBO_TAG_BR) || out_.ends_with('`')) {
            nodes(n.children);
            return;
        }
        out_ += as_code(t);
    }

    /// Marks have an effect only next to the text that they enclose (CommonMark 6.2), so white space goes outside them.
    void emphasis(const html_node& n, string_view mark)
    {
        const char after = next_;
        inline_writer inside{style_};
        inside.nodes(n.children);
        std::string t = inside.take();
        const std::string whole = text_of(n);
        next_ = after;
        const bool fits = style_.emphasis && !t.empty() && opens(t.front()) && closes(t.back()) &&
                          !t.starts_with(nbsp) && !t.ends_with(nbsp);
        if (!fits) {
            nodes(n.children);
            return;
        }
        if (!whole.empty() && is_space(whole.front())) text(" ");
        out_.append(mark).append(t).append(mark);
        if (!whole.empty() && is_space(whole.back())) out_ += ' ';
    }

    /// Whether an opening mark has an effect before `first`: if that is punctuation, a space or punctuation must
    /// precede the mark. closes() is the same for the end.
    bool opens(char first) const
    {
        const char before = out_.empty() ? ' ' : out_.back();
        return is_word(first) || !is_word(before);
    }
    bool closes(char last) const { return is_word(last) || !is_word(next_); }

    inline_style style_;
    std::string out_;
    char next_ = ' ';  ///< the first character after the current node
    int breaks_ = 0;   ///< the number of hard breaks written
};

}  // namespace

std::string inline_markdown(std::span<const html_node> nodes, inline_style style)
{
    inline_writer w{style};
    w.nodes(nodes);
    return w.take();
}

}  // namespace agora::markup
