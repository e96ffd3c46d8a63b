// SPDX-License-Identifier: MIT
// A wire is one connection: receive() reads from the node's socket into a queue, deliver_to_server() executes commands
// when they are due, and deliver_to_client() writes replies and pushes back. Invariant: pieces of one direction stay in
// order, whatever their delays. Start at wire::start() and wire::put().
#include "network.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/write.hpp>

namespace larder::simulation {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

static void rethrow(const std::exception_ptr& e)
{
    if (e) std::rethrow_exception(e);
}

/// One connection.
class wire : public std::enable_shared_from_this<wire> {
 public:
    wire(asio::local::stream_protocol::socket s, std::shared_ptr<server> to, const faults& f, randomness& r)
        : socket_{std::move(s)},
          to_{std::move(to)},
          session_{&to_->model.connect()},
          faults_{f},
          random_{r},
          to_server_{socket_.get_executor()},
          to_client_{socket_.get_executor()}
    {}

    void start()
    {
        const auto go = [this](auto work) { asio::co_spawn(socket_.get_executor(), std::move(work), rethrow); };
        go(receive(shared_from_this()));
        go(deliver_to_server(shared_from_this()));
        go(deliver_to_client(shared_from_this()));
    }
    void cut(bool deliver)
    {
        boost::system::error_code ignored;
        socket_.close(ignored);
        if (!deliver) to_server_.queue.clear();
        end(to_server_);
        to_client_.queue.clear();
        end(to_client_);
    }
    bool open() const { return session_ != nullptr && socket_.is_open(); }
    model_redis::session* session() const { return session_; }
    /// Queues the output that the model has for this connection.
    void take_answers()
    {
        if (session_ == nullptr || session_->out.empty()) return;
        put(to_client_, std::exchange(session_->out, {}));
    }

 private:
    struct stream {
        explicit stream(const asio::any_io_executor& e) : wake{e, time_point::max()} {}
        std::deque<std::pair<time_point, std::string>> queue;
        time_point last{};
        asio::steady_timer wake;
        bool ended = false;
    };
    static void end(stream& s)
    {
        s.ended = true;
        s.wake.expires_at(time_point::min());
    }
    std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>{0, n - 1}(random_); }

    void put(stream& s, std::string bytes)
    {
        const auto now = steady_clock::now();
        while (!bytes.empty()) {
            const bool split = now < faults_.split_until;
            const auto n = split ? 1 + below(bytes.size()) : bytes.size();
            const auto extra = now < faults_.late_until ? faults_.late : 0ms;
            s.last = std::max(s.last, now + std::chrono::milliseconds{below(3)} + extra);
            s.queue.emplace_back(s.last, bytes.substr(0, n));
            bytes.erase(0, n);
        }
        s.wake.expires_at(time_point::min());
    }
    /// Waits for the next piece that is due. Returns nullopt at the end of the stream.
    static asio::awaitable<std::optional<std::string>> next(stream& s, const time_point& hole)
    {
        for (;;) {
            if (s.queue.empty() && s.ended) co_return std::nullopt;
            const auto due = s.queue.empty() ? time_point::max() : std::max(s.queue.front().first, hole);
            if (!s.queue.empty() && (due <= steady_clock::now() || s.ended)) {
                auto piece = std::move(s.queue.front().second);
                s.queue.pop_front();
                co_return piece;
            }
            s.wake.expires_at(due);
            auto waiting = s.wake.async_wait(asio::as_tuple(asio::deferred));
            co_await std::move(waiting);
        }
    }
    static asio::awaitable<void> receive(std::shared_ptr<wire> self)
    {
        std::array<char, 16384> some;
        for (;;) {
            auto reading = self->socket_.async_read_some(asio::buffer(some), asio::as_tuple(asio::deferred));
            const auto [ec, n] = co_await std::move(reading);
            if (ec) break;
            self->put(self->to_server_, std::string{some.data(), n});
        }
        end(self->to_server_);
    }
    static asio::awaitable<void> deliver_to_server(std::shared_ptr<wire> self)
    {
        std::string bytes;
        for (;;) {
            auto piece = co_await next(self->to_server_, self->faults_.hole_to_server);
            if (!piece) break;
            bytes += *piece;
            self->serve(bytes);
        }
        self->to_->model.disconnect(*self->session_);
        self->session_ = nullptr;
        end(self->to_client_);
    }
    void serve(std::string& bytes)
    {
        resp::reader reader;
        while (to_->alive && reader.read(bytes) == resp::progress::complete) {
            std::vector<std::string> command;
            const auto v = reader.root(bytes);
            for (std::size_t i = 0; i < v.size(); ++i) command.emplace_back(v.child(i).text());
            bytes.erase(0, reader.consumed());
            reader.next();
            if (to_->refuses_tracking && command.size() > 1 && command[0] == "CLIENT" && command[1] == "TRACKING") {
                session_->out += "-NOPERM this user has no permissions to run the 'client|tracking' command\r\n";
            } else {
                to_->model.execute(*session_, command);
            }
        }
        std::erase_if(to_->wires, [](const auto& w) { return w.expired(); });
        for (const auto& w : to_->wires)
            if (const auto other = w.lock()) other->take_answers();
    }
    static asio::awaitable<void> deliver_to_client(std::shared_ptr<wire> self)
    {
        for (;;) {
            auto piece = co_await next(self->to_client_, self->faults_.hole_to_client);
            if (!piece || !self->socket_.is_open()) break;
            auto writing = asio::async_write(self->socket_, asio::buffer(*piece), asio::as_tuple(asio::deferred));
            const auto [ec, n] = co_await std::move(writing);
            if (ec) break;
        }
        boost::system::error_code ignored;
        self->socket_.close(ignored);
    }

    asio::local::stream_protocol::socket socket_;
    std::shared_ptr<server> to_;
    model_redis::session* session_;
    const faults& faults_;
    randomness& random_;
    stream to_server_;
    stream to_client_;
};

void tell(wire& w) { w.take_answers(); }

door::door(asio::io_context& io, std::string path, randomness& random)
    : io_{io}, path_{std::move(path)}, acceptor_{io, asio::local::stream_protocol::endpoint{path_}}, random_{random}
{
    asio::co_spawn(io_, accept(), rethrow);
}

asio::awaitable<void> door::accept()
{
    for (;;) {
        auto accepting = acceptor_.async_accept(asio::as_tuple(asio::deferred));
        auto [ec, socket] = co_await std::move(accepting);
        if (ec) co_return;
        if (shut_ || to_ == nullptr || !to_->alive) continue;  // closes the connection at once
        const auto made = std::make_shared<wire>(std::move(socket), to_, now, random_);
        std::erase_if(wires_, [](const auto& w) { return w.expired(); });
        wires_.push_back(made);
        to_->wires.push_back(made);
        made->start();
    }
}

void door::cut(bool deliver)
{
    for (const auto& w : std::exchange(wires_, {}))
        if (const auto open = w.lock()) open->cut(deliver);
}

void door::shut()
{
    shut_ = true;
    cut(true);
}

std::size_t door::connections() const
{
    std::size_t n = 0;
    for (const auto& w : wires_) {
        const auto open = w.lock();
        n += open != nullptr && open->open() ? 1 : 0;
    }
    return n;
}

}  // namespace larder::simulation
