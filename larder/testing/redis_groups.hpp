// SPDX-License-Identifier: MIT
// Real Redis deployments on loopback for tests: a master with two replicas under three Sentinels, and a cluster of six
// nodes. The constructors return when the deployment is ready for clients; url() says where it is. Start with
// sentinel_group and cluster_group.
#pragma once

#include <chrono>
#include <larder/testing/redis_server.hpp>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace larder::testing {

/// The master is called "mymaster". The Sentinels detect a dead master after half a second.
class sentinel_group {
 public:
    sentinel_group();

    std::string url() const;  ///< redis-sentinel://...
    static std::string name() { return "mymaster"; }
    std::vector<unsigned short> sentinel_ports() const;
    /// The server that the Sentinels name as master.
    redis_server& master();
    std::vector<std::unique_ptr<redis_server>>& servers() noexcept { return servers_; }
    /// A planned failover. Returns when the new master and the old one report their new roles and all Sentinels agree.
    void fail_over();

 private:
    struct sentinel {
        std::filesystem::path socket;
        unsigned short port;
        std::unique_ptr<process> running;
    };
    std::string ask(const std::vector<std::string>& command) const;
    bool agreed() const;

    temporary_folder folder_;
    std::vector<std::unique_ptr<redis_server>> servers_;
    std::vector<sentinel> sentinels_;
};

/// Three masters with one replica each.
class cluster_group {
 public:
    cluster_group();

    std::string url() const;  ///< redis-cluster://...
    std::vector<unsigned short> ports() const;
    redis_server& node(std::size_t i) { return *nodes_[i]; }
    std::size_t size() const noexcept { return nodes_.size(); }
    /// The master of a slot, according to the nodes that are alive.
    redis_server& owner_of(unsigned slot);

    /// Waits until all nodes know the same epoch. Before a node takes over a slot, its next epoch must be the highest.
    /// Otherwise a heartbeat that the former owner sent earlier takes the slot back, and each of the two replies for
    /// ever that the other one owns it. end_migration() calls this.
    void wait_for_one_epoch() const;
    /// Between begin_migration() and end_migration(), the keys of the slot are partly on the one node and partly on the
    /// other.
    void begin_migration(unsigned slot, redis_server& to);
    /// Moves at most this many keys. Returns how many it has moved.
    std::size_t move_keys(unsigned slot, redis_server& to, std::size_t most = static_cast<std::size_t>(-1));
    /// Announces the new owner to all masters.
    void end_migration(unsigned slot, redis_server& to);
    /// Kills the owner, and returns when its replica serves the slot.
    void kill_owner(unsigned slot);

 private:
    std::string id_of(const redis_server& s) const;
    void wait_until_whole();

    std::vector<std::unique_ptr<redis_server>> nodes_;
    std::vector<bool> dead_;
};

/// Calls `holds` until it returns true. Throws std::runtime_error, which names `what`, after `limit`.
template <class Condition>
void wait_for(const char* what, Condition holds, std::chrono::seconds limit = std::chrono::seconds{60})
{
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!holds()) {
        if (std::chrono::steady_clock::now() > end) throw std::runtime_error{std::string{"timed out: "} + what};
        std::this_thread::sleep_for(std::chrono::milliseconds{20});
    }
}

}  // namespace larder::testing
