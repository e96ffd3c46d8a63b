// SPDX-License-Identifier: MIT
// Parses the PostgreSQL URL and opens connections. target::connect() tries every address of every host, most recently
// successful first, until a server answers that fits the role; start there.
// Invariant: no error text contains the password.
#include <agora/storage/postgres/connect.hpp>
#include <agora/storage/postgres/errors.hpp>
#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <larder/result.hpp>
#include <larder/timeout.hpp>

namespace agora::storage::postgres {

namespace {

using wait_type = watched_socket::descriptor::wait_type;

/// Waits once for the socket. The watch is created for each wait, because libpq opens another socket when it moves on
/// to the next address.
asio::awaitable<void> wait_for(PGconn* c, wait_type what)
{
    watched_socket socket{co_await asio::this_coro::executor, c};
    co_await socket->async_wait(what, asio::use_awaitable);
}

/// Returns libpq's error message, or an empty text when connected. The error is not thrown, because when the work
/// throws, with_timeout()'s `||` still waits for its timer.
asio::awaitable<std::string> finish_connecting(PGconn* c)
{
    for (auto next = PGRES_POLLING_WRITING; next != PGRES_POLLING_OK; next = PQconnectPoll(c)) {
        if (next == PGRES_POLLING_FAILED) co_return std::string{PQerrorMessage(c)};
        co_await wait_for(c, next == PGRES_POLLING_READING ? wait_type::wait_read : wait_type::wait_write);
    }
    co_return std::string{};
}

/// Removes `prepare=on` or `prepare=off` from a URL's query and returns its value; libpq does not know this parameter.
prepared_statements extract_prepare_parameter(std::string& url)
{
    constexpr std::string_view name = "prepare=";
    const auto query = url.find('?');
    if (query == std::string::npos) return prepared_statements::on;
    auto at = query + 1;
    while (at < url.size() && url.compare(at, name.size(), name) != 0) {
        const auto next = url.find('&', at);
        if (next == std::string::npos) return prepared_statements::on;
        at = next + 1;
    }
    if (at >= url.size()) return prepared_statements::on;
    const auto end = std::min(url.find('&', at), url.size());
    const auto value = url.substr(at + name.size(), end - at - name.size());
    if (value != "on" && value != "off")
        throw std::invalid_argument{"the parameter prepare in the PostgreSQL URL must be on or off"};
    // Erases the separator after the parameter as well, or the one before it when it is the last parameter.
    if (end < url.size()) {
        url.erase(at, end + 1 - at);
    } else {
        url.resize(at - 1);
    }
    return value == "on" ? prepared_statements::on : prepared_statements::off;
}

std::vector<std::string> split(std::string_view list)
{
    std::vector<std::string> parts;
    for (;;) {
        const auto comma = list.find(',');
        parts.emplace_back(list.substr(0, comma));
        if (comma == std::string_view::npos) return parts;
        list.remove_prefix(comma + 1);
    }
}

bool needs_lookup(const std::string& host)
{
    if (host.empty() || host.front() == '/' || host.front() == '@') return false;
    boost::system::error_code not_numeric;
    asio::ip::make_address(host, not_numeric);
    return not_numeric.failed();
}

struct limit {
    std::string_view name;
    std::string value;
};

std::vector<limit> limits_of(role r, const postgres_options& options)
{
    std::vector<limit> out;
    const auto statement = r == role::scripts ? 0 : options.statement_timeout.count();
    out.push_back({"statement_timeout", std::to_string(statement)});
    // Shorter than statement_timeout, so that waiting for another transaction's lock is reported differently from a
    // slow statement.
    out.push_back({"lock_timeout", std::to_string(statement * 3 / 5)});
    return out;
}

}  // namespace

target::target(const postgres_options& options) : options_{options}
{
    std::string url = options.url;
    statements_ = extract_prepare_parameter(url);
    char* message = nullptr;
    PQconninfoOption* parsed = PQconninfoParse(url.c_str(), &message);
    PQfreemem(message);  // not shown, because it may quote the password
    if (parsed == nullptr) throw std::invalid_argument{"the PostgreSQL URL cannot be read"};
    for (const auto* o = parsed; o->keyword != nullptr; ++o) {
        if (o->val != nullptr) settings_[o->keyword] = o->val;
    }
    PQconninfoFree(parsed);
    settings_.try_emplace("application_name", "agora");
    // Detects a server that vanished without closing the connection, for example after a power failure.
    settings_.try_emplace("tcp_user_timeout", std::to_string((options.statement_timeout * 2).count()));
    settings_["client_encoding"] = "UTF8";
    if (servers().empty()) throw std::invalid_argument{"the PostgreSQL URL does not name as many ports as hosts"};
}

std::string target::setting(const std::string& name, std::string_view fallback) const
{
    const auto found = settings_.find(name);
    return found == settings_.end() ? std::string{fallback} : found->second;
}

std::string target::describe() const
{
    return "postgresql://" + setting("user", "") + "@" + setting("host", "localhost") + ":" + setting("port", "5432") +
           "/" + setting("dbname", setting("user", ""));
}

std::string target::transaction_settings(role r) const
{
    if (statements_ == prepared_statements::on) return "";
    std::string sql;
    for (const auto& l : limits_of(r, options_)) {
        sql.append(sql.empty() ? "SELECT " : ", ");
        sql.append("set_config('").append(l.name).append("', '").append(l.value).append("', true)");
    }
    if (r == role::reads) sql += ", set_config('transaction_read_only', 'on', true)";
    return sql;
}

/// The servers in the order of the URL. Empty when the numbers of hosts, addresses and ports do not match.
std::vector<target::server> target::servers() const
{
    const auto hosts = split(setting("host", ""));
    const auto given = split(setting("hostaddr", ""));
    const auto ports = split(setting("port", ""));
    const auto n = std::max(hosts.size(), given.size());
    const auto fits = [n](const auto& list) { return list.size() == 1 || list.size() == n; };
    std::vector<server> out;
    if (!fits(hosts) || !fits(given) || !fits(ports)) return out;
    for (std::size_t i = 0; i < n; ++i) {
        out.push_back({hosts.size() == 1 ? hosts[0] : hosts[i], given.size() == 1 ? given[0] : given[i],
                       ports.size() == 1 ? ports[0] : ports[i]});
    }
    return out;
}

/// All addresses. Host names are resolved on every call; a name that cannot be resolved is skipped, and is an error
/// only when no address remains.
asio::awaitable<std::vector<target::server>> target::addresses() const
{
    using asio::ip::tcp;
    std::vector<server> out;
    std::string failure;
    const auto named = servers();
    for (const auto& s : named) {
        if (!s.address.empty() || !needs_lookup(s.host)) {
            out.push_back(s);
            continue;
        }
        tcp::resolver resolver{co_await asio::this_coro::executor};
        try {
            const auto found = co_await larder::with_timeout(resolver.async_resolve(s.host, "", asio::use_awaitable),
                                                             options_.connect_timeout);
            for (const auto& e : found) out.push_back({s.host, e.endpoint().address().to_string(), s.port});
        } catch (const boost::system::system_error& e) {
            failure = "the host name " + s.host + " cannot be resolved: " + e.code().message();
        }
    }
    if (out.empty()) throw unavailable(failure);
    const std::scoped_lock lock{mutex_};
    std::ranges::stable_partition(out, [&](const server& s) { return s.address + s.host + s.port == last_server_; });
    co_return out;
}

asio::awaitable<connection_handle> target::connect(role r) const
{
    const auto candidates = co_await addresses();
    std::exception_ptr failure;
    bool read_only = false;
    for (const auto& s : candidates) {
        try {
            auto made = co_await connect_to(s, r);
            const std::scoped_lock lock{mutex_};
            last_server_ = s.address + s.host + s.port;
            co_return made;
        } catch (const sql_error& e) {
            // "The server answers but accepts no writes" is more informative than "another server did not answer".
            if (failure && (read_only || e.reason() != errc::read_only)) continue;
            read_only = e.reason() == errc::read_only;
            failure = std::current_exception();
        }
    }
    std::rethrow_exception(failure);
}

asio::awaitable<connection_handle> target::connect_to(const server& s, role r) const
{
    auto settings = settings_;
    settings["host"] = s.host;
    settings["hostaddr"] = s.address;
    settings["port"] = s.port;
    // A connection for reads is made read-only by its own setting, so any server would do, except a standby, which may
    // lag behind.
    auto& wanted = settings["target_session_attrs"];
    if (wanted.empty()) wanted = "read-write";
    if (r == role::reads && wanted == "read-write") wanted = "primary";
    // A transaction pooler would reject these options, or apply them to other clients.
    if (statements_ == prepared_statements::on) {
        for (const auto& l : limits_of(r, options_)) {
            settings["options"].append(" -c ").append(l.name).append("=").append(l.value);
        }
        if (r == role::reads) settings["options"] += " -c default_transaction_read_only=on";
    }
    std::vector<const char*> keywords;
    std::vector<const char*> values;
    for (const auto& [keyword, value] : settings) {
        if (value.empty()) continue;
        keywords.push_back(keyword.c_str());
        values.push_back(value.c_str());
    }
    keywords.push_back(nullptr);
    values.push_back(nullptr);

    connection_handle c{PQconnectStartParams(keywords.data(), values.data(), 0)};
    if (!c) throw unavailable("out of memory");
    if (PQstatus(c.get()) == CONNECTION_BAD) throw unavailable(last_message(c.get()));
    PQsetErrorVerbosity(c.get(), PQERRORS_VERBOSE);                     // includes the SQLSTATE, see connect_error()
    PQsetNoticeProcessor(c.get(), [](void*, const char*) {}, nullptr);  // libpq would print notices to stderr
    std::string failure;
    try {
        failure = co_await larder::with_timeout(finish_connecting(c.get()), options_.connect_timeout);
    } catch (const boost::system::system_error& e) {
        if (e.code() != larder::errc::timed_out) throw;
        throw unavailable("no answer from " + s.host + " within " + std::to_string(options_.connect_timeout.count()) +
                          " ms");
    }
    if (!failure.empty()) throw connect_error(failure);
    PQsetErrorVerbosity(c.get(), PQERRORS_DEFAULT);
    PQsetnonblocking(c.get(), 1);
    co_return c;
}

asio::awaitable<void> run_script(PGconn* c, std::string_view script)
{
    const std::string text{script};
    if (PQsendQuery(c, text.c_str()) == 0) throw unavailable(last_message(c));
    while (PQflush(c) == 1) co_await wait_for(c, wait_type::wait_write);
    std::exception_ptr error;
    for (;;) {
        while (PQisBusy(c) != 0) {
            co_await wait_for(c, wait_type::wait_read);
            if (PQconsumeInput(c) == 0) throw unavailable(last_message(c));
        }
        const result_handle r{PQgetResult(c)};
        if (!r) break;
        if (PQresultStatus(r.get()) == PGRES_FATAL_ERROR && !error)
            error = std::make_exception_ptr(error_of(r.get(), "a script"));
    }
    if (error) std::rethrow_exception(error);
}

}  // namespace agora::storage::postgres
