// SPDX-License-Identifier: MIT
// `agora serve`. run_serve() builds everything in order: log, runtime, database, Redis, cache, application, server;
// then it starts the workers of agora/application/workers and runs the loops until it is stopped. Start there.
// Invariant: what a coroutine uses outlives runtime.run(); if draining fails, the process exits without destroying it.
#include <fmt/format.h>
#include <agora/application/application.hpp>
#include <agora/application/log.hpp>
#include <agora/application/log_output.hpp>
#include <agora/application/open_database.hpp>
#include <agora/application/open_redis.hpp>
#include <agora/application/process.hpp>
#include <agora/application/review.hpp>
#include <agora/application/schema.hpp>
#include <agora/application/workers/workers.hpp>
#include <agora/cli/cli.hpp>
#include <agora/cli/import_progress.hpp>
#include <agora/credentials/secrets.hpp>
#include <agora/http/server.hpp>
#include <agora/log.hpp>
#include <agora/version.hpp>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cstdlib>

namespace agora::cli {
namespace {

namespace asio = boost::asio;

constexpr const char* demo_accounts = "demo_accounts";  // the file with their password, in the data folder

/// Prints to standard output. Like the log, it never blocks: a pipe that nobody drains does not stop the server.
void print_text(std::string_view text)
{
    // Never destroyed, so that the end of the program does not wait for its thread.
    static auto* const out = new application::log_output{
        STDOUT_FILENO, [](std::string_view message) { return std::string{message} + '\n'; }};
    out->push(text);
    out->flush(std::chrono::milliseconds{200});
}

/// Brings the schema up to date, and imports the demo community into a database without posts.
asio::awaitable<void> prepare_database(storage::database& db, const std::filesystem::path& demo)
{
    co_await db.verify();
    const auto report = co_await application::bring_up_to_date(db);
    for (const auto& file : report.applied) log::info("applied migration {}", file);
    if (demo.empty()) co_return;
    const auto any_post = co_await db.first<std::int64_t>("SELECT id FROM posts LIMIT 1");
    if (any_post) co_return;
    print_text(fmt::format("The database is empty: importing the demo community from {}\n", demo.string()));
    progress_display progress{print_text};
    print_text(summary_text(co_await import::import_stackexchange(db, demo, progress)));
}

/// Creates members for trying out the demo community, in development only. A password is generated for each database
/// and stored in the data folder.
asio::awaitable<void> make_demo_accounts(accounts::slice& accounts, std::filesystem::path data)
{
    const auto password = credentials::random_id();
    for (const auto* role : {"user", "moderator", "admin"}) {
        accounts::registration r;
        r.username = std::string{"demo-"} + role;
        r.email = r.username + "@example.org";
        r.password = password;
        const auto made = co_await accounts.enroll(r, role, true);
        if (!made) co_return;  // the accounts exist already
    }
    const auto line = "demo-user, demo-moderator, demo-admin: " + password + "\n";
    // Nobody else can open the file, not even before it has its content.
    const int file = ::open((data / demo_accounts).c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (file < 0) co_return;
    if (::write(file, line.data(), line.size()) < 0) log::warn("the password of the demo accounts was not stored");
    ::close(file);
}

/// Demo accounts exist only in development.
bool has_demo_accounts(const application::config& c)
{
    return c.env == application::environment::development && std::filesystem::exists(c.data / demo_accounts);
}

/// Finds the user whom the service token acts as.
asio::awaitable<void> find_built_in_admin(storage::database& db, std::int64_t& id)
{
    const auto admin = co_await db.first<std::int64_t>("SELECT id FROM users WHERE username = 'agora'");
    id = admin.value_or(0);
}

/// The watches of the Redis servers that the settings name.
class redis_servers {
 public:
    redis_servers(const application::config& c, larder::runtime& loops)
        : cache_{application::open_watch(c.redis, loops, c.state ? "the cache" : "cache and state")},
          state_{application::open_watch(c.state, loops, "state")}
    {
        for (auto* w : {cache_.get(), state_.get()})
            if (w != nullptr) loops.run_until_done(w->begin());
    }
    health::watches watches() const { return {cache_.get(), state_.get()}; }
    void run(larder::runtime& loops) const
    {
        for (auto* w : {cache_.get(), state_.get()})
            if (w != nullptr) loops.spawn(0, w->run());
    }

 private:
    std::unique_ptr<redis_watch::watch> cache_;
    std::unique_ptr<redis_watch::watch> state_;
};

http::server_options make_server_options(const application::config& c)
{
    http::server_options o;
    o.host = c.host;
    o.port = c.port;
    o.limits.connections = c.max_connections;
    o.cors_origins = c.cors_origins;
    o.fields.foreign_pictures = c.external_images;
    if (c.access_log) o.log = application::access_lines();
    if (c.public_url.starts_with("https://"))
        o.fields.of_every_response = "Strict-Transport-Security: max-age=31536000\r\n";
    return o;
}

/// Sends to the SMTP server that the settings name, or writes emails to files.
std::unique_ptr<mail::mailer> make_mailer(const application::config& c)
{
    if (c.mail_url.empty()) return mail::make_mail_folder(c.data / "mail", c.mail_from);
    const auto tls = c.mail_tls_required ? mail::mail_tls::required : mail::mail_tls::optional;
    // reveal(): the URL contains the server's password.
    return mail::make_smtp(std::string{c.mail_url.reveal()}, c.mail_from, tls);
}

/// The application's options from the settings. Requires: `c` outlives the application.
application::application_options make_application_options(const application::config& c, std::int64_t admin)
{
    application::application_options o;
    // reveal(): the signer keeps a key derived from secret_key, and the key ring signs with jwt_secrets.
    o.secret_key = c.secret_key.reveal();
    std::vector<std::string> secrets;
    for (const auto& s : c.jwt_secrets) secrets.emplace_back(s.reveal());
    o.keys = credentials::make_key_ring(secrets);
    if (!c.registration_open) o.registration = sign_ins::registration_mode::closed;
    o.site.address = c.public_url;
    o.site.name = c.site_name;
    o.site.external_images = c.external_images;
    o.site.security_contact = c.security_contact;
    o.site.production = c.env == application::environment::production;
    o.proxies = http::trusted_proxies{c.trusted_proxies, c.proxy_header};
    o.authenticator.cookie = c.session_cookie;
    o.authenticator.service_user = admin;
    if (admin != 0 && !c.service_token.empty())
        o.authenticator.is_service_token = [token = c.service_token](std::string_view given) {
            return token.equals(given);
        };
    return o;
}

void print_banner(const application::config& c, std::uint16_t port)
{
    const auto base =
        fmt::format("http://{}:{}", c.host.find(':') == std::string::npos ? c.host : "[" + c.host + "]", port);
    const auto members =
        has_demo_accounts(c)
            ? fmt::format("  sign in as demo-user, demo-moderator or demo-admin; their password is in {}\n",
                          (c.data / demo_accounts).string())
            : std::string{};
    print_text(fmt::format("\nagora {} serves on {}\n", version, base) +
               fmt::format("  {}/                     the community; open it in a browser\n", base) +
               fmt::format("  {}/api/openapi.json     the API, for programs\n", base) +
               fmt::format("  {}/docs                 the API, to read\n", base) + members + "\n");
}

/// Raises the limit of open files to what MAX_CONNECTIONS needs, if the process is allowed to. Otherwise it lowers
/// max_connections, and further connections get an error: without free descriptors, databases and logs would fail, too.
void fit_connections(application::config& c, std::size_t loops)
{
    const rlim_t own = 100 + 20 * loops;  // for databases, Redis, logs, listeners
    const rlim_t wanted = c.max_connections + own;
    rlimit files{};
    if (::getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur >= wanted) return;
    files.rlim_cur = std::min(files.rlim_max, wanted);
    ::setrlimit(RLIMIT_NOFILE, &files);
    ::getrlimit(RLIMIT_NOFILE, &files);
    if (files.rlim_cur >= wanted) return;
    const auto most = files.rlim_cur > own ? files.rlim_cur - own : 1;
    log::warn(
        "this process may open only {} files, so it serves at most {} connections instead of MAX_CONNECTIONS={}; "
        "raise its limit (ulimit -n, LimitNOFILE)",
        files.rlim_cur, most, c.max_connections);
    c.max_connections = most;
}

/// Throws std::runtime_error. Its text is one line and names the next step.
void start(http::server& server, const application::config& c)
{
    try {
        server.start();
    } catch (const boost::system::system_error& e) {
        const auto at = fmt::format("cannot listen on {} port {}: {}", c.host, c.port, e.code().message());
        const auto& code = e.code();
        if (code == asio::error::address_in_use)
            throw std::runtime_error{
                at + "; stop the program that uses it, or choose another port: --port 0 takes any free one"};
        if (code == asio::error::access_denied)
            throw std::runtime_error{at + "; ports below 1024 need a privilege, so choose a higher one with --port"};
        if (code.value() == EADDRNOTAVAIL)
            throw std::runtime_error{at + "; set HOST to an address of this machine, 0.0.0.0 or :: for all"};
        throw std::runtime_error{at + "; check HOST and PORT"};
    }
}

void log_failure(std::exception_ptr e)
{
    try {
        std::rethrow_exception(e);
    } catch (const std::exception& x) {
        log::error("unexpected: {}", x.what());
    }
}

}  // namespace

int run_serve(application::config c, const std::filesystem::path& demo)
{
    application::begin_service();
    application::start_log(c);
    larder::runtime_options loops;
    loops.loops = c.loops;
    larder::runtime runtime{loops};
    fit_connections(c, runtime.loops());
    for (const auto& a : application::review(c)) log::warn("{}: {}; {}", a.subject, a.finding, a.next_step);
    const auto db = application::open_database(c, runtime);
    application::ensure_secret_key(c);
    runtime.run_until_done(prepare_database(*db, demo));
    std::int64_t admin = 0;
    runtime.run_until_done(find_built_in_admin(*db, admin));

    std::optional<http::server> server;
    const auto redis = application::open_redis(c, runtime);
    const auto cache = application::open_cache(c, runtime, redis.get());
    auto options = make_application_options(c, admin);
    options.redis = redis.get();
    const redis_servers servers{c, runtime};
    options.watches = servers.watches();
    const auto state = application::open_state(c, runtime);
    options.state = state ? state.get() : redis.get();
    options.sessions = application::open_sessions(c, runtime);
    options.loops = runtime.loops();
    options.draining = [&] { return server && server->draining(); };
    options.traffic = [&] {
        auto t = server ? server->metrics() : http::traffic{};
        t.log_lines_dropped = application::dropped_log_lines();
        return t;
    };
    options.spawn = [&](asio::awaitable<void> work) { runtime.spawn(0, std::move(work)); };
    application::application app{*db, *cache, std::move(options)};
    const auto mailer = make_mailer(c);
    if (!demo.empty() && c.env == application::environment::development && !has_demo_accounts(c))
        runtime.run_until_done(make_demo_accounts(app.accounts(), c.data));
    // Confirms the contents of Redis before the first request.
    runtime.run_until_done(application::relay_once(app.outbox()));
    auto server_options = make_server_options(c);
    server_options.admission = app.admission();
    server_options.idempotency = &app.idempotency();
    server.emplace(runtime, app.routes(), std::move(server_options));
    start(*server, c);
    runtime.on_stop([&] {
        log::info("stopping: finishing the accepted requests");
        server->drain();
        mailer->stop();  // an email whose delivery is cut off stays in the table and is sent later
    });
    runtime.on_error(log_failure);
    asio::awaitable<void> workers[] = {
        application::run_relay(app.outbox(), runtime), application::run_mail(app.recovery(), *mailer, runtime),
        application::run_clock_watch(runtime), application::run_warming(app.warming(), c.cache_warm)};
    for (auto& worker : workers) runtime.spawn(0, std::move(worker));
    servers.run(runtime);
    print_banner(c, server->port());
    application::begin_serving([&] { runtime.stop(); }, loops.drain_limit + std::chrono::seconds{2});
    const bool drained = runtime.run();
    application::end_serving();
    if (!drained) {
        log::error("the drain limit has expired with {} connections open; closing them", server->connections());
        application::flush_log();
        std::_Exit(1);  // without destructors, because suspended coroutines use objects of this frame
    }
    db->close();
    application::flush_log();
    return 0;
}

}  // namespace agora::cli
