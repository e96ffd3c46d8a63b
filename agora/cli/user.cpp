// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>
#include <agora/app/log.hpp>
#include <agora/app/open_database.hpp>
#include <agora/app/open_redis.hpp>
#include <agora/app/site.hpp>
#include <agora/cli/cli.hpp>
#include <agora/storage/migrate.hpp>

#include <iostream>

namespace agora::cli {
namespace {

namespace asio = boost::asio;

/// Shows nothing of what is typed.
class silent_terminal {
 public:
    silent_terminal()
    {
        on_ = ::tcgetattr(STDIN_FILENO, &before_) == 0;
        termios silent = before_;
        silent.c_lflag &= static_cast<tcflag_t>(~ECHO);
        if (on_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    }
    ~silent_terminal()
    {
        if (on_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
    }
    silent_terminal(const silent_terminal&) = delete;

 private:
    termios before_{};
    bool on_ = false;
};

std::string typed(const char* prompt)
{
    fmt::print(stderr, "{}: ", prompt);
    std::string line;
    {
        const silent_terminal silence;
        std::getline(std::cin, line);
    }
    fmt::print(stderr, "\n");
    return line;
}

std::string read_password(bool from_stdin)
{
    if (from_stdin) {
        std::string line;
        if (!std::getline(std::cin, line)) throw std::runtime_error{"there is no password on standard input"};
        return line;
    }
    if (::isatty(STDIN_FILENO) == 0)
        throw std::runtime_error{"there is no terminal to ask for the password; use --password-stdin"};
    auto once = typed("Password");
    if (typed("The same again") != once) throw std::runtime_error{"the two are not the same; nothing was changed"};
    return once;
}

std::string words_of(const failure& f)
{
    std::string text = f.detail;
    for (const auto& e : f.fields) text += fmt::format("\n  {} {}", e.field, e.message);
    return text;
}

/// The verbs; what is refused is thrown.
class user_verbs {
 public:
    user_verbs(auth::service& accounts, users::store& people, const user_command& what, std::string password)
        : accounts_{accounts}, people_{people}, what_{what}, password_{std::move(password)}
    {}

    asio::awaitable<void> run()
    {
        if (what_.verb == user_verb::create) {
            co_await create();
        } else {
            const auto found = co_await users::by_name(people_, what_.name);
            if (!found) throw std::runtime_error{"there is no member called " + what_.name};
            if (what_.verb == user_verb::role) {
                co_await accounts_.accounts().set_role(found->id, what_.role);
                co_await note("role_changed", found->id);
                fmt::print("{} is {} now\n", found->username, what_.role);
            } else {
                co_await new_password(found->id);
            }
        }
    }

 private:
    asio::awaitable<void> create()
    {
        auth::registration r;
        r.username = what_.name;
        r.email = what_.email;
        r.password = password_;
        const auto id = co_await accounts_.enroll(r, what_.role, true);
        if (!id) throw std::runtime_error{words_of(id.error())};
        co_await note("created_by_operator", *id);
        fmt::print("{} is a member now, with the role {} (id {})\n", what_.name, what_.role, *id);
    }

    asio::awaitable<void> new_password(std::int64_t id)
    {
        const auto account = co_await accounts_.accounts().find(id);
        if (!account)
            throw std::runtime_error{what_.name + " has no account: an imported author, or the operator's own"};
        const auto done = co_await accounts_.set_password(*account, password_, "");
        if (!done) throw std::runtime_error{words_of(done.error())};
        co_await note("password_set_by_operator", id);
        fmt::print("{} has a new password; all sign-ins by token have ended\n", account->username);
    }

    asio::awaitable<void> note(std::string event, std::int64_t id)
    {
        auth::security_event e{std::move(event), auth::origin{"command line", "agora", ""}};
        e.user_id = id;
        co_await accounts_.accounts().record(e, larder::system_clock().wall());
    }

    auth::service& accounts_;
    users::store& people_;
    const user_command& what_;
    std::string password_;
};

asio::awaitable<void> prepare(storage::database& db) { co_await storage::migrate(db); }

}  // namespace

int run_user(app::config c, const user_command& what)
{
    app::start_log(c);
    std::string password;
    if (what.verb != user_verb::role) password = read_password(what.password_stdin);
    larder::runtime runtime{{.loops = 1}};
    const auto db = app::open_database(c, runtime);
    runtime.run_until_done(prepare(*db));
    const auto redis = app::open_redis(c, runtime);
    const auto cache = app::open_cache(c, runtime, redis.get());
    app::site site{*db, *cache, {}};
    const auto people = users::make_users_store(site.changes());
    user_verbs verbs{site.accounts(), *people, what, std::move(password)};
    runtime.run_until_done(verbs.run());
    db->close();
    return 0;
}

}  // namespace agora::cli
