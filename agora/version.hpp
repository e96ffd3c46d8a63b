// SPDX-License-Identifier: MIT
// The version of the project.
#pragma once

#include <string_view>

namespace agora {

/// The project's version; CMakeLists.txt defines it.
inline constexpr std::string_view version = AGORA_VERSION;

}  // namespace agora
