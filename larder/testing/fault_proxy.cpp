// SPDX-License-Identifier: MIT
// Each connection has two pipes, one per direction. A pipe (pump) reads bytes, queues them with their time of arrival,
// and writes them. Everything except the counters belongs to the proxy's thread, and the calls that set faults run
// there. Pipes check the faults before each step; a pipe that is held checks again every millisecond. Start with
// state::take(), pump() and forward().
#include <sys/ioctl.h>

#include <algorithm>
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
#include <condition_variable>
#include <future>
#include <larder/testing/fault_proxy.hpp>
#include <list>
#include <mutex>
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
    std::chrono::milliseconds delay{0};
    std::size_t rate = 0;
    std::size_t piece = 0;
    std::optional<std::uint64_t> cut{};
    std::uint64_t cuts = 0;  ///< number of calls of cut_after(); a change makes connections start counting again
    bool black_hole = false;
    bool discard = false;
};

struct connection {
    connection(tcp::socket c, asio::io_context& io) : client{std::move(c)}, server{io} {}

    void close(bool reset)
    {
        for (auto* s : {&client, &server}) {
            error_code ignored;
            if (reset)
                s->set_option(asio::socket_base::linger{true, 0}, ignored);
            else
                empty(*s);
            s->close(ignored);
        }
    }

    /// The kernel sends RST instead of FIN when a socket is closed with unread bytes, so these are read first.
    static void empty(tcp::socket& s)
    {
        error_code ec;
        s.non_blocking(true, ec);
        std::array<char, largest_piece> unread;
        for (std::size_t n = 0; !ec && n < 4 * largest_queue;) n += s.read_some(asio::buffer(unread), ec);
    }

    tcp::socket client;
    tcp::socket server;
    bool has_hole = false;
    int pipes = 2;
};

struct piece {
    std::chrono::steady_clock::time_point arrival;
    std::string bytes;
};

/// The bytes that one connection has forwarded in one direction since the last call of cut_after().
struct count_to_cut {
    std::uint64_t cut = 0;
    std::uint64_t bytes = 0;
};

/// Whether the peer's kernel has all bytes. Closing with RST would discard those that it does not have.
bool all_sent(tcp::socket& s)
{
    int unsent = 0;
    return ioctl(s.native_handle(), TIOCOUTQ, &unsent) != 0 || unsent == 0;
}

}  // namespace

struct fault_proxy::state {
    explicit state(unsigned short t) : target{t}
    {
        // Bound but never listening, so that nobody else is given the port while the proxy refuses connections.
        reservation.set_option(asio::socket_base::reuse_address{true});
        reservation.bind(tcp::endpoint{asio::ip::address_v4::loopback(), 0});
        port = reservation.local_endpoint().port();
        listen();
        thread = std::thread{[this] { io.run(); }};
    }
    ~state()
    {
        io.stop();
        thread.join();
    }

    void listen()
    {
        acceptor = std::make_shared<tcp::acceptor>(io, tcp::endpoint{asio::ip::address_v4::loopback(), port});
        acceptor->non_blocking(true);
        asio::co_spawn(io, accept(acceptor), [](std::exception_ptr) {});
    }

    /// Only waits here and accepts synchronously, because an asynchronous accept might complete before the proxy knows
    /// of the connection.
    asio::awaitable<void> accept(std::shared_ptr<tcp::acceptor> from)
    {
        while (from->is_open()) {
            auto ready = from->async_wait(tcp::acceptor::wait_read, as_result);
            const auto [ec] = co_await std::move(ready);
            if (ec) co_return;
            accept_waiting();
        }
    }

    void accept_waiting()
    {
        error_code ec;
        while (acceptor && !ec) {
            tcp::socket s{io};
            acceptor->accept(s, ec);
            if (!ec) take(std::move(s));
        }
    }

    void take(tcp::socket s)
    {
        auto c = std::make_shared<connection>(std::move(s), io);
        all.push_back(c);
        ++accepted;
        count_open();
        asio::co_spawn(io, serve(c), [](std::exception_ptr) {});
    }

