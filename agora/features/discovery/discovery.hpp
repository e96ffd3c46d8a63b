// SPDX-License-Identifier: MIT
// What programs look for at fixed addresses: /robots.txt (RFC 9309), /sitemap.xml with its parts (sitemaps.org), and
// /.well-known/security.txt (RFC 9116). All addresses in them begin with PUBLIC_URL. A sitemap may be an hour old:
// writes do not invalidate it.
#pragma once

#include <agora/features/categories/categories.hpp>
#include <agora/features/posts/posts.hpp>
#include <agora/http/parameters.hpp>
#include <agora/outcome.hpp>
#include <boost/asio/awaitable.hpp>
#include <larder/clock.hpp>
#include <string>

namespace agora::discovery {

namespace asio = boost::asio;

class slice {
 public:
    /// `security_contact`: a mailto: or https: address; empty: there is no security.txt.
    slice(services& s, posts::slice& posts, categories::slice& categories, std::string security_contact);

 private:
    outcome<site::document> robots(http::anyone);
    outcome<site::document> security(http::anyone);
    asio::awaitable<outcome<site::document>> sitemaps(http::anyone);
    asio::awaitable<outcome<site::document>> sitemap(http::anyone, const http::path<std::string>& name);
    asio::awaitable<site::document> sitemap_of_topics();

    posts::store& posts_;
    categories::store& categories_;
    const site::site& site_;
    const larder::clock& clock_;
    const std::string security_contact_;
};

}  // namespace agora::discovery
