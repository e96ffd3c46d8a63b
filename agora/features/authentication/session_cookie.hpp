// SPDX-License-Identifier: MIT
// The session cookie: reading it from requests, and writing it into responses. It gets the attributes that are stored
// in the session, so that our Set-Cookie replaces a cookie that Express has set instead of adding a second one of the
// same name. Pure.
#pragma once

#include <agora/features/authentication/decision.hpp>
#include <agora/http/request.hpp>
#include <larder/session.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace agora::authentication {

/// The fields of a session that describe its user, beside larder::session::owner_field.
inline constexpr std::string_view csrf_field = "csrf";
inline constexpr std::string_view since_field = "signedInAt";

/// How many cookies of the session's name are looked at; browsers send several if paths or domains differ.
inline constexpr std::size_t max_session_cookies = 4;

/// The value of the `position`-th cookie of that name, in the order in which they were sent, over all Cookie fields.
std::optional<std::string_view> cookie_at(const http::request& r, std::string_view name, std::size_t position) noexcept;

/// Set-Cookie for a session that has just been created or extended; `value` is the signed id.
std::string set_cookie(std::string_view name, std::string_view value, const larder::session& s);
/// Set-Cookie that removes the session's cookie from the browser.
std::string clear_cookie(std::string_view name, const larder::session& s);

/// Set-Cookie for http::signed_in_mark, which lives as long as the session's cookie. SameSite=Lax, so that it is sent
/// when a link on another site is followed.
std::string set_mark(const larder::session& s);
/// Set-Cookie that removes the mark.
std::string clear_mark();

/// The data of a session with the cookie attributes that this server sets; its domain and path stay.
larder::json::members with_own_cookie(larder::json::members data, const larder::session_options& o);

/// Reads the facts of a session; the caller sets `proven`. A session of another application may store the user's id as
/// a text, and does not say when its user signed in. Then `signed_in` is the time at which the session was last
/// written: expires - originalMaxAge of its cookie.
session_facts facts_of(const larder::session& s);

}  // namespace agora::authentication
