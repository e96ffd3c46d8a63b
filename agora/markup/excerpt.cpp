// SPDX-License-Identifier: MIT
// Makes plain-text excerpts from sanitised HTML. It relies on what sanitize_html() writes: tags without '>' inside
// them, and only the four entities below. Start with excerpt(), which feeds a text_collector one code point at a time
// until no more fits; the collector remembers where the last word ends that leaves room for the ellipsis.
#include <agora/markup/allow_list.hpp>
#include <agora/markup/markdown.hpp>
#include <algorithm>
#include <array>

namespace agora::markup {

namespace {

struct entity {
    std::string_view text;
    char character;
};

constexpr std::array entities{entity{"&amp;", '&'}, entity{"&lt;", '<'}, entity{"&gt;", '>'}, entity{"&quot;", '"'}};
constexpr std::string_view ellipsis = "\xE2\x80\xA6";
constexpr std::string_view no_break_space = "\xC2\xA0";

/// Whether a tag separates words: "<b>t</b>an" is one word, "<p>t</p><p>an" is two.
bool separates_words(std::string_view tag)
{
    tag.remove_prefix(std::min(tag.find_first_not_of("</"), tag.size()));
    const auto name = tag.substr(0, tag.find_first_of(" >"));
    const GumboTag known = gumbo_tagn_enum(name.data(), static_cast<unsigned>(name.size()));
    const element_rule* rule = find_rule(known);
    return rule == nullptr || rule->category != element_category::phrase || known == GUMBO_TAG_BR;
}

/// Collects code points, with single spaces between words.
class text_collector {
 public:
    explicit text_collector(std::size_t max_chars) : max_{max_chars} {}

    void space() { pending_space_ = count_ > 0; }

    /// Adds one code point. False: it does not fit.
    bool add(std::string_view character)
    {
        if (pending_space_) {
            if (count_ < max_) word_end_ = out_.size();
            out_ += ' ';
            ++count_;
            pending_space_ = false;
        }
        if (count_ >= max_) return false;
        if (count_ + 1 == max_) cut_ = out_.size();
        out_ += character;
        ++count_;
        return true;
    }

    std::string whole() { return std::move(out_); }

    std::string shortened()
    {
        if (max_ == 0) return {};
        out_.resize(word_end_ > 0 ? word_end_ : std::min(cut_, out_.size()));
        return out_.append(ellipsis);
    }

 private:
    std::size_t max_;
    std::string out_;
    std::size_t count_ = 0;
    std::size_t word_end_ = 0;             ///< length in bytes of the whole words that leave room for the ellipsis
    std::size_t cut_ = std::string::npos;  ///< length in bytes of all characters but the last one that fits
    bool pending_space_ = false;
};

std::size_t character_size(std::string_view text) noexcept
{
    std::size_t size = 1;
    while (size < text.size() && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) ++size;
    return size;
}

}  // namespace

std::string excerpt(std::string_view html, std::size_t max_chars)
{
    text_collector text{max_chars};
    while (!html.empty()) {
        std::size_t size = character_size(html);
        const std::string_view character = html.substr(0, size);
        bool fits = true;
        if (character == "<") {
            size = std::min(html.find('>'), html.size() - 1) + 1;
            if (separates_words(html.substr(0, size))) text.space();
        } else if (character == " " || character == "\n" || character == "\t" || character == no_break_space) {
            text.space();
        } else if (const auto e = std::ranges::find_if(entities, [&](entity x) { return html.starts_with(x.text); });
                   e != entities.end()) {
            size = e->text.size();
            fits = text.add({&e->character, 1});
        } else {
            fits = text.add(character);
        }
        if (!fits) return text.shortened();
        html.remove_prefix(size);
    }
    return text.whole();
}

}  // namespace agora::markup
