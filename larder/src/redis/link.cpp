// SPDX-License-Identifier: MIT
#include "link.hpp"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/steady_timer.hpp>
#include <larder/redis/request.hpp>
#include <larder/result.hpp>
#include <vector>

namespace larder::redis {

namespace asio = boost::asio;
using boost::system::error_code;
using boost::system::system_error;
using tcp = asio::ip::tcp;

namespace {

/// getaddrinfo runs on a thread of Asio's and cannot be cancelled: what comes too late finds nobody.
struct lookup {
    explicit lookup(const asio::any_io_executor& executor) : resolver{executor}, done{executor} {}
    tcp::resolver resolver;
    asio::steady_timer done;
    error_code failure = errc::timed_out;
    std::vector<tcp::endpoint> found;
};

asio::awaitable<std::vector<tcp::endpoint>> resolve(asio::any_io_executor executor, address to, steady_time deadline)
{
    error_code no_literal;
    const auto literal = asio::ip::make_address(to.host, no_literal);
    if (!no_literal) co_return std::vector<tcp::endpoint>{{literal, to.port}};
    const auto l = std::make_shared<lookup>(executor);
    l->done.expires_at(deadline);
    l->resolver.async_resolve(to.host, std::to_string(to.port),
                              [l](error_code ec, const tcp::resolver::results_type& results) {
                                  l->failure = ec;
                                  for (const auto& r : results) l->found.push_back(r.endpoint());
                                  l->done.cancel();
                              });
    auto timer = l->done.async_wait(asio::as_tuple(asio::deferred));
    co_await std::move(timer);
    if (l->failure) throw system_error{l->failure, "the name " + to.host};
    co_return l->found;
}

void set_option(int socket, int level, int option, int value)
{
    // Not all are there on every system; none of them is needed to work.
    std::ignore = ::setsockopt(socket, level, option, &value, sizeof value);
}

/// A peer that vanishes without a word is noticed by the kernel: unacknowledged bytes after `user_timeout`, an idle
/// connection after 11 seconds.
void watch_peer(int socket, std::chrono::milliseconds user_timeout)
{
    set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);
    set_option(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(user_timeout.count()));
    set_option(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(socket, IPPROTO_TCP, TCP_KEEPIDLE, 5);
    set_option(socket, IPPROTO_TCP, TCP_KEEPINTVL, 2);
    set_option(socket, IPPROTO_TCP, TCP_KEEPCNT, 3);
}

bool starts_with_any(std::string_view text, std::initializer_list<std::string_view> words)
{
    return std::ranges::any_of(words, [&](std::string_view w) { return text.starts_with(w); });
}

constexpr std::string_view too_many_clients = "ERR max number of clients";

/// errc::refused: this server wants other settings; errc::unavailable: later it may do.
error refused_greeting(std::string_view text)
{
    const bool passes = starts_with_any(text, {too_many_clients, "LOADING", "BUSY", "MASTERDOWN"});
    return {outcome::not_sent, passes ? errc::unavailable : errc::refused, std::string{text}};
}

/// What is wrong with a server that should be a master. An ACL may forbid ROLE, and services have renamed it: then what
/// HELLO said counts. A RESP2 server says nothing there, and is taken for one until it says READONLY.
std::optional<error> not_a_master(const resp::value& role, const server_facts& facts)
{
    const auto said = role.size() > 0 ? role.child(0).text() : std::string_view{};
    const bool denied = role.is_error() && starts_with_any(role.text(), {"NOPERM", "ERR"});
    if (said == "master" || (denied && (facts.role.empty() || facts.role == "master"))) return std::nullopt;
    if (role.is_error() && !denied) return refused_greeting(role.text());
    return error{outcome::not_sent, errc::unavailable, "the server is not a master"};
}

void use_file(const std::string& file, const char* what, const std::function<void(error_code&)>& use)
{
    if (file.empty()) return;
    error_code ec;
    use(ec);
    if (ec) throw system_error{ec, std::string{what} + " " + file};
}

void read_facts(const resp::value& reply, server_facts& facts)
{
    facts.resp3 = reply.type() == resp::kind::map;
    std::string_view field;
    for (const auto& part : reply) {
        if (field.empty()) {
            field = part.text();
            continue;
        }
        if (field == "version") facts.version = part.text();
        if (field == "mode") facts.mode = part.text();
        if (field == "role") facts.role = part.text();
        if (field == "id") facts.client_id = part.integer().value_or(0);
        field = {};
    }
}

}  // namespace

std::shared_ptr<asio::ssl::context> make_tls_context(const tls_options& o)
{
    if (!o.enabled) return nullptr;
    auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_client);
    SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
    context->set_verify_mode(asio::ssl::verify_peer);
    if (o.ca.empty()) context->set_default_verify_paths();
    use_file(o.ca, "ca", [&](error_code& ec) { context->load_verify_file(o.ca, ec); });
    use_file(o.certificate, "cert", [&](error_code& ec) { context->use_certificate_chain_file(o.certificate, ec); });
    use_file(o.key, "key", [&](error_code& ec) { context->use_private_key_file(o.key, asio::ssl::context::pem, ec); });
    return context;
}

