// SPDX-License-Identifier: MIT
// The simulated world: each node runs coroutines that read, write and relay; keep_breaking() injects faults; judge()
// passes every value that was read to the oracle. At the end all faults stop, and audit() expects the latest values.
// Invariant: all decisions come from `random_` and virtual time, so a seed always gives the same run.
// Start at world::run() and world::play().
#include "world.hpp"

#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/describe/enum_to_string.hpp>
#include <filesystem>
#include <iostream>
#include <larder/cache/inspector.hpp>
#include <larder/cache/outbox.hpp>
#include <larder/timeout.hpp>
#include <map>

#include "larder/src/cache/test_points.hpp"
#include "network.hpp"
#include "oracle.hpp"
#include "virtual_time.hpp"

namespace larder::simulation {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t items = 12;
constexpr std::size_t groups = 4;
constexpr std::size_t all_objects = items + groups;
constexpr auto bound = 3000ms;

constexpr region<std::int64_t(std::size_t)> plain{"item:{}", {.ttl = 20s}};
constexpr region<std::int64_t(std::size_t)> fresh{
    "fresh:{}",
    {.ttl = 2s, .tags = {"item:{0}"}, .stale = {.while_revalidate = 4s, .if_error = 6s}, .early_refresh = 1}};
constexpr region<std::int64_t(std::size_t)> lists{"list:{}",
                                                  {.ttl = 15s, .tags = {"group:{0}"}, .stale = {.if_error = 5s}}};
constexpr region<std::int64_t(std::size_t)> exact{"exact:{}", {.ttl = 20s, .tags = {"item:{0}"}, .strict = true}};

class virtual_clock final : public clock {
 public:
    boot_time steady() const noexcept override { return boot_clock::now(); }
    timestamp wall() const noexcept override { return timestamp{milliseconds{virtual_us() / 1000}}; }
};

/// A process of the application.
struct node {
    std::size_t number = 0;
    bool dead = false;
    time_point rests_until{};    ///< the cache is not used until then
    time_point database_away{};  ///< the database is unreachable until then
    time_point database_slow{};  ///< the database is slow until then
    virtual_clock time;
    std::unique_ptr<door> way;
    std::unique_ptr<cache> cached;
    std::map<std::string, std::vector<std::int64_t>> done;  ///< outbox rows to delete, by epoch
    std::array<std::int64_t, items + groups> own{};         ///< latest versions that this node has acknowledged
};

class world {
 public:
    explicit world(const settings& s) : settings_{s}, random_{s.seed}, truth_{items + groups, bound} {}

    report run()
    {
        std::filesystem::remove_all(folder_);
        std::filesystem::create_directory(folder_);
        begin_virtual_time(settings_.seed);
        at_step = [this](step s, const clock* of) { return stall(s, of); };
        draw_faults();
        primary_ = make_server();
        for (std::size_t i = 0; i < nodes_.size(); ++i) nodes_[i] = make_node(i);
        asio::co_spawn(io_, play(), [](const std::exception_ptr& e) {
            if (e) std::rethrow_exception(e);
        });
        while (!over_) io_.run_one();
        std::filesystem::remove_all(folder_);
        return std::move(report_);
    }

 private:
    class log;

