// SPDX-License-Identifier: MIT
// The verbs of the command line, one file each. They return the exit code: 0 done, 1 failed. main() turns a
// config_error into 2.
#pragma once

#include <agora/app/config.hpp>
#include <filesystem>

namespace agora::cli {

/// `demo`: a Stack Exchange dump to import when the database has no posts; empty: none.
int run_serve(app::config c, const std::filesystem::path& demo);
int run_migrate(const app::config& c, bool status_only);
int run_import_stackexchange(const app::config& c, const std::filesystem::path& dump);
int run_doctor(const app::config& c, bool as_json);
/// `url`: to check instead of the configured Redis; empty: that one.
int run_redis_check(const app::config& c, const std::string& url, bool as_json);
int run_openapi();
int run_version();

}  // namespace agora::cli
