// SPDX-License-Identifier: MIT
// The transport for Redis behind HTTP (Upstash). A connection carries one request at a time; connections are kept
// alive, and their number is limited. Requests that find no free connection wait in queue_. Blocking commands, pushes
// and subscriptions are not available. While callers are refused, keep_probing() sends a PING at intervals. Start with
// start(), run() and round_trip().
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <utility>

#include "http.hpp"
#include "link.hpp"
#include "liveness.hpp"
#include "rest_codec.hpp"
#include "transport.hpp"

namespace larder::redis {

namespace asio = boost::asio;
using boost::system::error_code;
using boost::system::system_error;

namespace {

constexpr std::size_t body_limit = std::size_t{64} << 20;
constexpr std::chrono::seconds longest_idle{10};  // servers close idle connections without notice

class rest final : public transport {
 public:
    rest(const asio::any_io_executor& executor, const transport_settings& s)
        : settings_{s},
          executor_{executor},
          server_{s.o.liveness->of("", s.o.breaker)},
          breaker_{s.o.breaker},
          next_probe_{executor}
    {}
    ~rest() override
    {
        *is_alive_ = false;
        rest::close();
    }

    void start(detail::operation& op) override;
    std::optional<bool> cancel(detail::operation& op) override;
    client_state state() const override
    {
        client_state out;
        out.connected = is_connected();
        out.breaker = server_->is_silent() ? circuit_breaker::state::open : breaker_.current();
        out.waiting = queue_.size() + active_.size();
        out.server = settings_.o.addresses.front().text();
        out.tls = tls_facts_;
        out.failure = failure_;
        return out;
    }
    void close() override;
    bool closed() const override { return closed_ && active_.empty(); }
    bool lost_master() override { return false; }
    std::shared_ptr<connection> make_connection(const connection_purpose&, connection::hooks) override
    {
        return nullptr;
    }

 private:
    /// One HTTP exchange for one operation.
    struct exchange : std::enable_shared_from_this<exchange> {
        exchange(detail::operation& o, rest_call c, const asio::any_io_executor& executor)
            : op{&o}, what{o.what()}, call{std::move(c)}, begun{o.started()}, limit{executor}
        {}
        /// A probe, which has no caller.
        exchange(request question, steady_time now, const asio::any_io_executor& executor)
            : what{std::move(question)}, call{*make_rest_call(what)}, begun{now}, is_probe{true}, limit{executor}
        {}
        detail::operation* op = nullptr;  ///< null: cancelled, or a probe
        request what;                     ///< a copy, because it outlives a cancelled operation
        rest_call call;
        steady_time begun;
        bool is_probe = false;
        std::shared_ptr<redis::link> link;
        bool sent = false;
        bool late = false;
        asio::steady_timer limit;
    };
    struct idle_link {
        std::shared_ptr<redis::link> link;
        steady_time since;
    };

    void watch(const std::shared_ptr<exchange>& x, steady_time deadline);
    void bytes_moved(exchange& x);
    bool refuses() const noexcept { return server_->is_silent() || !breaker_.allows(); }
    void probe_soon();
    asio::awaitable<void> keep_probing();
    void count_failure(const exchange& x, error_code code);
    void on_limit(const std::shared_ptr<exchange>& x);
    asio::awaitable<void> run(std::shared_ptr<exchange> x);
    asio::awaitable<void> round_trip(exchange& x, http_response& response);
    void finish(const std::shared_ptr<exchange>& x, const http_response& response);
    void fail(const std::shared_ptr<exchange>& x, error_code code, const std::string& words);
    void next();
    std::string head(const exchange& x) const;

