// SPDX-License-Identifier: MIT
// What an operator most likely did not mean: settings that are allowed, work, and still are wrong for this kind of
// deployment. `agora doctor` shows it, and `agora serve` logs it.
#pragma once

#include <agora/application/config.hpp>
#include <string>
#include <vector>

namespace agora::application {

struct advice {
    std::string subject;  ///< a setting or a file
    std::string finding;
    std::string next_step;
};

/// Looks at the configuration, and at the mode of an SQLite file.
std::vector<advice> review(const config& c);

}  // namespace agora::application
