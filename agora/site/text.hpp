// SPDX-License-Identifier: MIT
// Small parts that pages are written with: slugs, addresses, times, avatars, numbers in words. Pure functions.
#pragma once

#include <agora/html/html.hpp>
#include <cstdint>
#include <larder/clock.hpp>
#include <string>
#include <string_view>

namespace agora::site {

/// The last part of a post's address: the letters and digits of any script in lower case, joined by "-". Empty titles
/// and words that are part of other addresses ("edit") become "post" and "edit-post". At most 80 bytes.
std::string slug(std::string_view title);

/// Percent-encoded path of a post, "/posts/7/the-title".
std::string post_path(std::int64_t id, std::string_view title);
std::string member_path(std::string_view username);

/// Writes `<time>` with the date; the script makes it relative.
void write_time(html::writer& out, larder::timestamp t);
/// Writes a link to the member: the letter in one of twelve colours, and the name.
void write_member(html::writer& out, std::string_view username);
void write_avatar(html::writer& out, std::string_view username);

/// "1 comment", "7 comments", "1,204 comments".
std::string counted(std::int64_t n, std::string_view one, std::string_view many);
/// With a comma between thousands.
std::string grouped(std::int64_t n);

}  // namespace agora::site
