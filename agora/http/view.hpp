// SPDX-License-Identifier: MIT
// Views: how a route shows what its handler returns. One handler can be mounted for programs, as JSON, and again for
// people, as a page:
//
//     routes.get("/api/bookmarks", &slice::list, *this).cached(cache, api::keyed_by{lists});
//     routes.page("/bookmarks", &slice::list, *this, bookmarks_page{}).cached(cache, api::keyed_by{list_pages});
//
//     class bookmarks_page final : public view {
//      public:
//         std::string show(const api::list<posts::post_summary>& page) const;
//         // content_type(), problem_type() and show_problem(), which the pages of a site share
//     };
//
// The rules for status, ETag, Cache-Control and the cache are the same for every view (answers.hpp). A route's view
// shows all problems of its requests, also those found before the handler runs, such as a missing sign-in.
#pragma once

#include <agora/http/response.hpp>
#include <agora/outcome.hpp>
#include <boost/describe.hpp>
#include <cstdint>
#include <larder/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace agora::http {

class request;

/// What a problem response says: the members of RFC 9457 3.1, followed by this API's own. The views are valid while
/// the problem is shown.
struct problem_details {
    std::string_view type = "about:blank";
    std::string_view title;
    std::int64_t status = 0;
    std::string_view detail;
    std::string_view instance;
    std::string_view code;
    std::string_view request_id;
    std::span<const field_error> fields;   ///< not empty: the fields of a form or body that were refused
    std::string_view exceeded_rate_limit;  ///< its policy; empty: none was
};
BOOST_DESCRIBE_STRUCT(problem_details, (), (type, title, status, detail, instance, code, request_id))

/// A body as a view makes it. Only pages have parts.
struct shown {
    std::string body;
    std::shared_ptr<page_parts> page{};
};

/// A view also has `std::string show(const T&) const`, or `shown show(const T&) const`, for each T that the handlers
/// return which it is mounted with. All of its functions are called from several loops at once.
class view {
 public:
    virtual ~view() = default;
    /// The media types of what show() and show_problem() return; static text.
    virtual std::string_view content_type() const noexcept = 0;
    virtual std::string_view problem_type() const noexcept = 0;
    virtual shown show_problem(const problem_details& p) const = 0;

    /// Whether people open the routes of this view in a browser. Their unsafe requests are then checked by the page
    /// that sent them (see admission.hpp) instead of by X-CSRF-Token.
    virtual bool is_for_browsers() const noexcept { return false; }
    /// The answer to a browser that comes from another site with the mark of a sign-in but without its session, which
    /// it does not send along (SameSite=Strict): a page that loads the same address again. nullopt: the usual answer.
    virtual std::optional<response> arrive(const request& r) const;
    /// Cache-Control of what only members may read.
    virtual std::string_view members_cache_control() const noexcept { return "no-store"; }
    /// Appends what the caller of `r`, a member, sees in a slot of a page.
    virtual void fill(std::string& out, const page_slot& slot, const request& r) const;
    /// The answer to a form that a guest has sent to a route for members; nullopt: the usual problem. The form is in
    /// the body of `r`.
    virtual std::optional<response> ask_to_sign_in(const request& r) const;
};

/// Shows values as JSON and problems as RFC 9457 says.
class json_view final : public view {
 public:
    template <class T>
    std::string show(const T& value) const
    {
        return larder::json::to_string(value);
    }
    std::string_view content_type() const noexcept override { return json_type; }
    std::string_view problem_type() const noexcept override { return "application/problem+json"; }
    shown show_problem(const problem_details& p) const override;
};

/// The view of every route that names no other, and of problems of requests that no route matches.
inline const json_view as_json;

}  // namespace agora::http