    const transport_settings& settings_;
    asio::any_io_executor executor_;
    std::shared_ptr<server_liveness> server_;
    circuit_breaker breaker_;
    asio::steady_timer next_probe_;
    bool probing_ = false;
    std::deque<std::shared_ptr<exchange>> queue_;
    std::vector<std::shared_ptr<exchange>> active_;
    std::vector<idle_link> idle_;
    std::string sync_token_;  ///< for read-your-writes across Upstash's replicas
    std::string tls_facts_;
    error failure_;
    bool closed_ = false;
    std::shared_ptr<bool> is_alive_ = std::make_shared<bool>(true);
};

void rest::start(detail::operation& op)
{
    op.place = nullptr;
    if (closed_) {
        op.end({outcome::not_sent, errc::closed, "the client is closed"});
    } else if (op.what().is_blocking()) {
        op.end({outcome::not_sent, errc::refused, "blocking commands are not available over REST"});
    } else if (refuses()) {
        op.end(failure_.code ? failure_ : error{outcome::not_sent, errc::unavailable, "Redis does not answer in time"});
    } else if (queue_.size() >= settings_.o.limit.queued) {
        op.end({outcome::not_sent, errc::overloaded, "too many commands wait for a connection"});
    } else if (auto call = make_rest_call(op.what()); !call) {
        op.end({outcome::not_sent, errc::refused,
                "over REST only the last argument of a command may hold bytes that are not UTF-8"});
    } else {
        const auto x = std::make_shared<exchange>(op, *std::move(call), executor_);
        op.place = x.get();
        watch(x, op.deadline());
        queue_.push_back(x);
        next();
    }
}

void rest::watch(const std::shared_ptr<exchange>& x, steady_time deadline)
{
    x->limit.expires_at(deadline);
    x->limit.async_wait([this, x, is_alive = is_alive_](error_code ec) {
        if (!ec && *is_alive) on_limit(x);
    });
}

/// Bytes of a large request or response have moved, and more are to come: extends the deadline.
void rest::bytes_moved(exchange& x)
{
    if (x.op != nullptr && x.op->waits_while_bytes_move() && !x.late)
        watch(x.shared_from_this(), now() + settings_.o.time.socket);
}

/// While callers are refused, probes in the background find out when Redis replies again.
void rest::probe_soon()
{
    if (!refuses() || closed_ || std::exchange(probing_, true)) return;
    asio::co_spawn(executor_, keep_probing(), [](const std::exception_ptr& e) {
        if (e) std::rethrow_exception(e);
    });
}

asio::awaitable<void> rest::keep_probing()
{
    const auto is_alive = is_alive_;
    while (refuses() && !closed_) {
        next_probe_.expires_after(settings_.o.breaker.probe_every);
        auto pausing = next_probe_.async_wait(as_result);
        co_await std::move(pausing);
        if (!*is_alive || closed_) co_return;
        const auto x = std::make_shared<exchange>(request{"PING"}, now(), executor_);
        const bool too_slow = !server_->is_silent() && breaker_.probe_due(now());
        watch(x, now() + (too_slow ? breaker_.probe_timeout() : std::chrono::milliseconds{settings_.o.time.socket}));
        active_.push_back(x);
        auto probing = run(x);
        co_await std::move(probing);
        if (!*is_alive) co_return;
    }
    probing_ = false;
}

void rest::next()
{
    while (!queue_.empty() && active_.size() < settings_.o.limit.connections) {
        const auto x = queue_.front();
        queue_.pop_front();
        active_.push_back(x);
        asio::co_spawn(executor_, run(x), [](const std::exception_ptr& e) {
            if (e) std::rethrow_exception(e);
        });
    }
}

void rest::on_limit(const std::shared_ptr<exchange>& x)
{
    x->late = true;
    if (std::erase(queue_, x) > 0) {
        fail(x, errc::timed_out, "no connection was free in time");
    } else if (x->link) {
        x->link->close();
    }
}

std::optional<bool> rest::cancel(detail::operation& op)
{
    const auto is_it = [&](const std::shared_ptr<exchange>& x) { return x->op == &op; };
    if (std::erase_if(queue_, is_it) > 0) return true;
    const auto found = std::ranges::find_if(active_, is_it);
    if (found == active_.end()) return true;
    (*found)->op = nullptr;
    return !(*found)->sent;
}

void rest::close()
{
    if (std::exchange(closed_, true)) return;
    connected_ = false;
    next_probe_.cancel();
    for (const auto& x : std::exchange(queue_, {})) fail(x, errc::closed, "the client is closed");
    for (const auto& x : active_) {
        if (x->link) x->link->close();
    }
    idle_.clear();
}

std::string rest::head(const exchange& x) const
{
    const auto& to = settings_.o.addresses.front();
    std::string out = "POST " + settings_.o.path + x.call.path + " HTTP/1.1\r\nHost: " + to.text();
    out += "\r\nAuthorization: Bearer " + settings_.o.login.password;
    out += "\r\nContent-Type: application/json\r\nUpstash-Encoding: base64\r\nupstash-sync-token: " + sync_token_;
    return out + "\r\nContent-Length: " + std::to_string(x.call.body.size()) + "\r\n\r\n";
}

asio::awaitable<void> rest::run(std::shared_ptr<exchange> x)
{
    const auto is_alive = is_alive_;
    http_response response{body_limit};
    std::optional<std::pair<error_code, std::string>> problem;
    try {
        co_await round_trip(*x, response);
    } catch (const system_error& e) {
        problem.emplace(e.code(), message_of(e));
    }
    if (!*is_alive) co_return;
    x->limit.cancel();
    std::erase(active_, x);
    if (problem) {
        fail(x, x->late ? make_error_code(errc::timed_out) : problem->first, problem->second);
    } else {
        finish(x, response);
    }
    next();
}

asio::awaitable<void> rest::round_trip(exchange& x, http_response& response)
{
    std::erase_if(idle_, [](const idle_link& i) { return now() - i.since > longest_idle; });
    if (!idle_.empty()) {
        x.link = idle_.back().link;
        idle_.pop_back();
    } else {
        x.link = std::make_shared<redis::link>(executor_, settings_.tls.get());
        co_await x.link->open(settings_.o.addresses.front(), now() + settings_.o.time.connect, settings_.o.time.socket);
        tls_facts_ = x.link->tls_facts();
    }
    if (x.late || (x.op == nullptr && !x.is_probe)) throw system_error{asio::error::operation_aborted};
    x.sent = true;
    const auto bytes = head(x) + x.call.body;
    for (std::size_t done = 0; done < bytes.size();) {
        auto writing = x.link->async_write(std::string_view{bytes}.substr(done), as_result);
        const auto [ec, n] = co_await std::move(writing);
        if (ec) throw system_error{ec};
        done += n;
        if (done < bytes.size()) bytes_moved(x);
    }
    std::vector<char> buffer(16 * 1024);
    while (!response.complete()) {
        auto reading = x.link->async_read(buffer, as_result);
        const auto [ec, n] = co_await std::move(reading);
        if (ec && !(ec == asio::error::eof && response.end())) throw system_error{ec};
        if (!ec && !response.add({buffer.data(), n}))
            throw system_error{make_error_code(errc::malformed), "the response is not HTTP, or is too large"};
        if (!ec && !response.complete()) bytes_moved(x);
    }
}

void rest::fail(const std::shared_ptr<exchange>& x, error_code code, const std::string& words)
{
    const error e{x->sent ? outcome::unknown : outcome::not_sent, code, words};
    if (code != errc::closed) {
        failure_ = e;
        failure_.outcome = outcome::not_sent;
        connected_ = false;
        count_failure(*x, code);
        probe_soon();
    }
    if (x->op != nullptr) x->op->end(e);
}

void rest::count_failure(const exchange& x, error_code code)
{
    const auto waited = std::chrono::ceil<std::chrono::milliseconds>(x.limit.expiry() - x.begun);
    if (code != errc::timed_out) {
        server_->failed_to_connect();
    } else {
        server_->timed_out(x.begun);
        breaker_.failed(now(), waited);
    }
}

void rest::finish(const std::shared_ptr<exchange>& x, const http_response& response)
{
    if (response.keeps_alive() && !closed_ && idle_.size() < settings_.o.limit.connections)
        idle_.push_back({x->link, now()});
    if (const auto token = response.header("upstash-sync-token"); !token.empty()) sync_token_ = token;
    const auto words = rest_error(response.body());
    if (response.status() >= 500) {
        fail(x, errc::unavailable, "HTTP " + std::to_string(response.status()) + (words.empty() ? "" : ": " + words));
        return;
    }
    breaker_.succeeded();
    server_->note_activity(now());
    connected_ = true;
    if (x->op == nullptr) return;
    // Status 400 carries the error of a single command. Every other status but 200 concerns the request as a whole.
    const bool whole = response.status() != 200 && (response.status() != 400 || x->what.commands() > 1);
    if (whole && !x->what.is_transaction()) {
        x->op->end(
            {outcome::refused, errc::refused, words.empty() ? "HTTP " + std::to_string(response.status()) : words});
    } else if (deliver_rest_replies(x->what, response.body(), *x->op)) {
        x->op->on_end(outcome::ok, {});
    } else {
        x->op->end({outcome::unknown, errc::malformed, "the response does not have the format of the REST interface"});
    }
}

}  // namespace

std::unique_ptr<transport> make_rest(const asio::any_io_executor& executor, const transport_settings& s)
{
    return std::make_unique<rest>(executor, s);
}

}  // namespace larder::redis
