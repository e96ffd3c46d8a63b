// SPDX-License-Identifier: MIT
// Compares the model of Redis with a real redis-server: random sequences of the commands and scripts that the cache
// uses, on three connections, two of them tracked, with a clock that only the test moves. All bytes that are returned,
// pushes included, must be the same. Start at the test at the end.
#include "model_redis.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <larder/src/cache/scripts.hpp>
#include <larder/testing/process.hpp>

#include <deque>
#include <fstream>
#include <random>

namespace larder::simulation {
namespace {

namespace lua = larder::detail::lua;
using words = std::vector<std::string>;

/// The wall clock of both the server and the model.
class frozen_clock {
 public:
    explicit frozen_clock(const std::filesystem::path& file)
    {
        std::ofstream{file} << std::string(16, '\0');
        const int f = ::open(file.c_str(), O_RDWR | O_CLOEXEC);
        at_ = static_cast<std::int64_t*>(::mmap(nullptr, 16, PROT_READ | PROT_WRITE, MAP_SHARED, f, 0));
        ::close(f);
        at_[1] = 1;
        at_[0] = 1'700'000'000'000'000;
    }
    ~frozen_clock() { ::munmap(at_, 16); }
    frozen_clock(const frozen_clock&) = delete;
    frozen_clock& operator=(const frozen_clock&) = delete;
    std::int64_t us() const { return at_[0]; }
    void go_on(std::int64_t us) { at_[0] += us; }

 private:
    std::int64_t* at_;
};

class raw_connection {
 public:
    explicit raw_connection(const std::filesystem::path& socket) : fd_{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)}
    {
        sockaddr_un to{};
        to.sun_family = AF_UNIX;
        socket.string().copy(to.sun_path, sizeof to.sun_path - 1);
        if (::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0)
            throw std::runtime_error{"no connection to " + socket.string()};
    }
    ~raw_connection() { ::close(fd_); }
    raw_connection(const raw_connection&) = delete;
    raw_connection& operator=(const raw_connection&) = delete;

    void send(const words& w)
    {
        std::string out = "*" + std::to_string(w.size()) + "\r\n";
        for (const auto& s : w) out += "$" + std::to_string(s.size()) + "\r\n" + s + "\r\n";
        to_send_ += out;
    }
    void flush()
    {
        for (std::string_view left = to_send_; !left.empty();) {
            const auto n = ::send(fd_, left.data(), left.size(), 0);
            if (n <= 0) throw std::runtime_error{"the server has closed the connection"};
            left.remove_prefix(static_cast<std::size_t>(n));
        }
        to_send_.clear();
    }
    /// Reads `n` bytes; returns fewer if no more arrive for two seconds.
    std::string receive(std::size_t n)
    {
        std::string out;
        while (out.size() < n) {
            pollfd p{fd_, POLLIN, 0};
            if (::poll(&p, 1, 2000) <= 0) break;
            std::array<char, 65536> some{};
            const auto got = ::recv(fd_, some.data(), std::min(some.size(), n - out.size()), 0);
            if (got <= 0) break;
            out.append(some.data(), static_cast<std::size_t>(got));
        }
        return out;
    }

 private:
    int fd_;
    std::string to_send_;
};

/// Generates random commands: those that the cache may send, and those of other clients that disturb it.
class generator {
 public:
    generator(std::uint64_t seed, const frozen_clock& c, std::string run)
        : random_{seed}, clock_{c}, run_{std::move(run)}
    {}

