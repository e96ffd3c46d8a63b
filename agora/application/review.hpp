// SPDX-License-Identifier: MIT
// Finds settings that are valid and work, but are most likely mistakes in this kind of deployment. `agora doctor`
// shows them, and `agora serve` logs them.
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

/// Checks the configuration, and the permissions of an SQLite file.
std::vector<advice> review(const config& c);

}  // namespace agora::application
