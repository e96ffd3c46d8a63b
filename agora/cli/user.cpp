// SPDX-License-Identifier: MIT
// `agora user create|role|password` and the first administrator of `agora init`. Start at run_user(); class
// user_commands has one function per command. Every change is recorded as a security event.
#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>
#include <agora/application/application.hpp>
#include <agora/application/log.hpp>
#include <agora/application/open_database.hpp>
#include <agora/application/open_redis.hpp>
#include <agora/application/process.hpp>
#include <agora/cli/cli.hpp>
#include <agora/storage/migrate.hpp>

#include <iostream>
#include <optional>

namespace agora::cli {
namespace {

namespace asio = boost::asio;

/// Turns off the echo of the terminal. The terminal is restored even when a signal ends the program meanwhile.
class no_echo {
 public:
    no_echo()
    {
        if (::tcgetattr(STDIN_FILENO, &before_) != 0) return;
        application::before_interruption(&no_echo::restore);
        auto silent = before_;
        silent.c_lflag &= static_cast<tcflag_t>(~ECHO);
        ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
        on_ = true;
    }
    ~no_echo()
    {
        if (!on_) return;
        restore();
        application::before_interruption(nullptr);
    }
    no_echo(const no_echo&) = delete;
    no_echo& operator=(const no_echo&) = delete;

 private:
    static void restore() { ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_); }
    static inline termios before_{};
    bool on_ = false;
};

/// Asks for a line on the terminal. Throws when there is no terminal. `secret`: the input is not shown.
std::string prompt_for(const char* prompt, bool secret)
{
    if (::isatty(STDIN_FILENO) == 0)
        throw std::runtime_error{
            fmt::format("there is no terminal to ask for the {}; `--help` shows the flag for it", prompt)};
    std::optional<no_echo> echo_off;
    if (secret) echo_off.emplace();  // before the prompt, because it discards earlier input
    fmt::print(stderr, "{}: ", prompt);
    std::string line;
    std::getline(std::cin, line);
    if (secret) fmt::print(stderr, "\n");
    return line;
}

std::string read_password(bool from_stdin)
{
    if (from_stdin) {
        std::string line;
        if (!std::getline(std::cin, line)) throw std::runtime_error{"there is no password on standard input"};
        return line;
    }
    auto once = prompt_for("password", true);
    if (prompt_for("password again", true) != once)
        throw std::runtime_error{"the two passwords differ; nothing was changed"};
    return once;
}

std::string message_of(const failure& f)
{
    std::string text = f.detail;
    for (const auto& e : f.fields) text += fmt::format("\n  {} {}", e.field, e.message);
    return text;
}

/// One function per command. A rejected change is thrown as an exception.
class user_commands {
 public:
    user_commands(application::application& app, storage::database& db, const user_command& what)
        : accounts_{app.accounts()}, people_{app.users().store()}, events_{app.security_events()}, db_{db}, what_{what}
    {}

    asio::awaitable<void> run()
    {
        switch (what_.action) {
            case user_action::create:
                co_await create();
                break;
            case user_action::first_admin:
                co_await first_admin();
                break;
            case user_action::role:
                co_await change_role();
                break;
            case user_action::password:
                co_await new_password();
                break;
        }
    }

 private:
    asio::awaitable<void> create()
    {
        accounts::registration r;
        r.username = what_.name;
        r.email = what_.email;
        r.password = read_password(what_.password_stdin);
        const auto id = co_await accounts_.enroll(r, what_.role, true);
        if (!id) throw std::runtime_error{message_of(id.error())};
        co_await note("created_by_operator", *id);
        fmt::print("{} is a member now, with the role {} (id {})\n", what_.name, what_.role, *id);
    }

    asio::awaitable<void> first_admin()
    {
        const auto there = co_await db_.first<std::string>(
            "SELECT u.username FROM users u JOIN accounts a ON a.user_id = u.id"
            " WHERE u.role = 'admin' AND u.deleted_at IS NULL ORDER BY u.id LIMIT 1");
        if (there) {
            fmt::print("{} is already an administrator\n", *there);
            co_return;
        }
        if (what_.name.empty()) what_.name = prompt_for("name of the first administrator", false);
        if (what_.email.empty()) what_.email = prompt_for("email address", false);
        co_await create();
    }

    asio::awaitable<std::int64_t> member()
    {
        const auto found = co_await users::by_name(people_, what_.name);
        if (!found) throw std::runtime_error{"there is no member called " + what_.name};
        what_.name = found->username;
        co_return found->id;
    }

    asio::awaitable<void> change_role()
    {
        const auto id = co_await member();
        const auto done = co_await accounts_.store().set_role(id, what_.role, 0);
        if (!done) throw std::runtime_error{message_of(done.error())};
        co_await note("role_changed", id);
        fmt::print("{} now has the role {}\n", what_.name, what_.role);
    }

    asio::awaitable<void> new_password()
    {
        const auto id = co_await member();
        const auto account = co_await accounts_.store().find(id);
        if (!account)
            throw std::runtime_error{what_.name +
                                     " has no account, because it is an imported author or the built-in admin"};
        const auto done = co_await accounts_.set_password(*account, read_password(what_.password_stdin), "");
        if (!done) throw std::runtime_error{message_of(done.error())};
        co_await note("password_set_by_operator", id);
        fmt::print("{} has a new password; all sign-ins have ended\n", account->username);
    }

    asio::awaitable<void> note(std::string event, std::int64_t id)
    {
        security_events::event e{std::move(event), http::client_info{"command line", "agora", ""}};
        e.user_id = id;
        co_await events_.record(std::move(e));
    }

    accounts::slice& accounts_;
    users::store& people_;
    security_events::slice& events_;
    storage::database& db_;
    user_command what_;
};

asio::awaitable<void> prepare(storage::database& db) { co_await storage::migrate(db); }

}  // namespace

int run_user(application::config c, const user_command& what)
{
    application::start_log(c);
    larder::runtime runtime{{.loops = 1}};
    const auto db = application::open_database(c, runtime);
    runtime.run_until_done(prepare(*db));
    const auto redis = application::open_redis(c, runtime);
    const auto cache = application::open_cache(c, runtime, redis.get());
    application::application app{*db, *cache, {}};
    user_commands commands{app, *db, what};
    runtime.run_until_done(commands.run());
    db->close();
    return 0;
}

}  // namespace agora::cli
