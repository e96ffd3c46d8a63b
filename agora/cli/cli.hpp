// SPDX-License-Identifier: MIT
// The verbs of the command line, one file each. They return the exit code: 0 done, 1 failed. run() in
// command_line.hpp turns a config_error into 2.
#pragma once

#include <agora/application/config.hpp>
#include <agora/operations/cache_admin.hpp>
#include <filesystem>

namespace agora::cli {

/// `demo`: a Stack Exchange dump to import when the database has no posts; empty: none.
int run_serve(application::config c, const std::filesystem::path& demo);
int run_migrate(const application::config& c, bool status_only);
int run_import_stackexchange(const application::config& c, const std::filesystem::path& dump);
int run_doctor(const application::config& c, bool as_json);
/// `url`: to check instead of the configured Redis; empty: that one.
int run_redis_check(const application::config& c, const std::string& url, bool with_cache, bool as_json);
enum class cache_verb { info, clear, warm, keys, explain };
struct cache_command {
    cache_verb verb = cache_verb::info;
    admin::clear_order clear;
    admin::warm_wish warm;
    bool renew = false;
    admin::keys_query keys;
    std::string key;
    bool as_json = false;
};
/// Works on the Redis of the deployment: what runs there notices.
int run_cache(application::config c, const cache_command& what);
enum class user_verb { create, first_admin, role, password };
struct user_command {
    user_verb verb = user_verb::create;
    std::string name;
    std::string email;
    std::string role = "user";
    bool password_stdin = false;  ///< else it is asked for on the terminal
};
/// Works on the database; what runs on it notices. `first_admin` asks for what it is not given, and makes nobody when
/// there is an administrator.
int run_user(application::config c, const user_command& what);
/// Makes the data folder, and its agora.conf with secrets when it has none.
void write_first_settings(const application::config& c);
int run_openapi();
int run_version();

}  // namespace agora::cli