    std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>{0, n - 1}(random_); }
    words command()
    {
        switch (below(18)) {
            case 0:
            case 1:
            case 2:
                return script(lua::acquire, {key()},
                              {epoch(), token(), number(1, 60), acquire_mode(), when(), below(3) == 0 ? token() : ""});
            case 3:
            case 4:
                return script(lua::fill, {key()}, {token(), number(1, 90), bytes()});
            case 5:
                return script(lua::release, {key()}, {token(), below(2) == 0 ? "0" : number(1, 60)});
            case 6:
                return script(lua::renew, {key()}, {token(), number(1, 90)});
            case 7:
            case 8:
                return script(lua::tag, {tag()}, {token(), number(10, 90)});
            case 9:
                return script(lua::heartbeat, {"larder:epoch", "larder:watermark"}, {below(2) == 0 ? "" : epoch()});
            case 10:
                return script(lua::relay_begin, control(),
                              {epoch(), token(), number(5, 60), below(3) == 0 ? "1" : "0"});
            case 11:
                return script(lua::relay_end, control(), {epoch(), named(), token(), number(5, 60)});
            case 12:
                return script(lua::relay_epoch, {"larder:epoch", "larder:watermark"}, {named()});
            case 13:
                return {"UNLINK", key(), tag(), key()};
            case 14:
                return {"PSETEX", key(), number(1, 90), bytes()};
            case 15:
                return {"GETRANGE", key(), "0", number(0, 60)};
            case 16:
                return stranger();
            default:
                return {below(2) == 0 ? "PTTL" : "GET", key()};
        }
    }

 private:
    words stranger()
    {
        switch (below(8)) {
            case 0:
                return {"DEL", key()};
            case 1:
                return {"SET", key(), below(2) == 0 ? "a stranger's" : bytes()};
            case 2:
                return {"SETRANGE", key(), number(0, 120), below(4) == 0 ? "" : "broken"};
            case 3:
                return {"PEXPIRE", key(), number(-1, 60)};
            case 4:
                return {"STRLEN", key()};
            case 5:
                return {"EXISTS", key(), tag(), key()};
            case 6:
                return below(10) == 0 ? words{"FLUSHALL"} : words{"TIME"};
            default:
                return {"PING"};
        }
    }
    static words script(const redis::script& s, const words& keys, const words& arguments)
    {
        words w{"EVALSHA", s.sha1(), std::to_string(keys.size())};
        w.insert(w.end(), keys.begin(), keys.end());
        w.insert(w.end(), arguments.begin(), arguments.end());
        return w;
    }
    static words control() { return {"larder:epoch", "larder:watermark", "larder:relay"}; }
    std::string key() { return "entry:" + std::to_string(below(4)); }
    std::string tag() { return "larder:tag:" + std::to_string(below(3)); }
    std::string token()
    {
        return below(12) == 0 ? std::string(32, 'f') : std::string(32, static_cast<char>('a' + below(3)));
    }
    std::string epoch() { return std::string(16, static_cast<char>('0' + below(3))); }
    std::string named() { return epoch() + ":" + (below(5) == 0 ? "another" : run_); }
    std::string acquire_mode()
    {
        static const words all{"load", "refresh", "replace", "peek"};
        return all[below(all.size())];
    }
    std::string number(std::int64_t from, std::int64_t to)
    {
        return std::to_string(std::uniform_int_distribution<std::int64_t>{from, to}(random_));
    }
    std::string when() { return std::to_string(clock_.us() / 1000 + std::stoll(number(-60, 60))); }
    std::string digits()
    {
        const auto w = when();
        return std::string(14 - w.size(), '0') + w;
    }
    std::string bytes()
    {
        if (below(8) == 0) return std::string(below(120), static_cast<char>(below(256)));
        return "LRD1" + std::string(46, '0') + epoch() + digits() + digits() + digits() + std::string(below(40), 'x');
    }

    std::mt19937_64 random_;
    const frozen_clock& clock_;
    std::string run_;
};

/// A connection to the real server and one to the model, which get the same commands.
struct pair_of_connections {
    pair_of_connections(const std::filesystem::path& socket, model_redis& m)
        : real{socket}, model{m.connect()}, redis{m}
    {}
    void send(const words& w)
    {
        real.send(w);
        redis.execute(model, w);
    }
    raw_connection real;
    model_redis::session& model;
    model_redis& redis;
};

