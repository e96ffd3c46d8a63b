// SPDX-License-Identifier: MIT
// One pass over the text. It relies on the form of the sanitiser's output: tag names are in lower case, each attribute
// is ` name="value"`, and neither text nor values contain a raw `<`, `>` or `"`. So every `<` begins a tag that the
// next
// `>` ends, and a value that is copied from an attribute into text is still escaped.
#include <agora/markup/page_html.hpp>
#include <algorithm>
#include <larder/ascii.hpp>

namespace agora::markup {
namespace {

/// The value of an attribute of a start tag, still escaped; empty if there is none. `tag` begins after the `<`.
std::string_view attribute_of(std::string_view tag, std::string_view name)
{
    for (auto at = tag.find(' '); at != std::string_view::npos;) {
        const auto equals = tag.find("=\"", at);
        if (equals == std::string_view::npos) return {};
        const auto begin = equals + 2;
        const auto end = tag.find('"', begin);
        if (end == std::string_view::npos) return {};
        if (tag.substr(at + 1, equals - at - 1) == name) return tag.substr(begin, end - begin);
        at = end + 1;
    }
    return {};
}

bool begins_with(std::string_view text, std::string_view prefix)
{
    return text.size() >= prefix.size() && larder::iequals(text.substr(0, prefix.size()), prefix);
}

bool is_slash(char c) noexcept { return c == '/' || c == '\\'; }  // browsers read both alike

/// Whether the picture is on this site for certain, or within the address itself. Browsers take what follows two
/// slashes for a host.
bool is_own(std::string_view source)
{
    if (begins_with(source, "data:")) return true;
    return source.starts_with('/') && (source.size() == 1 || !is_slash(source[1]));
}

/// The host that a browser would load the address from; empty if it cannot be shown as plain letters and digits.
std::string_view host_of(std::string_view source)
{
    if (begins_with(source, "https:")) {
        source.remove_prefix(6);
    } else if (begins_with(source, "http:")) {
        source.remove_prefix(5);
    } else if (source.size() < 2 || !is_slash(source[0]) || !is_slash(source[1])) {
        return {};
    }
    source.remove_prefix(std::min(source.find_first_not_of("/\\"), source.size()));
    source = source.substr(0, source.find_first_of("/\\?#"));
    if (const auto user = source.rfind('@'); user != std::string_view::npos) source.remove_prefix(user + 1);
    const bool plain = std::ranges::all_of(source, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
               c == ':' || c == '[' || c == ']';
    });
    return plain ? source : std::string_view{};
}

/// Copies the text and rewrites the tags that a page shows in another way.
class rewriter {
 public:
    rewriter(const page_html_options& o, std::size_t expected) : options_{o} { out_.reserve(expected + expected / 8); }

    std::string rewrite(std::string_view html)
    {
        while (!html.empty()) {
            const auto begin = html.find('<');
            out_.append(html.substr(0, begin));
            if (begin == std::string_view::npos) break;
            html.remove_prefix(begin + 1);
            const auto end = html.find('>');
            if (end == std::string_view::npos) break;
            write_tag(html.substr(0, end));
            html.remove_prefix(end + 1);
        }
        return std::move(out_);
    }

 private:
    /// `tag` is without its brackets.
    void write_tag(std::string_view tag)
    {
        const bool closes = tag.starts_with('/');
        const auto name = tag.substr(closes ? 1 : 0, tag.find(' ') - (closes ? 1 : 0));
        if (name == "a") in_link_ = !closes;
        if (name == "img") {
            write_picture(tag);
        } else if (name.size() == 2 && name[0] == 'h' && name[1] >= '1' && name[1] <= '6') {
            const int level = std::min(name[1] - '1' + options_.first_heading, 6);
            out_.append(closes ? "</h" : "<h").append(std::to_string(level)).append(">");
        } else if (!closes && (name == "pre" || name == "table")) {
            append_tag(tag, R"( tabindex="0")");  // both scroll
        } else if (name == "input") {
            const bool done = tag.find(R"( checked="")") != std::string_view::npos;
            append_tag(tag, done ? R"( aria-label="done")" : R"( aria-label="to do")");
        } else {
            append_tag(tag);
        }
    }

    void append_tag(std::string_view tag, std::string_view more = {})
    {
        out_.append("<").append(tag).append(more).append(">");
    }

    void write_picture(std::string_view tag)
    {
        const auto source = attribute_of(tag, "src");
        const bool shown = options_.pictures == foreign_pictures::show && begins_with(source, "https:");
        if (is_own(source) || shown) return append_tag(tag);
        // A link cannot be within a link, so there only the text replaces the picture.
        const bool linked = !in_link_ && !source.empty();
        if (linked) out_.append(R"(<a class="img" href=")").append(source).append(R"(" rel="nofollow ugc noopener">)");
        const auto host = host_of(source);
        const auto shows = attribute_of(tag, "alt");
        if (!shows.empty()) out_.append(shows).append(" ");
        out_.append("<small>Image at ").append(host.empty() ? "another address" : host).append("</small>");
        if (linked) out_.append("</a>");
    }

    const page_html_options options_;
    bool in_link_ = false;
    std::string out_;
};

}  // namespace

page_html::page_html(std::string_view from_sanitizer, const page_html_options& o)
    : text_{rewriter{o, from_sanitizer.size()}.rewrite(from_sanitizer)}
{}

}  // namespace agora::markup
