// SPDX-License-Identifier: MIT
// Each connection has two pipes; a pipe reads, queues with the time when the piece is due, and writes. Faults are
// atomics that the pipes look at before each step; a pipe that is held looks again every millisecond.
#include <array>
#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <future>
#include <larder/testing/fault_proxy.hpp>
#include <list>
#include <optional>
#include <string>
#include <thread>

namespace larder::testing {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr auto as_result = asio::as_tuple(asio::deferred);
constexpr std::size_t largest_queue = 1 << 20;
constexpr std::size_t largest_piece = 16 * 1024;

struct faults {
    std::atomic<std::int64_t> delay_ms = 0;
    std::atomic<std::size_t> rate = 0;
    std::atomic<std::size_t> piece = 0;
    std::atomic<std::int64_t> cut = -1;  ///< bytes left until the cut; -1: none
    std::atomic<bool> black_hole = false;
    std::atomic<bool> discard = false;
    std::atomic<std::uint64_t> bytes = 0;

    void clear()
    {
        delay_ms = 0;
        rate = 0;
        piece = 0;
        cut = -1;
        black_hole = false;
        discard = false;
    }
};

struct connection {
    connection(tcp::socket c, asio::io_context& io) : client{std::move(c)}, server{io} {}

    void close(bool reset)
    {
        for (auto* s : {&client, &server}) {
            error_code ignored;
            if (reset) s->set_option(asio::socket_base::linger{true, 0}, ignored);
            s->close(ignored);
        }
    }

    tcp::socket client;
    tcp::socket server;
    bool has_hole = false;
    int pipes = 2;
};

struct piece {
    std::chrono::steady_clock::time_point due;
    std::string bytes;
};

}  // namespace

struct fault_proxy::state {
    explicit state(unsigned short t) : target{t}
    {
        listen(0);
        port = acceptor->local_endpoint().port();
    }

    void listen(unsigned short at)
    {
        acceptor.emplace(io, tcp::endpoint{asio::ip::address_v4::loopback(), at});
        asio::co_spawn(io, accept(), [](std::exception_ptr) {});
    }

    asio::awaitable<void> accept()
    {
        while (acceptor) {
            tcp::socket s{io};
            auto accepting = acceptor->async_accept(s, as_result);
            const auto [ec] = co_await std::move(accepting);
            if (ec) co_return;
            ++accepted;
            auto c = std::make_shared<connection>(std::move(s), io);
            all.push_back(c);
            ++open;
            asio::co_spawn(io, serve(c), [](std::exception_ptr) {});
        }
    }

    asio::awaitable<void> serve(std::shared_ptr<connection> c)
    {
        const tcp::endpoint to{asio::ip::address_v4::loopback(), target.load()};
        auto connecting = c->server.async_connect(to, as_result);
        const auto [ec] = co_await std::move(connecting);
        error_code ignored;
        c->client.set_option(tcp::no_delay{true}, ignored);
        c->server.set_option(tcp::no_delay{true}, ignored);
        if (ec) {
            c->pipes = 0;
            finish(c, true);
            co_return;
        }
        asio::co_spawn(io, pump(c, c->client, c->server, sides[0]), [](std::exception_ptr) {});
        asio::co_spawn(io, pump(c, c->server, c->client, sides[1]), [](std::exception_ptr) {});
    }

    void finish(const std::shared_ptr<connection>& c, bool reset)
    {
        c->close(reset);
        if (std::erase(all, c) > 0) --open;
    }

    asio::awaitable<void> pause(std::chrono::steady_clock::duration d)
    {
        asio::steady_timer t{io, d};
        auto waiting = t.async_wait(as_result);
        co_await std::move(waiting);
    }

    asio::awaitable<void> pump(std::shared_ptr<connection> c, tcp::socket& from, tcp::socket& to, faults& f)
    {
        std::list<piece> queue;
        std::size_t queued = 0;
        std::array<char, largest_piece> buffer;
        bool ended = false;
        from.non_blocking(true);
        while (c->client.is_open()) {
            // Read what is there; wait only when there is nothing to write either.
            if (!ended && !f.black_hole && queued < largest_queue) {
                if (queue.empty()) {
                    auto ready = from.async_wait(tcp::socket::wait_read, as_result);
                    const auto [failed] = co_await std::move(ready);
                    if (failed || !c->client.is_open()) break;
                    if (f.black_hole) continue;
                }
                error_code ec;
                const auto n = from.read_some(asio::buffer(buffer), ec);
                ended = ec && ec != asio::error::would_block;
                if (n > 0 && f.discard) {
                    c->has_hole = true;
                    discarded += n;
                } else if (n > 0) {
                    queue.push_back(
                        {std::chrono::steady_clock::now() + std::chrono::milliseconds{f.delay_ms}, {buffer.data(), n}});
                    queued += n;
                }
            }
            if (ended && queue.empty()) break;
            if (queue.empty() || f.black_hole || queue.front().due > std::chrono::steady_clock::now()) {
                if (f.black_hole || !queue.empty()) co_await pause(std::chrono::milliseconds{1});
                continue;
            }
            auto bytes = std::move(queue.front().bytes);
            queue.pop_front();
            queued -= bytes.size();
            const bool alive = co_await forward(*c, to, bytes, f);
            if (!alive) break;
        }
        if (--c->pipes == 0 || !ended) {
            finish(c, !ended);
        } else {
            error_code ignored;
            to.shutdown(tcp::socket::shutdown_send, ignored);
        }
    }

