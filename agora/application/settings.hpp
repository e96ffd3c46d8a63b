// SPDX-License-Identifier: MIT
// One row per setting: everything that knows settings (reading, `agora doctor`, `--help`) goes through this table.
#pragma once

#include <agora/application/config.hpp>
#include <span>
#include <string>
#include <string_view>

namespace agora::application {

/// What the table fills: the configuration, and the parts that make sense only together.
struct draft : config {
    setting_map redis_parts;
    std::string state_url;
};

struct setting {
    std::string_view name;
    std::string_view allowed;
    std::string_view meaning;
    bool is_secret;
    bool (*parse)(draft& c, const std::string& text);  ///< false: the text is not allowed
    std::string (*show)(const draft& c);               ///< secrets are redacted
};

struct setting_group {
    std::string_view title;
    std::span<const setting> settings;
};

std::span<const setting_group> setting_groups() noexcept;

/// Null: there is no setting of that name.
const setting* find_setting(std::string_view name) noexcept;

}  // namespace agora::application
