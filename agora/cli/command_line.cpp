// SPDX-License-Identifier: MIT
// Defines all commands and flags with their help texts, parses the arguments, and calls the run_...() function of the
// command (cli.hpp). Start at run(), then run_command(). Errors are one line on standard error.
#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <agora/application/log.hpp>
#include <agora/application/process.hpp>
#include <agora/cli/cli.hpp>
#include <agora/cli/command_line.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <larder/utf8.hpp>
#include <system_error>

namespace agora::cli {
namespace {

/// Flags that override a setting, stored by the setting's name.
class setting_flags {
 public:
    void add(CLI::App& command, const char* flag, const char* setting, const char* help)
    {
        command.add_option_function<std::string>(
            flag, [this, setting](const std::string& v) { values_[setting] = v; }, help);
    }
    void add_common(CLI::App& command)
    {
        add(command, "--data", "AGORA_DATA", "folder of the database and of generated secrets (default data/agora)");
        command.add_option("--config", config_file_,
                           "configuration file, NAME=VALUE lines (default agora.conf in the data folder)");
    }
    application::config load(const char* const* environ, const application::setting_map& more = {}) const
    {
        application::config_sources from;
        from.flags = more;
        from.flags.insert(values_.begin(), values_.end());
        from.environment = application::read_environment(environ);
        from.config_file = config_file_;
        return application::load_config(from);
    }

 private:
    application::setting_map values_;
    std::string config_file_;
};

class cache_arguments {
 public:
    void add(CLI::App& program, setting_flags& flags)
    {
        subcommand_ = program.add_subcommand("cache", "inspect, clear or warm the cache of the deployment");
        subcommand_->require_subcommand(1);
        auto* info = subcommand_->add_subcommand("info", "show the number of entries per region, and memory use");
        clear_ = subcommand_->add_subcommand("clear",
                                             "remove a region, the entries with a tag, matching keys, or everything");
        clear_->add_option("--region", command_.clear.region, "a region, like posts:list");
        clear_->add_option("--tag", command_.clear.tag, "a tag, like posts-of:7");
        clear_->add_option("--pattern", command_.clear.pattern, "a pattern of keys, like 'posts:list:*'");
        clear_->add_flag("--all", everything_, "the whole cache");
        clear_->add_flag("--dry-run", dry_run_, "only count the entries");
        clear_->footer("Only cache entries are removed, never sessions, counters or queues.");
        warm_ = subcommand_->add_subcommand("warm", "load popular responses that are not cached");
        warm_->add_option("--region", regions_, "only these regions, like posts:list; may be repeated");
        warm_->add_option("--limit", command_.warm.limit, "responses per route, 1 to 10000 (default 100)");
        warm_->add_flag("--refresh", command_.renew, "also reload those with less than a quarter of their TTL left");
        keys_ = subcommand_->add_subcommand("keys", "list the keys of cached entries");
        keys_->add_option("--region", command_.keys.region, "a region, like posts:list");
        keys_->add_option("--prefix", command_.keys.prefix, "a prefix of keys, like posts:list:0");
        keys_->add_option("--limit", command_.keys.limit, "number of keys, 1 to 10000 (default 100)");
        explain_ = subcommand_->add_subcommand("explain", "explain why a key is a hit or a miss");
        explain_->add_option("KEY", command_.key, "like post:1")->required();
        for (auto* v : {info, clear_, warm_, keys_, explain_}) {
            v->add_flag("--json", command_.as_json, "print JSON, for scripts");
            flags.add_common(*v);
        }
    }
    bool was_given() const { return subcommand_->parsed(); }
    cache_command command() const
    {
        cache_command c = command_;
        if (everything_) c.clear.all = true;
        if (dry_run_) c.clear.dry_run = true;
        if (!regions_.empty()) c.warm.regions = regions_;
        if (clear_->parsed()) c.action = cache_action::clear;
        if (warm_->parsed()) c.action = cache_action::warm;
        if (keys_->parsed()) c.action = cache_action::keys;
        if (explain_->parsed()) c.action = cache_action::explain;
        return c;
    }

