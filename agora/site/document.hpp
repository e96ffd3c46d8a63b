// SPDX-License-Identifier: MIT
// Documents of the site for programs: feeds, sitemaps, robots.txt. A handler returns the text, and the view adds the
// content type; ETag, 304 and the cache work as for every other route.
//
//     routes.page("/feed.atom", &slice::feed, *this, site::document_view{site::atom_type}).cached(cache, &key_of_feed);
//     asio::awaitable<outcome<site::document>> slice::feed(http::anyone);
#pragma once

#include <agora/http/view.hpp>
#include <string>
#include <string_view>

namespace agora::site {

inline constexpr std::string_view atom_type = "application/atom+xml; charset=utf-8";
inline constexpr std::string_view xml_type = "application/xml; charset=utf-8";
inline constexpr std::string_view text_type = "text/plain; charset=utf-8";

struct document {
    std::string text;
};

/// Problems are shown as one line of plain text. Thread-safe.
class document_view final : public http::view {
 public:
    explicit document_view(std::string_view content_type) noexcept : type_{content_type} {}

    std::string show(const document& d) const { return d.text; }
    std::string_view content_type() const noexcept override { return type_; }
    std::string_view problem_type() const noexcept override { return text_type; }
    http::shown show_problem(const http::problem_details& p) const override
    {
        return {std::string{p.title}.append(": ").append(p.detail).append("\n")};
    }
    /// They are no part of the API.
    bool is_for_browsers() const noexcept override { return true; }

 private:
    std::string_view type_;
};

}  // namespace agora::site
