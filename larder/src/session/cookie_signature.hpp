// SPDX-License-Identifier: MIT
// Signed cookie values in the format of express-session: "s:" + id + "." + HMAC-SHA256 in base64 without padding,
// escaped as by encodeURIComponent. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace larder::detail {

std::string sign_cookie(std::string_view id, std::string_view secret);
/// Returns the id if one of the secrets has signed it. The time taken does not depend on where a signature differs.
std::optional<std::string> verify_cookie(std::string_view value, const std::vector<std::string>& secrets);

}  // namespace larder::detail