    asio::awaitable<void> serve(std::shared_ptr<connection> c)
    {
        if (!c->client.is_open()) co_return;  // closed by a call before this started
        const tcp::endpoint to{asio::ip::address_v4::loopback(), target};
        auto connecting = c->server.async_connect(to, as_result);
        const auto [ec] = co_await std::move(connecting);
        error_code ignored;
        c->client.set_option(tcp::no_delay{true}, ignored);
        c->server.set_option(tcp::no_delay{true}, ignored);
        if (ec || !c->client.is_open()) {
            finish(c, true);
            co_return;
        }
        asio::co_spawn(io, pump(c, c->client, c->server, direction::to_server), [](std::exception_ptr) {});
        asio::co_spawn(io, pump(c, c->server, c->client, direction::to_client), [](std::exception_ptr) {});
    }

    void finish(const std::shared_ptr<connection>& c, bool reset)
    {
        c->close(reset);
        if (std::erase(all, c) > 0) count_open();
    }

    void count_open()
    {
        const std::scoped_lock lock{mutex};
        open = all.size();
        changed.notify_all();
    }

    asio::awaitable<void> pause(std::chrono::steady_clock::duration d)
    {
        asio::steady_timer t{io, d};
        auto waiting = t.async_wait(as_result);
        co_await std::move(waiting);
    }

    asio::awaitable<void> pump(std::shared_ptr<connection> c, tcp::socket& from, tcp::socket& to, direction d)
    {
        const faults& f = sides[static_cast<std::size_t>(d)];
        count_to_cut counted;
        std::list<piece> queue;
        std::size_t queued = 0;
        std::array<char, largest_piece> buffer;
        bool ended = false;
        from.non_blocking(true);
        while (c->client.is_open()) {
            // Reads what is there, and waits only if there is nothing to write either.
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
                    queue.push_back({std::chrono::steady_clock::now(), {buffer.data(), n}});
                    queued += n;
                }
            }
            if (ended && queue.empty()) break;
            if (queue.empty() || f.black_hole || queue.front().arrival + f.delay > std::chrono::steady_clock::now()) {
                if (f.black_hole || !queue.empty()) co_await pause(std::chrono::milliseconds{1});
                continue;
            }
            auto bytes = std::move(queue.front().bytes);
            queue.pop_front();
            queued -= bytes.size();
            const bool alive = co_await forward(*c, to, bytes, d, counted);
            if (!alive) break;
        }
        if (--c->pipes == 0 || !ended) {
            finish(c, !ended);
        } else {
            error_code ignored;
            to.shutdown(tcp::socket::shutdown_send, ignored);
        }
    }

    /// Writes in the pieces and at the rate that are set. False: the connection is over.
    asio::awaitable<bool> forward(connection& c, tcp::socket& to, const std::string& bytes, direction d,
                                  count_to_cut& counted)
    {
        faults& f = sides[static_cast<std::size_t>(d)];
        for (std::size_t done = 0; done < bytes.size();) {
            while (f.black_hole && c.client.is_open()) co_await pause(std::chrono::milliseconds{1});
            const auto rate = f.rate;
            std::size_t n = bytes.size() - done;
            if (f.piece > 0) n = std::min(n, f.piece);
            if (rate > 0) n = std::min(n, std::max<std::size_t>(rate / 100, 1));
            const bool cut = limit_to_cut(n, f, counted);
            auto writing = asio::async_write(to, asio::buffer(bytes.data() + done, n), as_result);
            const auto [ec, written] = co_await std::move(writing);
            forwarded[static_cast<std::size_t>(d)] += written;
            done += written;
            if (ec) co_return false;
            if (cut) {
                co_await until_sent(c, to);
                co_return false;
            }
            if (rate > 0) co_await pace(f, rate, n);
        }
        co_return true;
    }

    /// Lowers `n` to what may be sent before the cut. True: the cut follows these bytes, and is used up.
    static bool limit_to_cut(std::size_t& n, faults& f, count_to_cut& counted)
    {
        if (!f.cut) return false;
        if (counted.cut != f.cuts) counted = {.cut = f.cuts, .bytes = 0};
        const auto left = *f.cut - counted.bytes;
        n = static_cast<std::size_t>(std::min<std::uint64_t>(n, left));
        counted.bytes += n;
        if (n < left) return false;
        f.cut.reset();
        return true;
    }

    /// The bytes before a cut must arrive, but a peer that does not read may not keep the connection open for ever.
    asio::awaitable<void> until_sent(connection& c, tcp::socket& to)
    {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{2};
        while (c.client.is_open() && !all_sent(to) && std::chrono::steady_clock::now() < end)
            co_await pause(std::chrono::milliseconds{1});
    }

    /// Waits as long as `n` bytes take at this rate, unless the rate changes meanwhile or has changed during the write.
    asio::awaitable<void> pace(const faults& f, std::size_t rate, std::size_t n)
    {
        using std::chrono::steady_clock;
        const auto end = steady_clock::now() + std::chrono::microseconds{1'000'000 * n / rate};
        while (f.rate == rate && steady_clock::now() < end)
            co_await pause(std::min<steady_clock::duration>(end - steady_clock::now(), std::chrono::milliseconds{1}));
    }

    /// Runs `f` on the proxy's thread and waits until it returns.
    template <class F>
    void on_thread(F f)
    {
        std::promise<void> done;
        asio::post(io, [&] {
            try {
                f();
                done.set_value();
            } catch (...) {
                done.set_exception(std::current_exception());
            }
        });
        done.get_future().get();
    }

    template <class F>
    void change(direction d, F f)
    {
        on_thread([&] {
            if (d != direction::to_client) f(sides[0]);
            if (d != direction::to_server) f(sides[1]);
        });
    }

    void end_all(bool reset)
    {
        accept_waiting();
        for (const auto& c : std::list{all}) finish(c, reset);
    }

    asio::io_context io;
    asio::executor_work_guard<asio::io_context::executor_type> work = asio::make_work_guard(io);
    unsigned short target;
    unsigned short port = 0;
    tcp::socket reservation{io, tcp::v4()};
    std::shared_ptr<tcp::acceptor> acceptor;
    std::list<std::shared_ptr<connection>> all;
    std::array<faults, 2> sides;
    std::array<std::atomic<std::uint64_t>, 2> forwarded{};
    std::atomic<std::uint64_t> accepted = 0;
    std::atomic<std::uint64_t> discarded = 0;
    std::mutex mutex;
    std::condition_variable changed;
    std::size_t open = 0;  // guarded by the mutex
    std::thread thread;
};