    /// Writes in the pieces and at the pace that are asked for. False: the connection is over.
    asio::awaitable<bool> forward(connection& c, tcp::socket& to, const std::string& bytes, faults& f)
    {
        for (std::size_t done = 0; done < bytes.size();) {
            while (f.black_hole && c.client.is_open()) co_await pause(std::chrono::milliseconds{1});
            std::size_t n = bytes.size() - done;
            if (const auto most = f.piece.load(); most > 0) n = std::min(n, most);
            if (const auto rate = f.rate.load(); rate > 0) n = std::min(n, std::max<std::size_t>(rate / 100, 1));
            bool cut = false;
            if (const auto left = f.cut.load(); left >= 0) {
                cut = static_cast<std::size_t>(left) <= n;
                n = std::min(n, static_cast<std::size_t>(left));
                f.cut = cut ? -1 : left - static_cast<std::int64_t>(n);
            }
            auto writing = asio::async_write(to, asio::buffer(bytes.data() + done, n), as_result);
            const auto [ec, written] = co_await std::move(writing);
            f.bytes += written;
            done += written;
            if (ec) co_return false;
            if (cut) {
                // The bytes before the cut must arrive: a reset may overtake what the peer has not read yet.
                co_await pause(std::chrono::milliseconds{2});
                co_return false;
            }
            if (const auto rate = f.rate.load(); rate > 0)
                co_await pause(std::chrono::microseconds{1'000'000 * n / rate});
        }
        co_return true;
    }

    /// Runs `f` on the proxy's thread and waits for it.
    template <class F>
    void on_thread(F f)
    {
        std::promise<void> done;
        asio::post(io, [&] {
            f();
            done.set_value();
        });
        done.get_future().wait();
    }

    void end_all(bool reset)
    {
        for (const auto& c : std::list{all}) finish(c, reset);
    }

    asio::io_context io;
    asio::executor_work_guard<asio::io_context::executor_type> work = asio::make_work_guard(io);
    std::atomic<unsigned short> target;
    unsigned short port = 0;
    std::optional<tcp::acceptor> acceptor;
    std::list<std::shared_ptr<connection>> all;
    std::array<faults, 2> sides;
    std::atomic<std::size_t> open = 0;
    std::atomic<std::uint64_t> accepted = 0;
    std::atomic<std::uint64_t> discarded = 0;
    std::thread thread{[this] { io.run(); }};
};

namespace {

faults& side(std::array<faults, 2>& sides, direction d) { return sides[static_cast<std::size_t>(d)]; }

}  // namespace

fault_proxy::fault_proxy(unsigned short target) : state_{std::make_unique<state>(target)} {}
fault_proxy::~fault_proxy()
{
    state_->io.stop();
    state_->thread.join();
}

unsigned short fault_proxy::port() const noexcept { return state_->port; }
void fault_proxy::retarget(unsigned short target) { state_->target = target; }
void fault_proxy::delay(direction d, std::chrono::milliseconds by) { side(state_->sides, d).delay_ms = by.count(); }
void fault_proxy::throttle(direction d, std::size_t rate) { side(state_->sides, d).rate = rate; }
void fault_proxy::split(direction d, std::size_t bytes) { side(state_->sides, d).piece = bytes; }
void fault_proxy::cut_after(direction d, std::uint64_t n) { side(state_->sides, d).cut = static_cast<std::int64_t>(n); }
void fault_proxy::black_hole(direction d) { side(state_->sides, d).black_hole = true; }
void fault_proxy::discard(direction d) { side(state_->sides, d).discard = true; }

void fault_proxy::reset_all()
{
    state_->on_thread([this] { state_->end_all(true); });
}

void fault_proxy::close_all()
{
    state_->on_thread([this] { state_->end_all(false); });
}

void fault_proxy::refuse()
{
    state_->on_thread([this] {
        state_->acceptor.reset();
        state_->end_all(true);
    });
}

void fault_proxy::heal()
{
    state_->on_thread([this] {
        for (auto& f : state_->sides) f.clear();
        for (const auto& c : std::list{state_->all}) {
            if (c->has_hole) state_->finish(c, true);
        }
        if (!state_->acceptor) state_->listen(state_->port);
    });
}

std::size_t fault_proxy::connections() const { return state_->open; }
std::uint64_t fault_proxy::accepted() const { return state_->accepted; }
std::uint64_t fault_proxy::discarded() const { return state_->discarded; }
std::uint64_t fault_proxy::bytes(direction d) const { return side(state_->sides, d).bytes; }

}  // namespace larder::testing
