// SPDX-License-Identifier: MIT
// The session's cookie, as requests send it and answers set it. It has the attributes that are stored in the session,
// so that one that Express has set is replaced by ours, and not joined by a second one of the same name. Pure.
#pragma once

#include <agora/features/auth/authentication.hpp>
#include <agora/http/request.hpp>
#include <larder/session.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace agora::auth {

/// What a session says of whose it is.
inline constexpr std::string_view owner_field = "userId";
inline constexpr std::string_view csrf_field = "csrf";
inline constexpr std::string_view since_field = "signedInAt";

/// Cookies of the session's name that are looked at; browsers send several when paths or domains differ.
inline constexpr std::size_t max_session_cookies = 4;

/// The value of the `position`-th cookie of that name, in the order in which they were sent, over all Cookie fields.
std::optional<std::string_view> cookie_at(const http::request& r, std::string_view name, std::size_t position) noexcept;

/// Set-Cookie for a session whose end has just been moved or set; `value` is the signed id.
std::string set_cookie(std::string_view name, std::string_view value, const larder::session& s);
/// Set-Cookie that removes the session's cookie from the browser.
std::string clear_cookie(std::string_view name, const larder::session& s);

/// What a session holds, with a cookie as this server sets it, under the domain and path that it has.
larder::json::members with_own_cookie(larder::json::members data, const larder::session_options& o);

/// What a session says about its user; `proven` is left for the caller. A session that another application has made
/// may write the user's id as a text, and does not say when its user signed in. Then the time at which it was last
/// written counts: expires - originalMaxAge of its cookie.
session_facts facts_of(const larder::session& s);

}  // namespace agora::auth