fault_proxy::fault_proxy(unsigned short target) : state_{std::make_unique<state>(target)} {}
fault_proxy::~fault_proxy() = default;

unsigned short fault_proxy::port() const noexcept { return state_->port; }

void fault_proxy::retarget(unsigned short target)
{
    state_->on_thread([&] { state_->target = target; });
}

void fault_proxy::delay(direction d, std::chrono::milliseconds by)
{
    state_->change(d, [&](faults& f) { f.delay = by; });
}

void fault_proxy::throttle(direction d, std::size_t bytes_per_second)
{
    state_->change(d, [&](faults& f) { f.rate = bytes_per_second; });
}

void fault_proxy::split(direction d, std::size_t bytes)
{
    state_->change(d, [&](faults& f) { f.piece = bytes; });
}

void fault_proxy::cut_after(direction d, std::uint64_t bytes)
{
    state_->change(d, [&](faults& f) {
        f.cut = bytes;
        ++f.cuts;
    });
}

void fault_proxy::black_hole(direction d)
{
    state_->change(d, [](faults& f) { f.black_hole = true; });
}

void fault_proxy::discard(direction d)
{
    state_->change(d, [](faults& f) { f.discard = true; });
}

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
        state_->end_all(true);
        if (state_->acceptor) state_->acceptor->close();
        state_->acceptor.reset();
    });
}

void fault_proxy::heal()
{
    state_->on_thread([this] {
        for (auto& f : state_->sides) {
            faults none;
            none.cuts = f.cuts;
            f = none;
        }
        for (const auto& c : std::list{state_->all}) {
            if (c->has_hole) state_->finish(c, true);
        }
        if (!state_->acceptor) state_->listen();
    });
}

std::size_t fault_proxy::connections() const
{
    const std::scoped_lock lock{state_->mutex};
    return state_->open;
}

bool fault_proxy::wait_for_connections(std::size_t n, std::chrono::milliseconds limit) const
{
    std::unique_lock lock{state_->mutex};
    return state_->changed.wait_for(lock, limit, [&] { return state_->open == n; });
}

std::uint64_t fault_proxy::accepted() const { return state_->accepted; }
std::uint64_t fault_proxy::discarded() const { return state_->discarded; }

std::uint64_t fault_proxy::bytes(direction d) const
{
    const auto& [up, down] = state_->forwarded;
    if (d == direction::both) return up + down;
    return d == direction::to_server ? up : down;
}

}  // namespace larder::testing
