// SPDX-License-Identifier: MIT
// Writes XML 1.0 documents, such as feeds and sitemaps. Text is escaped, and what XML forbids even when it is escaped
// (most control characters, surrogates, U+FFFE and U+FFFF) is left out; bytes that are not UTF-8 become U+FFFD. So the
// document is well-formed whatever the texts are. Used by one thread at a time.
//
//     xml_writer out;
//     out.open("urlset", {{"xmlns", "http://www.sitemaps.org/schemas/sitemap/0.9"}});
//     out.element("loc", address);
//     out.close();
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace agora::site {

class xml_writer {
 public:
    using attributes = std::initializer_list<std::pair<std::string_view, std::string_view>>;

    xml_writer();
    /// Begins an element. Requires: names of elements and attributes are static text and valid in XML.
    void open(std::string_view name, attributes with = {});
    /// Ends the element that was opened last.
    void close();
    /// An element with this text and nothing else.
    void element(std::string_view name, std::string_view text, attributes with = {});
    /// An element without content.
    void empty(std::string_view name, attributes with);

    /// Requires: all elements are closed.
    std::string take() { return std::move(text_); }

 private:
    void begin_tag(std::string_view name, attributes with);
    void append_escaped(std::string_view text);

    std::string text_;
    std::vector<std::string_view> open_;
};

}  // namespace agora::site
