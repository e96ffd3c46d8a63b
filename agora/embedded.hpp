// SPDX-License-Identifier: MIT
// Files compiled into the binary by embed() of cmake/modules.cmake.
#pragma once

#include <span>
#include <string_view>

namespace agora::embedded {

struct file {
    std::string_view name;
    std::string_view text;
};

extern const std::span<const file> migrations;  ///< agora/storage/migrations, in their numbers' order

}  // namespace agora::embedded
