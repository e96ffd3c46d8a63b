// SPDX-License-Identifier: MIT
// chaos [--seconds N] [--seed N] [--sentinel]: three agora processes on one PostgreSQL and one Redis (or three, with
// Sentinels), with readers, writers and random faults. Every read is checked against the acknowledged writes
// (history.hpp). Fails when a read is older than the staleness bound, or when a process does not show its own write.
// Start at chaos::run().
#include <larder/testing/fault_proxy.hpp>
#include <larder/testing/redis_groups.hpp>
#include <larder/testing/redis_server.hpp>
#include <larder/testing/shifted_clock.hpp>

#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <functional>
#include <map>
#include <random>
#include <regex>
#include <thread>

#include "history.hpp"
#include "tests/e2e/agora_process.hpp"

namespace agora::chaos {
namespace {

using namespace std::chrono_literals;
using e2e::agora_process;
using larder::testing::direction;
using larder::testing::fault_proxy;
using larder::testing::shifted_clock;
using randomness = std::mt19937_64;
using std::chrono::milliseconds;

constexpr auto bound = 3000ms;
constexpr std::size_t slots = 12;  // number of posts in use at a time
constexpr std::size_t writers = 6;

struct chaos_options {
    int seconds = 120;
    std::uint64_t seed = std::random_device{}();
    bool sentinel = false;
};

/// One agora process, with its proxies to Redis and to the database.
struct node {
    std::unique_ptr<shifted_clock> clock;
    std::unique_ptr<fault_proxy> to_redis;
    std::unique_ptr<fault_proxy> to_database;
    std::vector<std::string> settings;
    std::unique_ptr<agora_process> process;
    std::atomic<std::uint16_t> port = 0;
    std::atomic<std::uint64_t> run = 0;  ///< number of the running process; 0: none
};

class chaos {
 public:
    explicit chaos(const chaos_options& o) : options_{o}, random_{o.seed} {}

    int run()
    {
        set_up();
        std::printf("chaos: seed %lu, %d s, %s\n", options_.seed, options_.seconds,
                    options_.sentinel ? "with Sentinels" : "one Redis");
        std::vector<std::jthread> threads;
        for (std::size_t i = 0; i < nodes; ++i) threads.emplace_back([this, i] { keep_reading(i); });
        for (std::size_t i = 0; i < writers; ++i) threads.emplace_back([this, i] { keep_writing(i); });
        const auto end = steady_clock::now() + std::chrono::seconds{options_.seconds};
        auto last_report = steady_clock::now();
        while (steady_clock::now() < end && !violated_) {
            undo_due_faults();
            try {
                inject_fault();
            } catch (const std::runtime_error& e) {
                std::printf("a fault could not be injected: %s\n", e.what());
            }
            pause(milliseconds{100 + below(500)});
            if (steady_clock::now() - last_report < 10s) continue;
            last_report = steady_clock::now();
            std::printf("%lu reads, %lu writes, %lu faults\n", reads_.load(), writes_.load(), faults_);
        }
        undo_all_faults();
        audit();
        ending_ = true;
        threads.clear();
        report();
        return violated_ ? 1 : 0;
    }

 private:
    std::uint64_t below(std::uint64_t n) { return std::uniform_int_distribution<std::uint64_t>{0, n - 1}(random_); }
    static void pause(milliseconds d) { std::this_thread::sleep_for(d); }

