// SPDX-License-Identifier: MIT
// A page of the reader's site before the frame (header, margin, footer) is put around it. A slice makes one with a
// pure function from its data, and returns it from a handler that is mounted with router::page():
//
//     s.routes.page("/c/{slug}", &slice::page_of_category, *this, s.site.view()).cached(s.cache, &key_of_category);
//     asio::awaitable<outcome<site::page>> slice::page_of_category(http::anyone, const http::path<std::string>& slug);
//
// A shared page is made for guests. What members see elsewhere goes into slots (html::guests_see), which site::view
// fills for each request. Plain data.
#pragma once

#include <agora/html/html.hpp>
#include <boost/describe.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace agora::site {

/// The parts of the site that the header names; the current one is marked.
enum class section : std::uint8_t { none, discussions, categories, tags };

/// The kinds of slots.
enum class slot_kind : std::uint32_t {
    account,        ///< the account box
    post_tools,     ///< links to edit and delete; subject: the post, owner: its author
    comment_tools,  ///< the same for a comment
    profile_tools,  ///< a link to edit the profile; owner: the member
};
inline html::slot slot(slot_kind kind, std::int64_t subject = 0, std::int64_t owner = 0)
{
    return {static_cast<std::uint32_t>(kind), subject, owner};
}

struct margin_link {
    std::string text;
    std::string path;
    std::int64_t count = 0;
};
BOOST_DESCRIBE_STRUCT(margin_link, (), (text, path, count))

/// One part of the margin, such as the busy tags.
struct margin_section {
    std::string heading;
    std::vector<margin_link> links;
    std::string text;
};
BOOST_DESCRIBE_STRUCT(margin_section, (), (heading, links, text))
using margin = std::vector<margin_section>;

class page {
 public:
    std::string title;        ///< of the document; empty: the site's name
    std::string description;  ///< for search engines and previews
    std::string canonical;   ///< the page's path, percent-encoded; requests for another path are redirected. Empty: any
    std::string parameters;  ///< of the canonical address, such as "?page=2"
    section in = section::none;
    std::string feed;                   ///< the path of its Atom feed; empty: none
    std::string_view kind = "website";  ///< og:type
    bool indexed = true;                ///< whether search engines may list it
    bool no_referrer = false;           ///< the address contains a secret
    std::optional<margin> beside;       ///< nullopt: the page has no margin
    bool slim = false;                  ///< a narrow column, for short forms and messages
    bool mid = false;                   ///< a column of medium width, for settings
    bool reloads = false;               ///< the browser loads the page again at once
    html::writer main;
};

}  // namespace agora::site
