// SPDX-License-Identifier: MIT
// The program that runs simulated worlds (world.hpp), each in a process of its own. Start at main() and run().
// simulate [--seeds FROM-TO] [--seconds N] [--jobs N]   runs worlds, and fails if any of them broke a promise
// simulate --traces [--seeds FROM-TO]                   also prints each world's trace, to compare two builds
// simulate --seed N [--seconds N] [--watch OBJECT]      runs one world twice, and fails if the traces differ
// simulate --must-break [--first SEED] [--seeds FROM-TO]   for mutants: fails unless a world breaks a promise
#include <sys/wait.h>
#include <unistd.h>

#include <boost/describe/enumerators.hpp>
#include <cstdio>
#include <map>
#include <stdexcept>

#include "virtual_time.hpp"
#include "world.hpp"

namespace larder::simulation {
namespace {

/// The options on the command line.
struct order {
    std::uint64_t from = 1;
    std::uint64_t to = 40;
    int seconds = 40;
    int jobs = 2;
    bool must_break = false;
    std::uint64_t first = 1;  ///< with must_break: the world that is tried first
    bool once = false;
    bool traces = false;  ///< print the trace of each world
    int watch = -1;
};

struct outcome {
    std::uint64_t seed = 0;
    report what;
};

void send(int to, const report& r)
{
    std::string out;
    const auto put = [&](std::uint64_t v) { out += std::to_string(v) + " "; };
    for (const auto v : {r.reads, r.hits_local, r.hits_shared, r.loaded, r.failed, r.strict, r.writes, r.trace}) put(v);
    for (const auto v : r.faults) put(v);
    for (const auto& b : r.broken) out += "\n" + b;
    for (std::string_view left = out; !left.empty();) {
        const auto n = ::write(to, left.data(), left.size());
        if (n <= 0) break;
        left.remove_prefix(static_cast<std::size_t>(n));
    }
}

report parse(const std::string& text)
{
    report r;
    std::size_t at = 0;
    const auto take = [&](std::uint64_t& v) {
        const auto end = text.find(' ', at);
        if (end == std::string::npos) throw std::runtime_error{"the report of a world is incomplete: " + text};
        v = std::stoull(text.substr(at, end - at));
        at = end + 1;
    };
    for (auto* v : {&r.reads, &r.hits_local, &r.hits_shared, &r.loaded, &r.failed, &r.strict, &r.writes, &r.trace})
        take(*v);
    for (auto& v : r.faults) take(v);
    while (at < text.size() && text[at] == '\n') {
        const auto end = std::min(text.find('\n', at + 1), text.size());
        r.broken.push_back(text.substr(at + 1, end - at - 1));
        at = end;
    }
    return r;
}

/// Runs each world in a process of its own, so that worlds need no clean-up and do not affect each other.
class worlds {
 public:
    void begin(std::uint64_t seed, int seconds, int watch = -1)
    {
        std::array<int, 2> ends{};
        if (::pipe(ends.data()) != 0) throw std::runtime_error{"no pipe"};
        const auto child = ::fork();
        if (child < 0) throw std::runtime_error{"no process"};
        if (child == 0) {
            ::close(ends[0]);
            ::alarm(120);  // a world normally takes a second
            settings s;
            s.seed = seed;
            s.seconds = seconds;
            s.watch = watch;
            send(ends[1], run_world(s));
            ::_exit(0);
        }
        ::close(ends[1]);
        running_[child] = {seed, ends[0]};
    }
    std::size_t running() const { return running_.size(); }
    outcome next()
    {
        int status = 0;
        // The report of a world fits into the pipe's buffer, so it can be read after the process has ended.
        const auto child = ::wait(&status);
        const auto [seed, from] = running_.at(child);
        running_.erase(child);
        std::string text;
        std::array<char, 4096> some{};
        for (auto n = ::read(from, some.data(), some.size()); n > 0; n = ::read(from, some.data(), some.size()))
            text.append(some.data(), static_cast<std::size_t>(n));
        ::close(from);
        if (status != 0)
            throw std::runtime_error{"the world with seed " + std::to_string(seed) + " ended with status " +
                                     std::to_string(status)};
        return {seed, parse(text)};
    }

