// SPDX-License-Identifier: MIT
// Starts servers, makes them a Sentinel group or a cluster, and moves masters and slots between them. Each change waits
// until the servers agree on it (wait_for), because they exchange their views of it only now and then. Start with the
// constructors, sentinel_group::fail_over() and cluster_group::end_migration().
#include <algorithm>
#include <fstream>
#include <larder/testing/redis_groups.hpp>
#include <set>
#include <sstream>
#include <stdexcept>

namespace larder::testing {
namespace {

/// The server's reply; empty while the server cannot reply.
std::string try_command(const redis_server& s, const std::vector<std::string>& arguments)
{
    try {
        return s.command(arguments);
    } catch (const std::runtime_error&) {
        return {};
    }
}

std::vector<std::string> lines_of(const std::string& text)
{
    std::istringstream in{text};
    std::vector<std::string> out;
    for (std::string line; std::getline(in, line);) out.push_back(line);
    return out;
}

}  // namespace

sentinel_group::sentinel_group()
{
    for (int i = 0; i < 3; ++i) {
        redis_options o;
        o.arguments = {"--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1"};
        if (i > 0)
            o.arguments.insert(o.arguments.end(), {"--replicaof", "127.0.0.1 " + std::to_string(servers_[0]->port())});
        servers_.push_back(std::make_unique<redis_server>(o));
    }
    const auto master = std::to_string(servers_[0]->port());
    wait_for("two replicas", [&] {
        return try_command(*servers_[0], {"INFO", "replication"}).find("connected_slaves:2") != std::string::npos;
    });
    for (int i = 0; i < 3; ++i) {
        sentinel s;
        s.port = free_port();
        s.socket = folder_.path() / ("sentinel" + std::to_string(i) + ".sock");
        const auto file = folder_.path() / ("sentinel" + std::to_string(i) + ".conf");
        std::ofstream{file} << "port " << s.port << "\nbind 127.0.0.1\ndir " << folder_.path().string()
                            << "\nunixsocket " << s.socket.string() << "\nsentinel monitor mymaster 127.0.0.1 "
                            << master << " 2\nsentinel down-after-milliseconds mymaster 500\n"
                            << "sentinel failover-timeout mymaster 2000\nsentinel parallel-syncs mymaster 1\n";
        s.running =
            std::make_unique<process>(std::vector<std::string>{"/usr/bin/redis-server", file.string(), "--sentinel"});
        if (!s.running->wait_for_output("+monitor master"))
            throw std::runtime_error{"the Sentinel did not start: " + s.running->output()};
        // By default Sentinels check the servers every 10 s and each other every 2 s, and do not touch a former master
        // for 8 s. Shorter periods make the tests faster.
        redis_command(s.socket, {"SENTINEL", "DEBUG", "info-period", "200", "publish-period", "200"});
        sentinels_.push_back(std::move(s));
    }
    wait_for("Sentinels that know each other", [&] {
        return std::ranges::all_of(sentinels_, [](const sentinel& s) {
            const auto seen = redis_command(s.socket, {"SENTINEL", "MASTER", "mymaster"});
            return seen.find("num-slaves\n2") != std::string::npos &&
                   seen.find("num-other-sentinels\n2") != std::string::npos;
        });
    });
}

std::string sentinel_group::url() const
{
    std::string out = "redis-sentinel://";
    for (const auto& s : sentinels_)
        out += (out.ends_with('/') ? "127.0.0.1:" : ",127.0.0.1:") + std::to_string(s.port);
    return out + "/mymaster";
}

std::vector<unsigned short> sentinel_group::sentinel_ports() const
{
    std::vector<unsigned short> out;
    for (const auto& s : sentinels_) out.push_back(s.port);
    return out;
}

std::string sentinel_group::ask(const std::vector<std::string>& command) const
{
    return redis_command(sentinels_.front().socket, command);
}

redis_server& sentinel_group::master()
{
    const auto answer = lines_of(ask({"SENTINEL", "GET-MASTER-ADDR-BY-NAME", "mymaster"}));
    for (auto& s : servers_) {
        if (std::to_string(s->port()) == answer.at(1)) return *s;
    }
    throw std::runtime_error{"the Sentinels name an unknown master"};
}

/// Whether all Sentinels name the same master and none is in the middle of a failover.
bool sentinel_group::agreed() const
{
    const auto master = ask({"SENTINEL", "GET-MASTER-ADDR-BY-NAME", "mymaster"});
    return std::ranges::all_of(sentinels_, [&](const sentinel& s) {
        return redis_command(s.socket, {"SENTINEL", "GET-MASTER-ADDR-BY-NAME", "mymaster"}) == master &&
               redis_command(s.socket, {"SENTINEL", "MASTER", "mymaster"}).find("failover_in_progress") ==
                   std::string::npos;
    });
}

void sentinel_group::fail_over()
{
    auto& before = master();
    // Sentinel refuses if the last failover was too recent or a replica is still syncing. If the Sentinels have begun
    // one by themselves, a second failover would lead back to the old master.
    wait_for("Sentinel agrees to a failover", [&] {
        if (&master() != &before) return true;
        try {
            ask({"SENTINEL", "FAILOVER", "mymaster"});
            return true;
        } catch (const std::runtime_error&) {
            return false;
        }
    });
    // Wait for agreement, because a Sentinel whose new master dies while it still leads the failover is stuck for a
    // minute.
    wait_for("another master", [&] {
        return &master() != &before && try_command(master(), {"ROLE"}).starts_with("master") &&
               try_command(before, {"ROLE"}).starts_with("slave") && agreed();
    });
}

cluster_group::cluster_group()
{
    std::vector<std::string> create{"/usr/bin/redis-cli", "--cluster", "create"};
    for (int i = 0; i < 6; ++i) {
        redis_options o;
        o.arguments = {"--cluster-enabled",          "yes", "--cluster-node-timeout", "1000",
                       "--repl-diskless-sync-delay", "0",   "--cluster-port",         std::to_string(free_port())};
        nodes_.push_back(std::make_unique<redis_server>(o));
        create.push_back("127.0.0.1:" + std::to_string(nodes_.back()->port()));
    }
    dead_.resize(6);
    create.insert(create.end(), {"--cluster-replicas", "1", "--cluster-yes"});
    run_program(create);
    wait_until_whole();
    wait_for("replicas", [&] {
        return std::ranges::all_of(nodes_, [](const auto& n) {
            const auto info = try_command(*n, {"INFO", "replication"});
            return info.find("connected_slaves:1") != std::string::npos ||
                   info.find("master_link_status:up") != std::string::npos;
        });
    });
}

void cluster_group::wait_until_whole()
{
    wait_for("cluster_state:ok", [&] {
        for (std::size_t i = 0; i < nodes_.size(); ++i) {
            if (!dead_[i] && try_command(*nodes_[i], {"CLUSTER", "INFO"}).find("cluster_state:ok") == std::string::npos)
                return false;
        }
        return true;
    });
}

std::string cluster_group::url() const
{
    return "redis-cluster://127.0.0.1:" + std::to_string(nodes_[0]->port()) +
           ",127.0.0.1:" + std::to_string(nodes_[1]->port());
}

std::vector<unsigned short> cluster_group::ports() const
{
    std::vector<unsigned short> out;
    for (const auto& n : nodes_) out.push_back(n->port());
    return out;
}

std::string cluster_group::id_of(const redis_server& s) const { return s.command({"CLUSTER", "MYID"}); }

redis_server& cluster_group::owner_of(unsigned slot)
{
    for (std::size_t asked = 0; asked < nodes_.size(); ++asked) {
        if (dead_[asked]) continue;
        const auto lines = lines_of(try_command(*nodes_[asked], {"CLUSTER", "SLOTS"}));
        // The lines are from, to, host, port, id, (metadata), replicas... A range begins where two small numbers are
        // adjacent.
        for (std::size_t i = 0; i + 3 < lines.size(); ++i) {
            if (lines[i + 2] != "127.0.0.1" || lines[i].size() > 5 || lines[i + 1].size() > 5 || lines[i].empty() ||
                lines[i + 1].empty())
                continue;
            if (!std::ranges::all_of(lines[i] + lines[i + 1], [](char c) { return c >= '0' && c <= '9'; })) continue;
            if (slot < std::stoul(lines[i]) || slot > std::stoul(lines[i + 1])) continue;
            for (auto& n : nodes_) {
                if (std::to_string(n->port()) == lines[i + 3]) return *n;
            }
        }
    }
    throw std::runtime_error{"no node owns slot " + std::to_string(slot)};
}

void cluster_group::wait_for_one_epoch() const
{
    wait_for("all nodes know the same epoch", [&] {
        std::set<std::string> epochs;
        for (const auto& n : nodes_) {
            const auto reply = try_command(*n, {"CLUSTER", "INFO"});
            const auto at = reply.find("cluster_current_epoch:");
            if (at != std::string::npos) epochs.insert(reply.substr(at, reply.find('\r', at) - at));
        }
        return epochs.size() == 1;
    });
}

void cluster_group::begin_migration(unsigned slot, redis_server& to)
{
    auto& from = owner_of(slot);
    to.command({"CLUSTER", "SETSLOT", std::to_string(slot), "IMPORTING", id_of(from)});
    from.command({"CLUSTER", "SETSLOT", std::to_string(slot), "MIGRATING", id_of(to)});
}

std::size_t cluster_group::move_keys(unsigned slot, redis_server& to, std::size_t most)
{
    auto& from = owner_of(slot);
    std::size_t moved = 0;
    while (moved < most) {
        const auto count = std::to_string(std::min<std::size_t>(most - moved, 100));
        const auto keys = lines_of(from.command({"CLUSTER", "GETKEYSINSLOT", std::to_string(slot), count}));
        if (keys.empty()) break;
        std::vector<std::string> move{"MIGRATE", "127.0.0.1", std::to_string(to.port()), "", "0", "5000", "KEYS"};
        move.insert(move.end(), keys.begin(), keys.end());
        from.command(move);
        moved += keys.size();
    }
    return moved;
}

void cluster_group::end_migration(unsigned slot, redis_server& to)
{
    auto& from = owner_of(slot);
    const std::vector<std::string> tell{"CLUSTER", "SETSLOT", std::to_string(slot), "NODE", id_of(to)};
    wait_for_one_epoch();
    // These two first, in this order, so that a crash in between leaves two owners and not none.
    to.command(tell);
    from.command(tell);
    for (const auto& n : nodes_) {
        if (n.get() != &to && n.get() != &from && try_command(*n, {"ROLE"}).starts_with("master")) n->command(tell);
    }
}

void cluster_group::kill_owner(unsigned slot)
{
    auto& owner = owner_of(slot);
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
        if (nodes_[i].get() == &owner) dead_[i] = true;
    }
    owner.crash();
    wait_for("a new owner", [&] { return &owner_of(slot) != &owner; });
    wait_until_whole();
}

}  // namespace larder::testing
