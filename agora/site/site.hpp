// SPDX-License-Identifier: MIT
// The reader's site: what all pages share. A slice registers what its part of the margin shows, makes pages
// (page.hpp), mounts them with view(), and answers forms with show() and see_other(). Registrations are made by
// constructors, before the first request; everything else is thread-safe.
#pragma once

#include <agora/http/parameters.hpp>
#include <agora/http/response.hpp>
#include <agora/http/router.hpp>
#include <agora/markup/page_html.hpp>
#include <agora/outcome.hpp>
#include <agora/site/page.hpp>
#include <agora/site/view.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <larder/cache.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace agora::site {

namespace asio = boost::asio;

struct site_options {
    std::string name = "Agora";  ///< of the community
    std::string public_url;      ///< begins the addresses that leave the site: canonical, previews, feeds
    markup::foreign_pictures pictures = markup::foreign_pictures::link;  ///< in posts and comments
};

class site {
 public:
    /// Requires: both outlive this. Mounts the assets.
    site(http::router& routes, larder::cache& cache, site_options o);

    /// The view of all pages. It refers to this object.
    site_view view() const { return site_view{*this}; }
    const std::string& name() const noexcept { return options_.name; }
    markup::foreign_pictures pictures() const noexcept { return options_.pictures; }
    /// The absolute address of a path.
    std::string address(std::string_view path) const { return options_.public_url + std::string{path}; }

    /// Adds a part of the margin; the parts are shown in the order in which they were added.
    void add_to_margin(std::function<asio::awaitable<margin_section>()> part) { parts_.push_back(std::move(part)); }
    /// The margin. Its numbers may be a minute old: if each new post invalidated them, it would invalidate all pages.
    asio::awaitable<margin> beside() const;

    /// How the account box learns a member's name without waiting; it may return nullopt.
    using name_lookup = std::function<std::optional<std::string>(std::int64_t user_id)>;
    void find_names_by(name_lookup f) { names_ = std::move(f); }
    std::optional<std::string> name_of(std::int64_t user_id) const { return names_ ? names_(user_id) : std::nullopt; }

    /// A response with a page that is not cached, such as a form that is shown again with its errors.
    http::response show(unsigned status, const page& p) const;
    /// The same for a form that was refused; with Retry-After if it may be accepted later.
    http::response show(const failure& why, const page& p) const;
    /// The same for a member whose session begins with this response.
    http::response show_to_new_member(std::int64_t user_id, const page& p) const;

 private:
    http::response asset(http::anyone, const http::request& r, const http::path<std::string>& name);
    http::response favicon(http::anyone, const http::request& r);

    larder::cache& cache_;
    const site_options options_;
    std::vector<std::function<asio::awaitable<margin_section>()>> parts_;
    name_lookup names_;
};

/// 303: the browser loads the path with GET. Requires: it is a path of this site.
http::response see_other(std::string path);

}  // namespace agora::site