 private:
    std::map<pid_t, std::pair<std::uint64_t, int>> running_;
};

void add(report& all, const report& one)
{
    all.reads += one.reads;
    all.hits_local += one.hits_local;
    all.hits_shared += one.hits_shared;
    all.loaded += one.loaded;
    all.failed += one.failed;
    all.strict += one.strict;
    all.writes += one.writes;
    for (std::size_t i = 0; i < all.faults.size(); ++i) all.faults[i] += one.faults[i];
}

void print(const report& r, std::uint64_t worlds, double seconds)
{
    const auto percent = [&](std::uint64_t n) {
        return 100 * static_cast<double>(n) / static_cast<double>(std::max<std::uint64_t>(r.reads, 1));
    };
    std::uint64_t faults = 0;
    for (const auto n : r.faults) faults += n;
    std::printf(
        "%lu worlds, %lu reads (%.1f %% from L1, %.1f %% from Redis, %.1f %% loaded, %lu failed loads), "
        "%lu writes, "
        "%lu strict reads, %lu faults, %.0f s\n",
        worlds, r.reads, percent(r.hits_local), percent(r.hits_shared), percent(r.loaded), r.failed, r.writes, r.strict,
        faults, seconds);
    boost::mp11::mp_for_each<boost::describe::describe_enumerators<fault>>(
        [&](auto f) { std::printf("  %-14s %lu\n", f.name, r.faults[static_cast<std::size_t>(f.value)]); });
}

/// Runs worlds. Returns the seed of one that broke a promise; 0 if there is none. `until_broken`: stops at the first,
/// and prints nothing.
std::uint64_t run(const order& o, bool until_broken)
{
    std::uint64_t seed = 0;
    const double began = real_seconds();
    worlds w;
    report all;
    std::uint64_t broken = 0;
    std::uint64_t done = 0;
    auto next = o.from;
    bool stop = false;
    while (w.running() > 0 || (next <= o.to && !stop)) {
        while (w.running() < static_cast<std::size_t>(o.jobs) && next <= o.to && !stop) w.begin(next++, o.seconds);
        const auto one = w.next();
        ++done;
        add(all, one.what);
        if (o.traces) std::printf("seed %lu trace %016lx\n", one.seed, one.what.trace);
        if (!one.what.broken.empty()) {
            ++broken;
            seed = one.seed;
            stop = until_broken;
            if (!until_broken)
                for (const auto& b : one.what.broken) std::printf("seed %lu: %s\n", one.seed, b.c_str());
        }
        if (!until_broken && ::isatty(STDERR_FILENO) == 1)
            std::fprintf(stderr, "\r%lu of %lu worlds, %lu reads", done, o.to - o.from + 1, all.reads);
    }
    if (!until_broken) {
        if (::isatty(STDERR_FILENO) == 1) std::fputc('\n', stderr);
        print(all, done, real_seconds() - began);
        std::printf("%lu worlds in which a promise was broken\n", broken);
    }
    return seed;
}

int run_twice(const order& o)
{
    std::array<report, 2> both;
    for (auto& r : both) {
        worlds w;
        w.begin(o.from, o.seconds, &r == &both[0] ? o.watch : -1);
        r = w.next().what;
        for (const auto& b : r.broken) std::printf("%s\n", b.c_str());
    }
    print(both[0], 1, 0);
    std::printf("trace %016lx, again %016lx\n", both[0].trace, both[1].trace);
    return both[0].trace == both[1].trace && both[0].broken.empty() ? 0 : 1;
}

/// For mutants: succeeds if a world breaks a promise, first of all the world `first`.
int run_until_broken(const order& o)
{
    order known = o;
    known.from = known.to = o.first;
    auto seed = run(known, true);
    if (seed == 0) seed = run(o, true);
    if (seed == 0) {
        std::printf("no world has noticed the mutant\n");
        return 1;
    }
    std::printf("noticed by the world with seed %lu\n", seed);
    return 0;
}

order parse(int n, char** words)
{
    order o;
    for (int i = 1; i < n; ++i) {
        const std::string word = words[i];
        const auto value = [&] {
            if (i + 1 == n) throw std::invalid_argument{word + " needs a value"};
            return std::string{words[++i]};
        };
        if (word == "--seeds") {
            const auto v = value();
            const auto dash = v.find('-');
            o.from = std::stoull(v);
            o.to = dash == std::string::npos ? o.from : std::stoull(v.substr(dash + 1));
        } else if (word == "--seed") {
            o.from = o.to = std::stoull(value());
            o.once = true;
        } else if (word == "--seconds") {
            o.seconds = std::stoi(value());
        } else if (word == "--watch") {
            o.watch = std::stoi(value());
        } else if (word == "--jobs") {
            o.jobs = std::stoi(value());
        } else if (word == "--traces") {
            o.traces = true;
        } else if (word == "--must-break") {
            o.must_break = true;
        } else if (word == "--first") {
            o.first = std::stoull(value());
        } else {
            throw std::invalid_argument{
                "simulate [--seeds FROM-TO | --seed N] [--seconds N] [--jobs N] [--traces] [--must-break [--first "
                "SEED]]"};
        }
    }
    return o;
}

}  // namespace
}  // namespace larder::simulation

int main(int n, char** words)
{
    using namespace larder::simulation;
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    try {
        const auto o = parse(n, words);
        if (o.must_break) return run_until_broken(o);
        if (o.once) return run_twice(o);
        return run(o, false) != 0 ? 1 : 0;
    } catch (const std::exception& e) {
        std::fprintf(stderr, "%s\n", e.what());
        return 2;
    }
}