    std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>{0, n - 1}(random_); }
    bool chance(double p) { return std::uniform_real_distribution{0.0, 1.0}(random_) < p; }
    milliseconds some(milliseconds from, milliseconds to)
    {
        return milliseconds{std::uniform_int_distribution<std::int64_t>{from.count(), to.count()}(random_)};
    }
    template <class... Parts>
    void trace(const Parts&... parts)
    {
        const auto add = [this](std::uint64_t v) { report_.trace = (report_.trace ^ v) * 1099511628211U; };
        add(static_cast<std::uint64_t>(virtual_us()));
        (add(static_cast<std::uint64_t>(parts)), ...);
    }
    void happened(fault f)
    {
        ++report_.faults[static_cast<std::size_t>(f)];
        trace(1000, f);
        tell_of(all_objects, "fault", boost::describe::enum_to_string(f, "?"));
    }
    template <class... Parts>
    void tell_of(std::size_t object, const Parts&... parts)
    {
        if (settings_.watch < 0 || (object != all_objects && object != static_cast<std::size_t>(settings_.watch)))
            return;
        std::cerr << virtual_us() / 1000 - 3'600'000 << " ms";
        ((std::cerr << " " << parts), ...);
        std::cerr << "\n";
    }
    /// A world without faults and with few writes, in which half of the steps are delayed.
    bool slow_steps() const { return settings_.seed % 11 == 6; }
    /// A world in which nodes are not used for a while, so that they send no heartbeats and relay nothing.
    bool has_rests() const { return settings_.seed % 13 == 9; }
    bool on(fault f) const { return rates_[static_cast<std::size_t>(f)] > 0; }

    void draw_faults();
    std::shared_ptr<server> make_server();
    std::shared_ptr<node> make_node(std::size_t number);
    void spawn(asio::awaitable<void> work);
    asio::awaitable<void> database(std::shared_ptr<node> n);
    asio::awaitable<void> stall(step s, const clock* of);
    asio::awaitable<std::int64_t> load(std::shared_ptr<node> n, std::size_t object);
    asio::awaitable<void> read(std::shared_ptr<node> n);
    asio::awaitable<void> read_many(std::shared_ptr<node> n);
    asio::awaitable<void> rest(std::shared_ptr<node> n);
    asio::awaitable<void> keep_reading(std::shared_ptr<node> n);
    asio::awaitable<void> write(std::shared_ptr<node> n);
    asio::awaitable<void> keep_writing(std::shared_ptr<node> n);
    asio::awaitable<void> keep_relaying(std::shared_ptr<node> n);
    asio::awaitable<void> keep_copies();
    asio::awaitable<void> keep_breaking(fault f);
    asio::awaitable<void> play();
    asio::awaitable<void> audit();
    struct begun_read {
        time_point start;
        std::int64_t own;            ///< the newest version that was acknowledged on the same node before
        std::int64_t confirmed = 0;  ///< for strict reads: the newest confirmed version on any node
    };
    void judge(const node& n, std::size_t object, const detail::shared_value<std::int64_t>& got,
               const begun_read& read);
    void kill(std::size_t number);
    void break_link(fault f, node& n);
    void break_server(fault f);
    void break_once(fault f);
    void take_over(bool from_file);
    void step_down(const std::shared_ptr<server>& old);

    const settings settings_;
    const std::filesystem::path folder_ = "/tmp/larder-simulation-" + std::to_string(::getpid());
    asio::io_context io_;
    randomness random_;
    report report_;
    oracle truth_;
    bool ending_ = false;
    bool over_ = false;
    std::array<double, 18> rates_{};  ///< of faults, per second; for stall: the probability per step
    std::shared_ptr<server> primary_;
    std::vector<std::shared_ptr<server>> old_servers_;
    std::deque<model_redis::contents> copies_;  ///< of the primary, oldest first
    std::int64_t redis_wall_us_ = 0;            ///< error of the servers' wall clock
    bool untold_ = false;                       ///< all servers refuse tracking
    int runs_ = 0;
    int processes_ = 0;
    time_point upheaval_{};  ///< the latest time at which acknowledged commands may have been lost
    std::array<std::shared_ptr<node>, 3> nodes_;
    std::vector<std::shared_ptr<node>> graveyard_;
    std::map<std::int64_t, written_invalidation> rows_;
    std::int64_t last_row_ = 0;
    std::string epoch_;
};

/// The outbox in the database, as seen by one node.
class world::log final : public change_log {
 public:
    log(world& w, std::shared_ptr<node> n) : world_{w}, node_{std::move(n)} {}