TEST(model_redis, answers_byte_for_byte_as_the_real_one_does)
{
    const larder::testing::temporary_folder folder;
    frozen_clock clock{folder.path() / "clock"};
    const auto socket = folder.path() / "redis.sock";
    larder::testing::process server{{"/usr/bin/env", std::string{"LD_PRELOAD="} + CLOCK_SHIM,
                                     "CLOCK_SHIM=" + (folder.path() / "clock").string(), "redis-server", "--port", "0",
                                     "--unixsocket", socket.string(), "--save", "", "--enable-debug-command", "yes"}};
    ASSERT_TRUE(server.wait_for_output("Ready to accept") || server.wait_for_output("ready to accept"))
        << server.output();
    std::string run;
    {
        raw_connection c{socket};
        c.send({"INFO", "server"});
        c.send({"DEBUG", "SET-ACTIVE-EXPIRE", "0"});
        c.flush();
        const auto info = c.receive(600);
        run = info.substr(info.find("run_id:") + 7, 40);
    }
    model_redis model{run, [&] { return clock.us(); }};
    std::vector<std::unique_ptr<pair_of_connections>> all;
    for (int i = 0; i < 3; ++i) all.push_back(std::make_unique<pair_of_connections>(socket, model));
    for (int i = 0; i < 2; ++i) {  // the third one speaks RESP2
        all[static_cast<std::size_t>(i)]->real.send({"HELLO", "3"});
        all[static_cast<std::size_t>(i)]->real.flush();
        const auto hello = all[static_cast<std::size_t>(i)]->real.receive(1);
        ASSERT_EQ(hello, "%");
        model.execute(all[static_cast<std::size_t>(i)]->model, {"HELLO", "3"});
        all[static_cast<std::size_t>(i)]->model.out.clear();
        for (auto rest = all[static_cast<std::size_t>(i)]->real.receive(1); !rest.ends_with("modules\r\n*0\r\n");
             rest += all[static_cast<std::size_t>(i)]->real.receive(1)) {
        }
    }
    all[0]->send({"CLIENT", "TRACKING", "ON", "NOLOOP"});
    all[1]->send({"CLIENT", "TRACKING", "ON"});
    for (const auto* script : {&lua::acquire, &lua::fill, &lua::release, &lua::renew, &lua::tag, &lua::heartbeat,
                               &lua::relay_begin, &lua::relay_end, &lua::relay_epoch}) {
        all[2]->real.send({"SCRIPT", "LOAD", script->text()});
        all[2]->real.flush();
        EXPECT_EQ(all[2]->real.receive(47), "$40\r\n" + script->sha1() + "\r\n");
        model.execute(all[2]->model, {"EVAL", script->text(), "3", "a", "b", "c", "", "", "1", "1", "1"});
        all[2]->model.out.clear();
    }
    all[2]->send({"FLUSHALL"});
    const int sequences = SEQUENCES;
    generator next{20261121, clock, run};
    std::size_t bytes = 0;
    std::deque<std::string> history;  // the last commands, for the message of a failure
    for (int i = 0; i <= sequences; ++i) {
        auto& c = *all[next.below(3)];
        if (i > 0) {
            if (next.below(3) == 0) clock.go_on(static_cast<std::int64_t>(next.below(40'000)));
            for (std::size_t n = 1 + next.below(12); n > 0; --n) {
                const auto w = next.command();
                std::string line = "connection " + std::to_string(c.model.id) + ":";
                for (const auto& s : w) line += " " + s;
                history.push_back(line);
                if (history.size() > 60) history.pop_front();
                c.send(w);
            }
        }
        // First the connection that has sent commands, then those that receive pushes because of them.
        std::vector<pair_of_connections*> order{&c};
        for (auto& other : all)
            if (other.get() != &c) order.push_back(other.get());
        for (auto* o : order) o->real.flush();
        for (auto* o : order) {
            const auto expected = std::exchange(o->model.out, {});
            bytes += expected.size();
            const auto got = o->real.receive(expected.size());
            if (i == 0) continue;
            std::string told;
            for (const auto& h : history) told += h + "\n";
            ASSERT_EQ(got, expected) << "sequence " << i << ":\n" << told;
        }
    }
    std::printf("%d sequences, %zu bytes of replies, no difference\n", sequences, bytes);
}

}  // namespace
}  // namespace larder::simulation