    void set_up();
    void start(std::size_t i);
    void restart(std::size_t i);
    std::shared_ptr<history> make_post(std::size_t node);
    std::shared_ptr<history> at(std::size_t slot)
    {
        const std::lock_guard lock{mutex_};
        return posts_[slot];
    }
    std::shared_ptr<history> with_id(std::int64_t id)
    {
        const std::lock_guard lock{mutex_};
        for (const auto& p : posts_)
            if (p != nullptr && p->id == id) return p;
        return nullptr;
    }
    void keep_reading(std::size_t i);
    void read(http::raw_client& c, std::size_t i, randomness& random);
    struct begun_read {
        std::size_t node;
        std::uint64_t run;  ///< of the node's process
        time_point start;
    };
    void check(const e2e::answer& a, history& h, std::size_t version, const begun_read& read, history::own_writes own);
    void keep_writing(std::size_t writer);
    void write(std::size_t slot, std::size_t i, std::size_t version);
    void inject_fault();
    void inject_redis_fault(node& n, std::uint64_t how);
    void undo_after(milliseconds d, std::function<void()> undo)
    {
        pending_undos_.emplace(steady_clock::now() + d, std::move(undo));
    }
    void undo_due_faults();
    void undo_all_faults();
    void audit();
    void report();
    void count_fault(const std::string& what)
    {
        ++faults_;
        ++kinds_[what];
    }

