// SPDX-License-Identifier: MIT
// A User-Agent field in words that its owner recognises. Pure.
#pragma once

#include <string>
#include <string_view>

namespace agora::sessions {

/// "Firefox on Linux", "A program (curl 8.5)". Only for people: browsers say what they like.
std::string agent_name(std::string_view user_agent);

}  // namespace agora::sessions