link::link(const asio::any_io_executor& executor, asio::ssl::context* tls) : socket_{executor}
{
    if (tls != nullptr) tls_.emplace(socket_, *tls);
}

asio::awaitable<void> link::connect_tcp(const address& to, steady_time deadline, std::chrono::milliseconds user_timeout)
{
    const auto endpoints = co_await resolve(socket_.get_executor(), to, deadline);
    error_code failure = errc::unavailable;
    for (const auto& endpoint : endpoints) {
        error_code ignored;
        socket_.close(ignored);
        socket_.open(asio::generic::stream_protocol{endpoint.protocol()});
        watch_peer(socket_.native_handle(), user_timeout);
        auto connecting =
            socket_.async_connect(asio::generic::stream_protocol::endpoint{endpoint}, asio::as_tuple(asio::deferred));
        std::tie(failure) = co_await std::move(connecting);
        if (!failure || failure == asio::error::operation_aborted) break;
    }
    if (failure) throw system_error{failure};
}

asio::awaitable<void> link::open(const address& to, steady_time deadline, std::chrono::milliseconds user_timeout)
{
    if (to.port == 0) {
        const asio::local::stream_protocol::endpoint path{to.host};
        socket_.open(asio::generic::stream_protocol{path.protocol()});
        auto connecting =
            socket_.async_connect(asio::generic::stream_protocol::endpoint{path}, asio::as_tuple(asio::deferred));
        const auto [failure] = co_await std::move(connecting);
        if (failure) throw system_error{failure};
    } else {
        co_await connect_tcp(to, deadline, user_timeout);
    }
    socket_.non_blocking(true);
    if (!tls_) co_return;
    error_code no_literal;
    asio::ip::make_address(to.host, no_literal);
    if (no_literal) SSL_set_tlsext_host_name(tls_->native_handle(), to.host.c_str());
    tls_->set_verify_callback(asio::ssl::host_name_verification{to.host});
    auto shaking = tls_->async_handshake(asio::ssl::stream_base::client, asio::as_tuple(asio::deferred));
    const auto [failure] = co_await std::move(shaking);
    if (!failure) co_return;
    const auto verdict = SSL_get_verify_result(tls_->native_handle());
    if (verdict != X509_V_OK) {
        throw system_error{failure, std::string{"the server's certificate is not trusted ("} +
                                        X509_verify_cert_error_string(verdict) + ")"};
    }
    throw system_error{failure, "TLS"};
}

asio::awaitable<void> link::exchange(const std::string& commands, std::uint32_t replies, const visitor& visit)
{
    for (std::size_t done = 0; done < commands.size();) {
        auto writing = async_write(std::string_view{commands}.substr(done), asio::as_tuple(asio::deferred));
        const auto [ec, n] = co_await std::move(writing);
        if (ec) throw system_error{ec};
        done += n;
    }
    // The largest reply here is CLUSTER SLOTS when every slot is a range of its own, with several replicas.
    resp::reader reader{{.depth = 8, .text = 1 << 20, .elements = 2'000'000, .reply = 64 << 20}};
    std::string bytes;
    for (std::uint32_t i = 0; i < replies;) {
        const auto progress = reader.read(bytes);
        if (progress == resp::progress::broken) throw system_error{make_error_code(errc::malformed), reader.problem()};
        if (progress == resp::progress::complete) {
            const auto reply = reader.root(bytes);
            if (reply.type() != resp::kind::push) visit(i++, reply);
            bytes.erase(0, reader.consumed());
            reader.next();
            continue;
        }
        const auto size = bytes.size();
        bytes.resize(size + 4096);
        auto reading = async_read({bytes.data() + size, 4096}, asio::as_tuple(asio::deferred));
        const auto [ec, n] = co_await std::move(reading);
        bytes.resize(size + n);
        if (ec) throw system_error{ec};
    }
    // Whatever is left would be taken for the answer to a user's command.
    if (!bytes.empty()) throw system_error{make_error_code(errc::malformed), "more replies than commands"};
}