    asio::awaitable<void> done(std::vector<std::int64_t> ids, std::string epoch) override
    {
        co_await world_.database(node_);
        if (!epoch.empty() && !world_.epoch_.starts_with(epoch)) co_return;
        for (const auto id : ids) world_.rows_.erase(id);
        std::string all;
        for (const auto id : ids) all += " " + std::to_string(id);
        world_.tell_of(all_objects, "node", node_->number, "deletes rows" + all + " under", epoch);
    }

 private:
    asio::awaitable<snapshot> read() override
    {
        co_await world_.database(node_);
        snapshot out;
        for (const auto& [id, what] : world_.rows_) out.rows.push_back({id, what});
        out.epoch = world_.epoch_;
        co_await world_.database(node_);
        co_return out;
    }
    asio::awaitable<bool> set_epoch(std::string old, std::string next) override
    {
        co_await world_.database(node_);
        const bool first = world_.epoch_ == old;
        if (first) world_.epoch_ = next;
        world_.tell_of(all_objects, "node", node_->number, first ? "begins epoch" : "is too late for epoch", next);
        co_await world_.database(node_);
        co_return first;
    }
    asio::awaitable<void> park(std::vector<std::int64_t>) override { co_return; }

    world& world_;
    std::shared_ptr<node> node_;
};

void world::draw_faults()
{
    // Each world has its own kinds of faults, so that in some of them entries stay fresh for long, while others never
    // come to rest.
    constexpr std::size_t drawn = 17;
    const std::array<double, drawn> often{4, 0.6, 1, 1, 6, 6, 0.3, 0.2, 0.15, 0.15, 0.3, 0.5, 0.4, 0.5, 0.3, 0.2, 0};
    const double mood = std::array{0.25, 1.0, 3.0}[below(3)];
    const double share = std::array{0.06, 0.2, 0.45}[below(3)];
    for (std::size_t i = 0; i < drawn; ++i) rates_[i] = chance(share) ? often[i] * mood : 0;
    // Without tracking and with a slow database, readers often meet flights with old loads.
    untold_ = chance(0.1);
    if (untold_) rates_[static_cast<std::size_t>(fault::database_slow)] = 2;
    rates_[static_cast<std::size_t>(fault::stall)] = chance(0.6) ? 0.02 * mood : 0;  // per step
    rates_[static_cast<std::size_t>(fault::rest)] = has_rests() ? 0.8 : 0;
    if (slow_steps()) {
        rates_.fill(0);
        rates_[static_cast<std::size_t>(fault::stall)] = 0.5;
        untold_ = false;
    }
}

