// SPDX-License-Identifier: MIT
// The view of all pages (see agora/http/view.hpp): puts the site's frame around a page, shows problems as pages that
// help, fills the slots for members, and asks guests to sign in without losing what they have typed. Thread-safe.
#pragma once

#include <agora/http/view.hpp>

namespace agora::site {

class page;
class site;

class site_view final : public http::view {
 public:
    explicit site_view(const site& s) noexcept : site_{&s} {}

    http::shown show(const page& p) const;
    http::shown show_problem(const http::problem_details& p) const override;
    std::string_view content_type() const noexcept override { return "text/html; charset=utf-8"; }
    std::string_view problem_type() const noexcept override { return content_type(); }
    bool is_for_browsers() const noexcept override { return true; }
    /// "private, no-cache": with no-store, browsers would load the page again when members go back to it.
    std::string_view members_cache_control() const noexcept override { return "private, no-cache"; }
    void fill(std::string& out, const http::page_slot& slot, const http::request& r) const override;
    std::optional<http::response> arrive(const http::request& r) const override;
    std::optional<http::response> ask_to_sign_in(const http::request& r) const override;

 private:
    const site* site_;
};

}  // namespace agora::site
