// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace agora {

/// The project's version, from CMakeLists.txt.
inline constexpr std::string_view version = AGORA_VERSION;

}  // namespace agora
