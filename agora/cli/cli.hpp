// SPDX-License-Identifier: MIT
// The commands of the command line; each is implemented in a file of its own. They return the exit status: 0 success, 1
// failure. run() in command_line.hpp turns a config_error into 2.
#pragma once

#include <agora/application/config.hpp>
#include <agora/operations/cache_admin.hpp>
#include <filesystem>

namespace agora::cli {

/// `demo`: a Stack Exchange dump to import when the database has no posts; empty: no import.
int run_serve(application::config c, const std::filesystem::path& demo);
int run_migrate(const application::config& c, bool status_only);
int run_import_stackexchange(const application::config& c, const std::filesystem::path& dump);
int run_doctor(const application::config& c, bool as_json);
/// `url`: the Redis to check; empty: the configured one.
int run_redis_check(const application::config& c, const std::string& url, bool with_cache, bool as_json);
enum class cache_action { info, clear, warm, keys, explain };
struct cache_command {
    cache_action action = cache_action::info;
    admin::clear_request clear;
    admin::warm_request warm;
    bool renew = false;
    admin::keys_query keys;
    std::string key;
    bool as_json = false;
};
/// Works on the Redis of the deployment; running servers see the changes.
int run_cache(application::config c, const cache_command& what);
enum class user_action { create, first_admin, role, password };
struct user_command {
    user_action action = user_action::create;
    std::string name;
    std::string email;
    std::string role = "user";
    bool password_stdin = false;  ///< read from standard input instead of asking on the terminal
};
/// Works on the database; running servers see the changes. `first_admin` asks for the values that are not given, and
/// creates nobody when an administrator exists.
int run_user(application::config c, const user_command& what);
/// Creates the data folder, and in it an agora.conf with secrets when there is none.
void write_first_settings(const application::config& c);
int run_openapi();
int run_settings(bool markdown);
int run_errors(bool markdown);
int run_version();

}  // namespace agora::cli