asio::awaitable<std::optional<error>> link::hello(const greeting& g)
{
    request hello{"HELLO", 3};
    if (!g.login.password.empty()) {
        hello = request{"HELLO", 3, "AUTH", g.login.user.empty() ? "default" : g.login.user, g.login.password};
    }
    std::string refusal;
    const visitor see = [&](std::uint32_t, const resp::value& reply) {
        if (reply.is_error()) {
            refusal = reply.text();
        } else {
            read_facts(reply, facts_);
        }
    };
    co_await exchange(std::string{hello.bytes()}, 1, see);
    if (refusal.empty()) co_return std::nullopt;
    // Servers before 6.0 and many proxies do not know HELLO; an ACL may forbid it.
    if (starts_with_any(refusal, {"NOPROTO", "ERR", "NOPERM"}) && !refusal.starts_with(too_many_clients)) {
        auto answer = co_await authenticate_resp2(g);
        co_return answer;
    }
    co_return refused_greeting(refusal);
}

asio::awaitable<std::optional<error>> link::authenticate_resp2(const greeting& g)
{
    if (g.login.password.empty()) co_return std::nullopt;
    request auth{"AUTH", g.login.password};
    if (!g.login.user.empty()) auth = request{"AUTH", g.login.user, g.login.password};
    std::optional<error> failure;
    const visitor see = [&](std::uint32_t, const resp::value& reply) {
        if (reply.is_error()) failure = refused_greeting(reply.text());
    };
    co_await exchange(std::string{auth.bytes()}, 1, see);
    co_return failure;
}

asio::awaitable<std::optional<error>> link::greet(const greeting& g)
{
    auto failure = co_await hello(g);
    if (failure) co_return failure;

    // In the order that keeps a promise: nothing may run in another database (ioredis #42).
    if (g.database != 0) {
        const request select{"SELECT", g.database};
        const visitor see = [&](std::uint32_t, const resp::value& reply) {
            if (reply.is_error()) failure = refused_greeting(reply.text());
        };
        co_await exchange(std::string{select.bytes()}, 1, see);
        if (failure) co_return failure;
    }
    if (g.master_only) {
        const request role{"ROLE"};
        const visitor see = [&](std::uint32_t, const resp::value& reply) { failure = not_a_master(reply, facts_); };
        co_await exchange(std::string{role.bytes()}, 1, see);
        if (failure) co_return failure;
    }
    if (!g.name.empty()) {
        const request name{"CLIENT SETNAME", g.name};
        const visitor see = [](std::uint32_t, const resp::value&) {};
        co_await exchange(std::string{name.bytes()}, 1, see);
    }
    if (!g.tracking.empty() && facts_.resp3) {
        const visitor see = [&](std::uint32_t, const resp::value& reply) { facts_.tracked = !reply.is_error(); };
        co_await exchange(g.tracking, 1, see);
    }
    co_return std::nullopt;
}

std::string link::tls_facts() const
{
    if (!tls_) return {};
    auto* ssl = const_cast<link*>(this)->tls_->native_handle();
    return std::string{SSL_get_version(ssl)} + " " + SSL_get_cipher_name(ssl);
}

std::size_t link::try_write(std::string_view bytes, error_code& ec)
{
    return socket_.write_some(asio::const_buffer{bytes.data(), bytes.size()}, ec);
}

void link::close() noexcept
{
    error_code ignored;
    socket_.close(ignored);
}

}  // namespace larder::redis
