// SPDX-License-Identifier: MIT
// open() connects the socket, and handshake() performs the handshake with exchange(), which writes commands and waits
// for their replies. No command of a user is sent before the handshake is complete, and no byte of the handshake's
// replies is left over, because it would be taken for the reply to a user's command. Start with open() and handshake().
#include "link.hpp"

#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
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
#include <limits>
#include <vector>

namespace larder::redis {

namespace asio = boost::asio;
using boost::system::error_code;
using boost::system::system_error;
using tcp = asio::ip::tcp;

namespace {

/// A name lookup. getaddrinfo runs on a thread of Asio's and cannot be cancelled, so a result after the deadline is
/// stored here and ignored.
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
    // Not every system has all of these options, and none of them is required.
    std::ignore = ::setsockopt(socket, level, option, &value, sizeof value);
}

/// Lets the kernel detect a peer that vanishes silently: after `user_timeout` if bytes are unacknowledged, after 11
/// seconds if the connection is idle.
void watch_peer(int socket, std::chrono::milliseconds user_timeout)
{
    set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);
    const auto longest = std::chrono::milliseconds{std::numeric_limits<int>::max()};
    set_option(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(std::min(user_timeout, longest).count()));
    set_option(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(socket, IPPROTO_TCP, TCP_KEEPIDLE, 5);
    set_option(socket, IPPROTO_TCP, TCP_KEEPINTVL, 2);
    set_option(socket, IPPROTO_TCP, TCP_KEEPCNT, 3);
}

bool starts_with_any(std::string_view text, std::initializer_list<std::string_view> words)
{
    return std::ranges::any_of(words, [&](std::string_view w) { return text.starts_with(w); });
}

/// Removes the password from a refusal, because some servers repeat what they do not understand. The first word, which
/// names the kind of refusal, is kept.
std::string without(std::string text, const std::string& password)
{
    if (password.empty()) return text;
    constexpr std::string_view stars = "***";
    for (auto at = text.find(' '); (at = text.find(password, at)) != std::string::npos; at += stars.size())
        text.replace(at, password.size(), stars);
    return text;
}

constexpr std::string_view too_many_clients = "ERR max number of clients";

/// errc::refused: this server requires other settings. errc::unavailable: a later attempt may succeed.
error handshake_refusal(std::string_view text, const std::string& password)
{
    const bool passes = starts_with_any(text, {too_many_clients, "LOADING", "BUSY", "MASTERDOWN"});
    return {outcome::not_sent, passes ? errc::unavailable : errc::refused, without(std::string{text}, password)};
}

/// What is wrong with a server that should be a master. An ACL may deny ROLE, and some services have renamed it; then
/// the role in the reply to HELLO counts. A RESP2 server reports no role there, and is taken for a master until it
/// replies READONLY.
std::optional<error> not_a_master(const resp::value& role, const server_facts& facts, const std::string& password)
{
    const auto name = role.size() > 0 ? role.child(0).text() : std::string_view{};
    const bool denied = role.is_error() && starts_with_any(role.text(), {"NOPERM", "ERR"});
    if (name == "master" || (denied && (facts.role.empty() || facts.role == "master"))) return std::nullopt;
    if (role.is_error() && !denied) return handshake_refusal(role.text(), password);
    return error{outcome::not_sent, errc::unavailable, "the server is not a master"};
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

/// For replies that do not matter.
const link::visitor ignore = [](std::uint32_t, const resp::value&) {};

}  // namespace

hello_use hello_after(hello_use last, bool closed_at_hello) noexcept
{
    if (!closed_at_hello) return hello_use::at_once;
    return last == hello_use::at_once ? hello_use::after_ping : hello_use::never;
}

link::link(const asio::any_io_executor& executor, tls_files* tls) : socket_{executor}
{
    if (tls == nullptr) return;
    context_ = tls->current();
    tls_.emplace(socket_, *context_);
}

asio::awaitable<void> link::connect_tcp(const address& to, steady_time deadline, std::chrono::milliseconds user_timeout)
{
    const auto executor = socket_.get_executor();
    const auto endpoints = co_await resolve(executor, to, deadline);
    race_ = std::make_shared<connect_race>(executor, interleaved(endpoints),
                                           [user_timeout](int socket) { watch_peer(socket, user_timeout); });
    socket_ = co_await race_->run();
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
    // Bytes that are left over would be taken for the reply to a user's command.
    if (!bytes.empty()) throw system_error{make_error_code(errc::malformed), "more replies than commands"};
}

asio::awaitable<std::optional<error>> link::send_hello(const handshake_options& o)
{
    if (o.hello == hello_use::never) {
        auto answer = co_await authenticate_resp2(o);
        co_return answer;
    }
    if (o.hello == hello_use::after_ping) {
        const request ping{"PING"};
        co_await exchange(std::string{ping.bytes()}, 1, ignore);
    }
    request hello{"HELLO", 3};
    if (!o.login.empty()) {
        hello = request{"HELLO", 3, "AUTH", o.login.user.empty() ? "default" : o.login.user, o.login.password};
    }
    std::string refusal;
    const visitor see = [&](std::uint32_t, const resp::value& reply) {
        if (reply.is_error()) {
            refusal = reply.text();
        } else {
            read_facts(reply, facts_);
        }
    };
    awaiting_hello_ = true;
    co_await exchange(std::string{hello.bytes()}, 1, see);
    awaiting_hello_ = false;
    if (refusal.empty()) co_return std::nullopt;
    // Servers before 6.0 and many proxies do not know HELLO, and an ACL may forbid it.
    if (starts_with_any(refusal, {"NOPROTO", "ERR", "NOPERM"}) && !refusal.starts_with(too_many_clients)) {
        auto answer = co_await authenticate_resp2(o);
        co_return answer;
    }
    co_return handshake_refusal(refusal, o.login.password);
}

asio::awaitable<std::optional<error>> link::authenticate_resp2(const handshake_options& o)
{
    if (o.login.empty()) co_return std::nullopt;
    // Before 6.0 there is only one user, and AUTH takes no name.
    request auth{"AUTH", o.login.password};
    if (!o.login.user.empty() && o.login.user != "default") auth = request{"AUTH", o.login.user, o.login.password};
    std::optional<error> failure;
    const visitor see = [&](std::uint32_t, const resp::value& reply) {
        if (reply.is_error()) failure = handshake_refusal(reply.text(), o.login.password);
    };
    co_await exchange(std::string{auth.bytes()}, 1, see);
    co_return failure;
}

asio::awaitable<std::optional<error>> link::handshake(const handshake_options& o)
{
    auto failure = co_await send_hello(o);
    if (failure) co_return failure;

    // SELECT comes before all that follows, because nothing may run in another database (ioredis #42).
    if (o.database != 0) {
        const request select{"SELECT", o.database};
        const visitor see = [&](std::uint32_t, const resp::value& reply) {
            if (reply.is_error()) failure = handshake_refusal(reply.text(), o.login.password);
        };
        co_await exchange(std::string{select.bytes()}, 1, see);
        if (failure) co_return failure;
    }
    if (o.master_only) {
        const request role{"ROLE"};
        const visitor see = [&](std::uint32_t, const resp::value& reply) {
            failure = not_a_master(reply, facts_, o.login.password);
        };
        co_await exchange(std::string{role.bytes()}, 1, see);
        if (failure) co_return failure;
    }
    if (!o.name.empty()) {
        const request name{"CLIENT SETNAME", o.name};
        co_await exchange(std::string{name.bytes()}, 1, ignore);
    }
    if (!o.tracking.empty() && facts_.resp3) {
        const visitor see = [&](std::uint32_t, const resp::value& reply) { facts_.tracked = !reply.is_error(); };
        co_await exchange(o.tracking, 1, see);
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

std::size_t link::unacknowledged() noexcept
{
    int bytes = 0;
    return ::ioctl(socket_.native_handle(), SIOCOUTQ, &bytes) == 0 ? static_cast<std::size_t>(bytes) : 0;
}

void link::close() noexcept
{
    if (race_) race_->cancel();
    error_code ignored;
    socket_.close(ignored);
}

}  // namespace larder::redis
