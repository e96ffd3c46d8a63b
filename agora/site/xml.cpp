// SPDX-License-Identifier: MIT
// See xml.hpp. append_escaped() decodes the text, because whether a character may appear is decided by its code point
// (XML 1.0, production 2).
#include <utf8proc.h>
#include <agora/site/xml.hpp>

namespace agora::site {
namespace {

bool xml_permits(utf8proc_int32_t c) noexcept
{
    if (c < 0x20) return c == '\t' || c == '\n' || c == '\r';
    return c != 0xFFFE && c != 0xFFFF;  // the decoder refuses surrogates
}

}  // namespace

xml_writer::xml_writer() : text_{"<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"} {}

void xml_writer::open(std::string_view name, attributes with)
{
    begin_tag(name, with);
    text_ += '>';
    open_.push_back(name);
}

void xml_writer::close()
{
    text_.append("</").append(open_.back()).append(">\n");
    open_.pop_back();
}

void xml_writer::element(std::string_view name, std::string_view text, attributes with)
{
    open(name, with);
    append_escaped(text);
    close();
}

void xml_writer::empty(std::string_view name, attributes with)
{
    begin_tag(name, with);
    text_ += "/>\n";
}

void xml_writer::begin_tag(std::string_view name, attributes with)
{
    text_.append("<").append(name);
    for (const auto& [attribute, value] : with) {
        text_.append(" ").append(attribute).append("=\"");
        append_escaped(value);
        text_ += '"';
    }
}

void xml_writer::append_escaped(std::string_view text)
{
    for (std::size_t at = 0; at < text.size();) {
        utf8proc_int32_t c = 0;
        const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data() + at);
        const auto n = utf8proc_iterate(bytes, static_cast<utf8proc_ssize_t>(text.size() - at), &c);
        if (n <= 0) {
            text_ += "\xEF\xBF\xBD";
            ++at;
            continue;
        }
        const auto character = text.substr(at, static_cast<std::size_t>(n));
        at += character.size();
        if (!xml_permits(c)) continue;
        switch (c) {
            case '&':
                text_ += "&amp;";
                break;
            case '<':
                text_ += "&lt;";
                break;
            case '>':
                text_ += "&gt;";
                break;
            case '"':
                text_ += "&quot;";
                break;
            case '\r':
                text_ += "&#13;";  // a parser would make a newline of it
                break;
            default:
                text_ += character;
        }
    }
}

}  // namespace agora::site