 private:
    CLI::App* subcommand_ = nullptr;
    CLI::App* clear_ = nullptr;
    CLI::App* warm_ = nullptr;
    CLI::App* keys_ = nullptr;
    CLI::App* explain_ = nullptr;
    cache_command command_;
    std::vector<std::string> regions_;
    bool everything_ = false;
    bool dry_run_ = false;
};

class user_arguments {
 public:
    void add(CLI::App& program, setting_flags& flags)
    {
        subcommand_ = program.add_subcommand("user", "create members, and change their roles and passwords");
        subcommand_->require_subcommand(1);
        const CLI::IsMember roles{std::vector<std::string>{"user", "moderator", "admin"}};
        create_ = subcommand_->add_subcommand("create", "create a member, for example the first admin");
        create_->add_option("NAME", command_.name, "letters, digits and _ . -")->required();
        create_->add_option("--email", command_.email, "the member's email address")->required();
        create_->add_option("--role", command_.role, "user (default), moderator or admin")->check(roles);
        role_ = subcommand_->add_subcommand("role", "change a member's role; takes effect within seconds");
        role_->add_option("NAME", command_.name, "the member")->required();
        role_->add_option("ROLE", command_.role, "user, moderator or admin")->required()->check(roles);
        password_ = subcommand_->add_subcommand("password", "set a member's password; ends all their sign-ins");
        password_->add_option("NAME", command_.name, "the member")->required();
        for (auto* v : {create_, password_})
            v->add_flag("--password-stdin", command_.password_stdin,
                        "read the password from the first line of standard input");
        for (auto* v : {create_, role_, password_}) flags.add_common(*v);
    }
    bool was_given() const { return subcommand_->parsed(); }
    user_command command() const
    {
        user_command c = command_;
        if (role_->parsed()) c.action = user_action::role;
        if (password_->parsed()) c.action = user_action::password;
        return c;
    }

 private:
    CLI::App* subcommand_ = nullptr;
    CLI::App* create_ = nullptr;
    CLI::App* role_ = nullptr;
    CLI::App* password_ = nullptr;
    user_command command_;
};

class init_arguments {
 public:
    void add(CLI::App& program, setting_flags& flags)
    {
        subcommand_ = program.add_subcommand("init", "set up a community: secrets, database, the first administrator");
        subcommand_->add_option("--admin", command_.name, "the administrator's name; asked for when missing");
        subcommand_->add_option("--email", command_.email, "the administrator's email address; asked for when missing");
        subcommand_->add_flag("--password-stdin", command_.password_stdin,
                              "read the password from the first line of standard input");
        subcommand_->footer("Existing settings and accounts are kept, so the command may be run again.");
        flags.add_common(*subcommand_);
    }
    bool was_given() const { return subcommand_->parsed(); }
    int run(const setting_flags& flags, const char* const* environ) const
    {
        // Only the data folder is needed here. In production the configuration is invalid until its secrets exist, so
        // it is loaded as a development configuration first.
        write_first_settings(flags.load(environ, {{"AGORA_ENV", "development"}}));
        auto command = command_;
        command.action = user_action::first_admin;
        command.role = "admin";
        const int status = run_user(flags.load(environ), command);
        if (status == 0) fmt::print("Next: agora serve\n");
        return status;
    }