std::shared_ptr<server> world::make_server()
{
    const std::string run = std::string(39, 'a') + static_cast<char>('0' + runs_ % 10) + std::to_string(runs_ / 10);
    ++runs_;
    // Run ids are hexadecimal and have a fixed length.
    auto made = std::make_shared<server>(run.substr(run.size() - 40),
                                         [this] { return 1'700'000'000'000'000 + virtual_us() + redis_wall_us_; });
    made->refuses_tracking = untold_;
    return made;
}

std::shared_ptr<node> world::make_node(std::size_t number)
{
    auto n = std::make_shared<node>();
    n->number = number;
    n->way = std::make_unique<door>(io_, (folder_ / std::to_string(++processes_)).string(), random_);
    n->way->lead_to(primary_);
    cache_options o;
    o.relayed = true;
    o.bound = bound;
    o.time = &n->time;
    o.local_bytes = 1 << 20;
    if (has_rests()) o.idle_after = 1000ms;
    redis::options where;
    where.addresses = {{n->way->path(), 0}};
    n->cached = std::make_unique<cache>(io_, where, o);
    spawn(keep_relaying(n));
    spawn(keep_reading(n));
    spawn(keep_reading(n));
    spawn(keep_writing(n));
    return n;
}

void world::spawn(asio::awaitable<void> work)
{
    asio::co_spawn(io_, std::move(work), [](const std::exception_ptr& e) {
        if (e) std::rethrow_exception(e);
    });
}

/// Simulates the latency of one message to or from the database. Throws if the database is unreachable.
asio::awaitable<void> world::database(std::shared_ptr<node> n)
{
    const auto now = steady_clock::now();
    co_await sleep_for(now >= n->database_slow ? some(0ms, 3ms)
                       : chance(0.05)          ? some(1000ms, 8000ms)
                                               : some(20ms, 400ms));
    if (n->dead || steady_clock::now() < n->database_away) throw std::runtime_error{"the database is unreachable"};
}

/// Called between two steps of the protocol: stops the process for a while, or kills it.
asio::awaitable<void> world::stall(step s, const clock* of)
{
    if (ending_) co_return;
    trace(2000, s);
    if (on(fault::kill_at_step) && chance(0.002))
        for (std::size_t i = 0; i < nodes_.size(); ++i)
            if (&nodes_[i]->time == of) {
                happened(fault::kill_at_step);
                kill(i);
                co_return;
            }
    if (!chance(rates_[static_cast<std::size_t>(fault::stall)])) co_return;
    happened(fault::stall);
    co_await sleep_for(chance(0.1) ? some(10ms, 4000ms) : some(1ms, 20ms));
}

asio::awaitable<std::int64_t> world::load(std::shared_ptr<node> n, std::size_t object)
{
    co_await database(n);
    const auto snapshot = truth_.version(object);
    co_await database(n);
    co_return snapshot;
}

void world::judge(const node& n, std::size_t object, const detail::shared_value<std::int64_t>& got,
                  const begun_read& read)
{
    if (n.dead) return;  // no client receives its replies
    ++report_.reads;
    if (got.status() == cache_status::hit_local) ++report_.hits_local;
    if (got.status() == cache_status::hit_shared) ++report_.hits_shared;
    if (got.status() == cache_status::loaded || got.status() == cache_status::refused) ++report_.loaded;
    trace(n.number, object, *got, got.status());
    tell_of(object, "node", n.number, "reads", *got, to_string(got.status()), "since",
            (read.start.time_since_epoch().count() / 1'000'000) - 3'600'000, "freshness age in ms",
            cache_inspector{*n.cached}.stats().freshness_age_ms, "tracked", cache_inspector{*n.cached}.stats().tracked);
    const auto wrong = truth_.check(object, *got, read.start, read.own, read.confirmed);
    if (wrong && report_.broken.size() < 5)
        report_.broken.push_back("node " + std::to_string(n.number) + ", object " + std::to_string(object) +
                                 ", version " + std::to_string(*got) + ", " + std::string{to_string(got.status())} +
                                 ", at " + std::to_string(virtual_us() / 1000 - 3'600'000) + " ms: " + *wrong);
}

asio::awaitable<void> world::read_many(std::shared_ptr<node> n)
{
    std::vector<key<std::int64_t>> keys;
    std::vector<std::size_t> objects;
    for (std::size_t i = below(4); i < items; i += 1 + below(4)) {
        keys.push_back(plain(i));
        objects.push_back(i);
    }
    const auto start = steady_clock::now();
    const auto own = n->own;
    auto loader = [this, n,
                   &objects](std::span<const std::size_t> which) -> asio::awaitable<std::vector<std::int64_t>> {
        const std::vector<std::size_t> wanted{which.begin(), which.end()};
        co_await database(n);
        std::vector<std::int64_t> out;
        for (const auto i : wanted) out.push_back(truth_.version(objects[i]));
        co_await database(n);
        co_return out;
    };
    const auto all = co_await n->cached->get_or_load_many(keys, loader);
    for (std::size_t i = 0; i < all.size(); ++i) judge(*n, objects[i], all[i], {start, own[objects[i]]});
}

asio::awaitable<void> world::read(std::shared_ptr<node> n)
{
    const auto how = below(20);
    if (how == 0) {
        co_await read_many(n);
        co_return;
    }
    const bool of_group = how >= 14 && how < 18;
    const auto object = of_group ? items + below(groups) : below(items) * below(items) / items;
    const auto start = steady_clock::now();
    const auto own = n->own[object];
    const bool calm = start - upheaval_ > bound + 1s;
    auto loader = [this, n, object] { return load(n, object); };
    cached<std::int64_t> got;
    if (of_group) {
        got = co_await n->cached->get_or_load(lists(object - items), loader);
    } else if (how < 8) {
        got = co_await n->cached->get_or_load(plain(object), loader);
    } else if (how < 13) {
        got = co_await n->cached->get_or_load_owned(fresh(object), loader);
    } else if (how == 13) {
        const auto found = co_await n->cached->get(plain(object));
        if (found) judge(*n, object, found, {start, own});
        co_return;
    } else {
        const auto confirmed = calm ? truth_.confirmed(object) : 0;
        report_.strict += calm ? 1 : 0;
        got = co_await n->cached->get_or_load(exact(object), loader);
        if (steady_clock::now() - upheaval_ > bound + 1s) {
            judge(*n, object, got, {start, own, confirmed});
            co_return;
        }
    }
    judge(*n, object, got, {start, own});
}

asio::awaitable<void> world::rest(std::shared_ptr<node> n)
{
    while (!n->dead && !ending_ && steady_clock::now() < n->rests_until) co_await sleep_for(20ms);
}

asio::awaitable<void> world::keep_reading(std::shared_ptr<node> n)
{
    while (!n->dead && !ending_) {
        if (has_rests()) co_await rest(n);
        for (auto i = below(8); i > 0 && !n->dead; --i) {
            try {
                co_await read(n);
            } catch (const std::exception&) {
                ++report_.failed;
            }
        }
        co_await sleep_for(chance(0.001) ? some(100ms, 6000ms) : some(0ms, 4ms));
    }
}

asio::awaitable<void> world::write(std::shared_ptr<node> n)
{
    const auto item = below(items);
    const auto group = items + item % groups;
    const written_invalidation what{{"item:" + std::to_string(item)},
                                    {"item:" + std::to_string(item), "group:" + std::to_string(group - items)}};
    co_await database(n);
    auto begun = cache_outbox{*n->cached}.begin_invalidation(what);
    co_await reach(step::row_written, &n->time);
    co_await database(n);  // throws if the commit does not arrive
    const auto version = truth_.commit(item, steady_clock::now());
    const auto of_group = truth_.commit(group, steady_clock::now());
    const auto row = ++last_row_;
    rows_[row] = what;
    ++report_.writes;
    trace(3000, n->number, item, version);
    tell_of(item, "node", n->number, "commits", version, "row", row);
    tell_of(group, "node", n->number, "commits", of_group, "row", row);
    bool known = true;
    try {
        co_await database(n);
    } catch (const std::runtime_error&) {
        known = false;  // the writer does not know whether the transaction was committed
    }
    co_await reach(step::committed, &n->time);
    const auto result = co_await begun.apply();
    co_await reach(step::applied, &n->time);
    for (const auto o : {item, group})
        tell_of(o, "node", n->number, "has applied row", row,
                result.how == invalidation::confirmed ? "confirmed" : "pending", result.epoch, "the database names",
                epoch_);
    if (n->dead || !known) co_return;
    n->own[item] = std::max(n->own[item], version);
    n->own[group] = std::max(n->own[group], of_group);
    if (result.how != invalidation::confirmed) co_return;
    truth_.confirm(item, version);
    n->done[result.epoch].push_back(row);
}

asio::awaitable<void> world::keep_writing(std::shared_ptr<node> n)
{
    while (!n->dead && !ending_) {
        co_await sleep_for(slow_steps() ? some(300ms, 3000ms) : some(5ms, 400ms));
        if (has_rests()) co_await rest(n);
        try {
            if (!n->dead) co_await write(n);
        } catch (const std::runtime_error&) {
        }
    }
}

asio::awaitable<void> world::keep_relaying(std::shared_ptr<node> n)
{
    log rows{*this, n};
    while (!n->dead && !over_) {
        try {
            auto done = std::exchange(n->done, {});
            for (auto& [epoch, ids] : done) {
                if (epoch.empty()) continue;
                co_await rows.done(std::move(ids), epoch);
            }
            const auto report = co_await cache_outbox{*n->cached}.relay(rows);
            tell_of(all_objects, "node", n->number, "relays", report.applied, "left", report.left,
                    report.published ? "and publishes" : "", report.others_turn ? "another relay's turn" : "");
        } catch (const std::runtime_error&) {
            tell_of(all_objects, "node", n->number, "cannot relay");
        }
        co_await sleep_for(500ms);
    }
}

/// Keeps recent copies of the primary's data: what a replica, or a file on disk, would contain.
asio::awaitable<void> world::keep_copies()
{
    while (!ending_) {
        copies_.push_back(primary_->model.all());
        if (copies_.size() > 30) copies_.pop_front();
        co_await sleep_for(100ms);
    }
}

void world::kill(std::size_t number)
{
    auto& n = nodes_[number];
    n->dead = true;
    n->way->shut();
    graveyard_.push_back(n);
    n = make_node(number);
}

/// Another Redis takes over, or the same one restarts from a file; either has data from a while ago.
void world::take_over(bool from_file)
{
    upheaval_ = steady_clock::now();
    auto made = make_server();
    if (!copies_.empty()) made->model.restore(copies_[copies_.size() - 1 - below(copies_.size())]);
    const auto old = std::exchange(primary_, made);
    copies_.clear();
    if (from_file || chance(0.7)) {
        old->alive = false;
    } else {
        old->model.master = false;  // it knows that it was demoted
        old->alive = chance(0.5);
    }
    old_servers_.push_back(old);
    for (auto& n : nodes_) {
        n->way->lead_to(made);
        if (old->alive && chance(0.3)) continue;  // this connection is not closed
        n->way->cut(chance(0.5));
    }
}

/// Ends a split brain: the old master goes away.
void world::step_down(const std::shared_ptr<server>& old)
{
    upheaval_ = steady_clock::now();
    old->alive = false;
    for (auto& n : nodes_) {
        if (n->way->leads_to() != old) continue;
        n->way->lead_to(primary_);
        n->way->cut(chance(0.5));
    }
}

void world::break_link(fault f, node& n)
{
    const auto now = steady_clock::now();
    switch (f) {
        case fault::cut:
            n.way->cut(chance(0.5));
            return;
        case fault::hole: {
            const auto until = now + (chance(0.5) ? some(20ms, 800ms) : some(800ms, 7000ms));
            if (chance(0.7)) n.way->now.hole_to_client = until;
            if (chance(0.7)) n.way->now.hole_to_server = until;
            return;
        }
        case fault::late:
            n.way->now.late = some(5ms, 120ms);
            n.way->now.late_until = now + some(50ms, 2000ms);
            return;
        case fault::split:
            n.way->now.split_until = now + some(50ms, 1000ms);
            return;
        case fault::rest:
            n.rests_until = now + (chance(0.5) ? some(1000ms, 2500ms) : some(2500ms, 12'000ms));
            return;
        case fault::database_away:
            n.database_away = now + some(100ms, 5000ms);
            return;
        case fault::database_slow:
            n.database_slow = now + some(100ms, 3000ms);
            return;
        default:
            return;
    }
}

void world::break_server(fault f)
{
    auto& model = primary_->model;
    switch (f) {
        case fault::evict: {
            if (model.all().empty()) return;
            auto at = model.all().begin();
            std::advance(at, static_cast<std::ptrdiff_t>(below(model.all().size())));
            const auto key = at->first;
            model.evict(key);
            break;
        }
        case fault::stranger: {
            auto& s = model.connect();
            const auto key =
                chance(0.5) ? std::string{plain(below(items)).text()} : std::string{exact(below(items)).text()};
            if (chance(0.5)) {
                model.execute(s, {"DEL", key});
            } else {
                model.execute(s, {"SETRANGE", key, std::to_string(below(150)), "stranger"});
            }
            model.disconnect(s);
            break;
        }
        case fault::flush: {
            auto& s = model.connect();
            model.execute(s, {"FLUSHALL"});
            model.disconnect(s);
            break;
        }
        default:
            return;
    }
    for (const auto& w : primary_->wires)
        if (const auto open = w.lock()) tell(*open);
}

void world::break_once(fault f)
{
    happened(f);
    switch (f) {
        case fault::evict:
        case fault::stranger:
        case fault::flush:
            break_server(f);
            return;
        case fault::failover:
            take_over(false);
            return;
        case fault::old_file:
            take_over(true);
            return;
        case fault::split_brain: {
            upheaval_ = steady_clock::now();
            const auto old = primary_;
            auto made = make_server();
            if (!copies_.empty()) made->model.restore(copies_[copies_.size() - 1 - below(copies_.size())]);
            primary_ = made;
            copies_.clear();
            const auto stays = below(nodes_.size());  // this node stays with the old master
            for (std::size_t i = 0; i < nodes_.size(); ++i) {
                if (i == stays || nodes_[i]->way->leads_to() != old) continue;
                nodes_[i]->way->lead_to(made);
                nodes_[i]->way->cut(true);
            }
            auto later = [](world& w, std::shared_ptr<server> s) -> asio::awaitable<void> {
                const auto end = steady_clock::now() + w.some(200ms, 8000ms);
                while (steady_clock::now() < end) {
                    w.upheaval_ = steady_clock::now();
                    co_await sleep_for(100ms);
                }
                w.step_down(s);
            };
            spawn(later(*this, old));
            return;
        }
        case fault::kill:
            kill(below(nodes_.size()));
            return;
        case fault::clock_step:
            redis_wall_us_ += (chance(0.5) ? 1 : -1) * some(1ms, 100'000ms).count() * 1000;
            return;
        case fault::no_tracking:
            primary_->refuses_tracking = !primary_->refuses_tracking;
            nodes_[below(nodes_.size())]->way->cut(true);
            return;
        default:
            break_link(f, *nodes_[below(nodes_.size())]);
    }
}

asio::awaitable<void> world::keep_breaking(fault f)
{
    const auto mean = 1000.0 / rates_[static_cast<std::size_t>(f)];
    while (!ending_) {
        const auto pause = std::exponential_distribution{1 / mean}(random_);
        co_await sleep_for(milliseconds{1 + static_cast<std::int64_t>(pause)});
        if (!ending_) break_once(f);
    }
}

/// Checks that, after longer than the bound without faults, every node returns the latest version of every object.
asio::awaitable<void> world::audit()
{
    for (auto& n : nodes_) {
        n->way->now = {};
        n->database_away = n->database_slow = {};
        for (std::size_t i = 0; i < items; ++i) {
            auto loader = [this, n, i] { return load(n, i); };
            const auto got = co_await n->cached->get_or_load(plain(i), loader);
            if (*got != truth_.version(i))
                report_.broken.push_back("at the end node " + std::to_string(n->number) + " has version " +
                                         std::to_string(*got) + " of " + std::to_string(truth_.version(i)));
        }
    }
}

asio::awaitable<void> world::play()
{
    spawn(keep_copies());
    boost::mp11::mp_for_each<boost::describe::describe_enumerators<fault>>([&](auto f) {
        const bool at_steps = f.value == fault::kill_at_step || f.value == fault::stall;
        if (on(f.value) && !at_steps) spawn(keep_breaking(f.value));
    });
    co_await sleep_for(std::chrono::seconds{settings_.seconds});
    ending_ = true;
    for (auto& n : nodes_) {
        n->way->now = {};
        n->database_away = n->database_slow = {};
        if (n->way->leads_to() != primary_) {
            n->way->lead_to(primary_);
            n->way->cut(true);
        }
    }
    co_await sleep_for(8s);
    co_await audit();
    over_ = true;
}

}  // namespace

report run_world(const settings& s)
{
    // Never destroyed, because suspended coroutines still refer to it.
    return (new world{s})->run();
}

}  // namespace larder::simulation
