// SPDX-License-Identifier: MIT
// Files that embed() (cmake/modules.cmake) compiles into the binary.
#pragma once

#include <span>
#include <string_view>

namespace agora::embedded {

struct file {
    std::string_view name;
    std::string_view text;
};

extern const std::span<const file> api_examples;  ///< agora/docs/examples.txt
extern const std::span<const file> migrations;    ///< agora/storage/migrations, in the order of their numbers

}  // namespace agora::embedded