    const chaos_options options_;
    randomness random_;
    larder::testing::temporary_folder folder_;
    std::unique_ptr<shifted_clock> redis_clock_;
    std::unique_ptr<larder::testing::redis_server> redis_;
    std::unique_ptr<larder::testing::sentinel_group> group_;
    std::unique_ptr<e2e::community> community_;
    std::array<node, nodes> nodes_;
    std::mutex mutex_;
    std::array<std::shared_ptr<history>, slots> posts_;
    std::multimap<time_point, std::function<void()>> pending_undos_;
    std::map<std::string, std::uint64_t> kinds_;
    std::uint64_t faults_ = 0;
    std::uint64_t runs_ = 0;
    std::array<std::atomic<std::uint64_t>, nodes> shown_{};  ///< number of responses, by node
    std::atomic<std::uint64_t> reads_ = 0;
    std::atomic<std::uint64_t> hits_ = 0;
    std::atomic<std::uint64_t> stale_ = 0;
    std::atomic<std::uint64_t> failed_ = 0;
    std::atomic<std::uint64_t> writes_ = 0;
    std::atomic<bool> ending_ = false;
    std::atomic<bool> violated_ = false;
    bool redis_down_ = false;
};

void chaos::set_up()
{
    redis_clock_ = std::make_unique<shifted_clock>(CLOCK_SHIM, folder_.path() / "redis-clock");
    community_ = std::make_unique<e2e::community>("postgresql");
    if (options_.sentinel) {
        group_ = std::make_unique<larder::testing::sentinel_group>();
    } else {
        larder::testing::redis_options o;
        o.environment = redis_clock_->environment();
        redis_ = std::make_unique<larder::testing::redis_server>(o);
    }
    for (std::size_t i = 0; i < nodes; ++i) {
        auto& n = nodes_[i];
        n.clock = std::make_unique<shifted_clock>(CLOCK_SHIM, folder_.path() / ("clock-" + std::to_string(i)));
        n.settings = n.clock->environment();
        for (auto s : community_->settings()) {
            static const std::regex port{"(DATABASE_URL=.*@127\\.0\\.0\\.1:)([0-9]+)(/.*)"};
            std::smatch parts;
            if (std::regex_match(s, parts, port)) {
                n.to_database = std::make_unique<fault_proxy>(static_cast<unsigned short>(std::stoi(parts[2])));
                s = parts[1].str() + std::to_string(n.to_database->port()) + parts[3].str();
            }
            n.settings.push_back(s);
        }
        if (options_.sentinel) {
            n.settings.push_back("REDIS_URL=" + group_->url());
        } else {
            n.to_redis = std::make_unique<fault_proxy>(redis_->port());
            n.settings.push_back("REDIS_URL=redis://127.0.0.1:" + std::to_string(n.to_redis->port()));
        }
        start(i);
    }
    for (std::size_t p = 0; p < slots; ++p) posts_[p] = make_post(p % nodes);
}

void chaos::start(std::size_t i)
{
    auto& n = nodes_[i];
    n.process = std::make_unique<agora_process>(*community_, n.settings, false);
    n.port = n.process->port();
    n.run = ++runs_;
}

/// Starts the process again. The database may be unreachable at this moment; then retries later.
void chaos::restart(std::size_t i)
{
    try {
        start(i);
    } catch (const std::runtime_error&) {
        undo_after(300ms, [this, i] { restart(i); });
    }
}

std::string text_of(std::size_t version) { return "version " + std::to_string(version) + " of it"; }

/// The version in a title; nullopt when the title was not written by this program.
std::optional<std::size_t> version_in(std::string_view title)
{
    if (!title.starts_with("version ")) return std::nullopt;
    return std::stoul(std::string{title.substr(8)});
}

/// Returns null when the post could not be created.
std::shared_ptr<history> chaos::make_post(std::size_t i)
{
    http::raw_client c{nodes_[i].port};
    c.send(e2e::request_text("POST", "/api/posts", e2e::as_operator,
                             R"({"title":")" + text_of(1) + R"(","body":"b","tags":["chaos"]})"));
    const e2e::answer a{c.answer()};
    if (a.status != 201) return nullptr;
    const auto ids = e2e::values_of(a.body, "id");
    if (ids.empty()) return nullptr;
    auto made = std::make_shared<history>(std::stoll(ids[0]), bound);
    made->acknowledged(1, i, nodes_[i].run, steady_clock::now());
    return made;
}

void chaos::check(const e2e::answer& a, history& h, std::size_t version, const begun_read& read,
                  history::own_writes own)
{
    // Marked as served although its freshness is unknown, so no guarantee applies.
    if (a.field("Cache-Status").find("ttl=") != std::string::npos) {
        ++stale_;
        return;
    }
    if (nodes_[read.node].run != read.run) return;  // the process has died since the read began
    if (own.process != read.run) own = {};
    ++reads_;
    if (a.field("Cache-Status").find("; hit") != std::string::npos) ++hits_;
    if (const auto wrong = h.check(version, read.start, own)) {
        std::printf("BROKEN: node %zu shows version %zu of post %ld (%s): %s\n", read.node, version, h.id,
                    a.field("Cache-Status").c_str(), wrong->c_str());
        violated_ = true;
    }
}

void chaos::read(http::raw_client& c, std::size_t i, randomness& random)
{
    const begun_read begun{i, nodes_[i].run, steady_clock::now()};
    if (random() % 4 != 0) {
        const auto h = at(random() % slots);
        if (h == nullptr) return;
        const auto own = h->own(i);
        const e2e::answer a{c.get("/api/posts/" + std::to_string(h->id))};
        if (a.status != 200) throw std::runtime_error{"status " + std::to_string(a.status)};
        const auto titles = e2e::values_of(a.body, "title");
        const auto version = titles.empty() ? std::nullopt : version_in(titles[0].substr(1));
        if (version) check(a, *h, *version, begun, own);
        return;
    }
    std::map<std::int64_t, history::own_writes> own;
    for (std::size_t p = 0; p < slots; ++p)
        if (const auto h = at(p)) own[h->id] = h->own(i);
    const e2e::answer a{c.get("/api/posts?limit=50")};
    if (a.status != 200) throw std::runtime_error{"status " + std::to_string(a.status)};
    static const std::regex item{R"re("id":([0-9]+),"title":"version ([0-9]+) )re"};
    for (std::sregex_iterator at{a.body.begin(), a.body.end(), item}, end; at != end; ++at) {
        const auto h = with_id(std::stoll((*at)[1]));
        if (h != nullptr && own.contains(h->id)) check(a, *h, std::stoul((*at)[2]), begun, own[h->id]);
    }
}

void chaos::keep_reading(std::size_t i)
{
    randomness random{options_.seed + i};
    while (!ending_) {
        try {
            http::raw_client c{nodes_[i].port};
            for (int n = 0; n < 500 && !ending_; ++n) {
                read(c, i, random);
                ++shown_[i];
                if (n % 10 == 0) pause(2ms);  // leaves CPU time to the other processes
            }
        } catch (const std::exception&) {
            ++failed_;
            pause(5ms);
        }
    }
}

void chaos::write(std::size_t slot, std::size_t i, std::size_t version)
{
    const auto h = at(slot);
    const auto run = nodes_[i].run.load();
    http::raw_client c{nodes_[i].port};
    c.send(e2e::request_text("PATCH", "/api/posts/" + std::to_string(h->id), e2e::as_operator + "If-Match: *\r\n",
                             R"({"title":")" + text_of(version) + R"("})"));
    const e2e::answer a{c.answer()};
    if (a.status != 200) throw std::runtime_error{"status " + std::to_string(a.status)};
    h->acknowledged(version, i, run, steady_clock::now());
    ++writes_;
}

void chaos::keep_writing(std::size_t writer)
{
    randomness random{options_.seed + 100 + writer};
    std::array<std::size_t, slots> versions;
    versions.fill(1);
    while (!ending_) {
        const std::size_t slot = writer + writers * (random() % (slots / writers));
        const std::size_t i = random() % nodes;
        try {
            if (at(slot) == nullptr) {
                auto made = make_post(i);
                const std::lock_guard lock{mutex_};
                posts_[slot] = std::move(made);
                versions[slot] = 1;
                continue;
            }
            write(slot, i, ++versions[slot]);
        } catch (const std::exception&) {
            const std::lock_guard lock{mutex_};
            if (posts_[slot] != nullptr) posts_[slot]->stop_checking();
            posts_[slot] = nullptr;
        }
        pause(milliseconds{random() % 60});
    }
}

void chaos::inject_redis_fault(node& n, std::uint64_t how)
{
    auto* r = redis_ ? redis_.get() : &group_->master();
    switch (how) {
        case 0:
            if (redis_down_) return;
            count_fault("Redis emptied");
            r->command({"FLUSHALL"});
            return;
        case 1:
            if (redis_down_) return;
            count_fault("Redis paused");
            redis_down_ = true;
            r->pause();
            undo_after(milliseconds{50 + below(4000)}, [this, r] {
                r->resume();
                redis_down_ = false;
            });
            return;
        case 2:
            if (redis_down_) return;
            count_fault("Redis killed, restarted with an old file");
            redis_down_ = true;
            if (below(2) == 0) r->command({"SAVE"});
            undo_after(milliseconds{below(1000)}, [this, r] {
                r->crash();
                undo_after(milliseconds{below(1500)}, [this, r] {
                    r->start();
                    redis_down_ = false;
                });
            });
            return;
        case 3:
            count_fault("Redis's clock stepped");
            redis_clock_->shift(milliseconds{static_cast<std::int64_t>(below(200'000)) - 100'000});
            return;
        case 4:
            if (redis_down_) return;
            count_fault("a key deleted by another client");
            if (const auto h = at(below(slots))) r->command({"DEL", "post:" + std::to_string(h->id)});
            return;
        case 5:
            if (redis_down_) return;
            count_fault("a tag evicted");
            r->command({"DEL", below(2) == 0 ? "larder:tag:posts" : "larder:epoch"});
            return;
        default:
            if (n.to_redis == nullptr) return;
            count_fault("a connection to Redis blocked");
            n.to_redis->black_hole(std::array{direction::to_server, direction::to_client, direction::both}[below(3)]);
            undo_after(milliseconds{50 + below(5000)}, [&n] { n.to_redis->heal(); });
    }
}

void chaos::inject_fault()
{
    const auto i = below(nodes);
    auto& n = nodes_[i];
    switch (below(options_.sentinel ? 14 : 20)) {
        case 0:
        case 1:
            if (n.run == 0) return;  // it is dead already
            count_fault("agora killed");
            n.run = 0;
            n.process->signal(SIGKILL);
            n.process->wait();
            restart(i);
            return;
        case 2:
            if (n.run == 0) return;
            count_fault("agora paused");
            n.process->signal(SIGSTOP);
            undo_after(milliseconds{50 + below(4000)}, [this, i, run = n.run.load()] {
                if (nodes_[i].run == run) nodes_[i].process->signal(SIGCONT);
            });
            return;
        case 3:
            count_fault("agora's clock stepped");
            n.clock->shift(milliseconds{static_cast<std::int64_t>(below(200'000)) - 100'000});
            return;
        case 4:
            count_fault("a connection to the database blocked");
            n.to_database->black_hole(
                std::array{direction::to_server, direction::to_client, direction::both}[below(3)]);
            undo_after(milliseconds{50 + below(3000)}, [&n] { n.to_database->heal(); });
            return;
        case 5:
            count_fault("a connection to the database cut");
            n.to_database->reset_all();
            return;
        case 6:
        case 7:
            if (options_.sentinel) {
                if (redis_down_) return;
                count_fault("failover");
                group_->fail_over();
                return;
            }
            count_fault("a connection to Redis cut");
            n.to_redis->reset_all();
            return;
        case 14:
        case 15:
            count_fault("a connection to Redis cut after some bytes");
            n.to_redis->cut_after(below(2) == 0 ? direction::to_server : direction::to_client, below(3000));
            return;
        case 16:
            count_fault("a connection to Redis delayed");
            n.to_redis->delay(direction::both, milliseconds{1 + below(80)});
            undo_after(milliseconds{50 + below(3000)}, [&n] { n.to_redis->heal(); });
            return;
        case 17:
            count_fault("a connection to Redis split into small pieces");
            n.to_redis->split(direction::both, 1 + below(50));
            undo_after(milliseconds{50 + below(3000)}, [&n] { n.to_redis->heal(); });
            return;
        default:
            inject_redis_fault(n, options_.sentinel ? below(6) : below(8));
    }
}

void chaos::undo_due_faults()
{
    while (!pending_undos_.empty() && pending_undos_.begin()->first <= steady_clock::now()) {
        const auto undo = pending_undos_.extract(pending_undos_.begin());
        undo.mapped()();
    }
}

void chaos::undo_all_faults()
{
    for (auto& n : nodes_) {
        if (n.to_redis) n.to_redis->heal();
        n.to_database->heal();
    }
    while (!pending_undos_.empty()) {
        const auto undo = pending_undos_.extract(pending_undos_.begin());
        undo.mapped()();
    }
}

/// Waits until there has been no fault for longer than the bound. Then every node must answer; its responses are
/// checked as before.
void chaos::audit()
{
    pause(bound + 3s);
    for (std::size_t i = 0; i < nodes; ++i) {
        const auto before = shown_[i].load();
        const auto end = steady_clock::now() + 10s;
        while (shown_[i] < before + 100 && steady_clock::now() < end) pause(10ms);
        if (shown_[i] >= before + 100) continue;
        std::printf("BROKEN: node %zu does not answer after the faults have ended\n", i);
        violated_ = true;
    }
}

void chaos::report()
{
    const auto n = std::max<std::uint64_t>(reads_, 1);
    std::printf("%lu reads (%.1f %% from the cache), %lu marked stale, %lu failed, %lu writes, %lu faults:\n",
                reads_.load(), 100.0 * static_cast<double>(hits_) / static_cast<double>(n), stale_.load(),
                failed_.load(), writes_.load(), faults_);
    for (const auto& [what, times] : kinds_) std::printf("  %-40s %lu\n", what.c_str(), times);
    std::printf("%s\n", violated_ ? "a guarantee was violated" : "0 reads older than the bound, 0 own writes missing");
}

}  // namespace
}  // namespace agora::chaos

int main(int n, char** words)
{
    agora::chaos::chaos_options o;
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    for (int i = 1; i < n; ++i) {
        const std::string word = words[i];
        if (word == "--sentinel") {
            o.sentinel = true;
        } else if (word == "--seconds" && i + 1 < n) {
            o.seconds = std::stoi(words[++i]);
        } else if (word == "--seed" && i + 1 < n) {
            o.seed = std::stoull(words[++i]);
        } else {
            std::fputs("chaos [--seconds N] [--seed N] [--sentinel]\n", stderr);
            return 2;
        }
    }
    try {
        return agora::chaos::chaos{o}.run();
    } catch (const std::exception& e) {
        std::fprintf(stderr, "chaos: %s\n", e.what());
        return 2;
    }
}