 private:
    CLI::App* subcommand_ = nullptr;
    user_command command_;
};

constexpr std::string_view exit_codes =
    "Exit codes: 0 done, 1 failed, 2 wrong usage or configuration. Errors are one line on standard error.";

/// Adds the exit codes to the help of every command, below its own footer.
void add_exit_codes(CLI::App& program)
{
    for (auto* command : program.get_subcommands([](CLI::App*) { return true; })) {
        if (command->get_subcommands([](CLI::App*) { return true; }).empty()) {
            const auto own = command->get_footer();
            command->footer((own.empty() ? "" : own + "\n") + std::string{exit_codes});
        } else {
            add_exit_codes(*command);
        }
    }
}

/// Rejects arguments that are not UTF-8, because every argument is text.
void check_text(int argc, char** argv)
{
    for (int i = 1; i < argc; ++i)
        if (!larder::is_utf8(argv[i])) throw application::config_error{fmt::format("argument {} is not UTF-8", i)};
}

/// Returns the command `import stackexchange`, which sets `dump`.
CLI::App* add_import(CLI::App& program, std::string& dump)
{
    auto* import = program.add_subcommand("import", "import the data of another community");
    import->require_subcommand(1);
    auto* stackexchange = import->add_subcommand("stackexchange", "posts, users, comments, votes, tags of a data dump");
    stackexchange->add_option("DIR", dump, "folder with Posts.xml, Users.xml, ... (or .xml.gz)")
        ->required()
        ->check(CLI::ExistingDirectory);
    stackexchange->footer(
        "Example: agora import stackexchange data/demo/bicycles.meta\nImporting the same dump again changes nothing.");
    return stackexchange;
}

int run_command(int argc, char** argv, const char* const* environ)
{
    check_text(argc, argv);
    CLI::App program{"agora, a community server: forum, comments, feeds on SQLite or PostgreSQL"};
    program.require_subcommand(1);
    program.footer("Try `agora serve`, then http://127.0.0.1:8080/api/posts. `agora COMMAND --help` shows details.\n" +
                   std::string{exit_codes});
    setting_flags flags;
    std::string demo;
    std::string dump;
    bool status = false;
    bool json = false;

    auto* serve = program.add_subcommand("serve", "serve the community over HTTP");
    flags.add(*serve, "--host", "HOST", "address to listen on (default 127.0.0.1)");
    flags.add(*serve, "--port", "PORT", "port to listen on (default 8080; 0 = any free port)");
    serve->add_option("--demo", demo, "a Stack Exchange dump to import when the database has no posts")
        ->check(CLI::ExistingDirectory);
    init_arguments init;
    init.add(program, flags);
    auto* migrate = program.add_subcommand("migrate", "bring the database's schema up to date");
    migrate->add_flag("--status", status, "only list the migrations");
    auto* stackexchange = add_import(program, dump);
    auto* doctor = program.add_subcommand("doctor", "show the effective configuration and check the services it uses");
    doctor->add_flag("--json", json, "print JSON, for scripts");
    std::string url;
    auto* redis = program.add_subcommand("redis", "test the Redis of the deployment");
    redis->require_subcommand(1);
    auto* redis_check = redis->add_subcommand("check", "test the connection step by step, with times and targets");
    redis_check->add_option("URL", url,
                            "a Redis to test instead of the configured one, like rediss://:password@host:6379/0");
    bool with_cache = false;
    redis_check->add_flag("--cache", with_cache, "also test the cache on it: keys, operations, expiry, tags");
    redis_check->add_flag("--json", json, "print JSON, for scripts");
    redis_check->footer("A failed step or a missed target is a failure; an invalid URL is wrong usage.");
    cache_arguments cache;
    cache.add(program, flags);
    user_arguments user;
    user.add(program, flags);
    auto* openapi = program.add_subcommand("openapi", "print the OpenAPI 3.1 document of the API");
    auto* settings = program.add_subcommand("settings", "list all settings, with their meanings and defaults");
    bool markdown = false;
    auto* errors = program.add_subcommand("errors", "list the codes of error responses, with what to do about each");
    for (auto* verb : {settings, errors}) verb->add_flag("--markdown", markdown, "print a page for the documentation");
    auto* version = program.add_subcommand("version", "print the version");
    for (auto* command : {serve, migrate, stackexchange, doctor, redis_check, openapi, version})
        flags.add_common(*command);
    for (auto* command : {serve, doctor}) command->footer("`agora settings` lists all settings.");
    add_exit_codes(program);

    try {
        program.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
        return program.exit(e) == 0 ? 0 : 2;
    }
    if (*openapi) return run_openapi();
    if (*settings) return run_settings(markdown);
    if (*errors) return run_errors(markdown);
    if (*version) return run_version();
    if (init.was_given()) return init.run(flags, environ);
    const auto config = flags.load(environ);
    if (*serve) return run_serve(config, demo);
    if (*migrate) return run_migrate(config, status);
    if (*stackexchange) return run_import_stackexchange(config, dump);
    if (*redis_check) return run_redis_check(config, url, with_cache, json);
    if (user.was_given()) return run_user(config, user.command());
    if (cache.was_given()) return run_cache(config, cache.command());
    return run_doctor(config, json);
}

/// Prints an error. Ignores failures, because standard error may be closed.
void print_error(std::string_view what)
{
    const auto line = fmt::format("agora: {}\n", what);
    std::fwrite(line.data(), 1, line.size(), stderr);
}

/// A command whose output is lost has failed. EPIPE is not reported, because a reader that closes its pipe, like head,
/// has read what it wanted. `error`: the errno of an output that has failed already, or 0.
int check_output(int code, int error)
{
    errno = error;
    if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return code;
    if (errno != EPIPE)
        print_error(fmt::format("cannot write to standard output: {}", std::generic_category().message(errno)));
    return std::max(code, 1);
}

}  // namespace

int run(int argc, char** argv, const char* const* environ)
{
    application::prepare_process();
    int code = 1;
    int output_error = 0;
    try {
        code = run_command(argc, argv, environ);
    } catch (const application::config_error& e) {
        print_error(e.what());
        code = 2;
    } catch (const std::system_error& e) {
        // fmt throws the error of a failed write.
        output_error = std::ferror(stdout) != 0 ? e.code().value() : 0;
        if (output_error == 0) print_error(e.what());
    } catch (const std::exception& e) {
        print_error(e.what());
    }
    application::flush_log();
    return check_output(code, output_error);
}

}  // namespace agora::cli
