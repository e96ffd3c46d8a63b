// SPDX-License-Identifier: MIT
// The table of settings: reading the configuration, `agora doctor` and `--help` all use it.
#pragma once

#include <agora/application/config.hpp>
#include <span>
#include <string>
#include <string_view>

namespace agora::application {

/// The output of the table's parse functions: the configuration, and values that are combined after all are read.
struct draft : config {
    setting_map redis_parts;
    std::string state_url;
};

struct setting {
    std::string_view name;
    std::string_view allowed;
    std::string_view meaning;
    bool is_secret;
    bool (*parse)(draft& c, const std::string& text);  ///< returns false when the text is not allowed
    std::string (*show)(const draft& c);               ///< returns the value as text; secrets are redacted
};

struct setting_group {
    std::string_view title;
    std::span<const setting> settings;
};

std::span<const setting_group> setting_groups() noexcept;

/// Returns null when there is no setting of that name.
const setting* find_setting(std::string_view name) noexcept;

}  // namespace agora::application
