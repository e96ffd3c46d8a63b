// SPDX-License-Identifier: MIT
// Real Redis deployments on loopback for tests: a master with two replicas under three Sentinels, and a cluster of six.
#pragma once

#include <chrono>
#include <larder/testing/redis_server.hpp>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace larder::testing {

/// The master is called "mymaster". Sentinels notice a dead one after half a second.
class sentinel_group {
 public:
    sentinel_group();

    std::string url() const;  ///< redis-sentinel://...
    static std::string name() { return "mymaster"; }
    std::vector<unsigned short> sentinel_ports() const;
    /// Whom the Sentinels call master.
    redis_server& master();
    std::vector<std::unique_ptr<redis_server>>& servers() noexcept { return servers_; }
    /// A planned failover; returns when the new master and the old one say what they are now, and all Sentinels agree.
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

/// Three masters with a replica each.
class cluster_group {
 public:
    cluster_group();

    std::string url() const;  ///< redis-cluster://...
    std::vector<unsigned short> ports() const;
    redis_server& node(std::size_t i) { return *nodes_[i]; }
    std::size_t size() const noexcept { return nodes_.size(); }
    /// The master of a slot, as the nodes that are alive see it.
    redis_server& owner_of(unsigned slot);

    /// Before a node takes anything over, its next epoch has to be the highest: else a heartbeat that the former owner
    /// has sent before takes it back, and each of the two says for ever that the other has it. end_migration() does it.
    void wait_for_one_epoch() const;
    /// From begin to end, keys of the slot are partly here and partly there.
    void begin_migration(unsigned slot, redis_server& to);
    /// At most so many keys; returns how many there were to move.
    std::size_t move_keys(unsigned slot, redis_server& to, std::size_t most = static_cast<std::size_t>(-1));
    /// All masters are told.
    void end_migration(unsigned slot, redis_server& to);
    /// Kills the owner and returns when its replica serves the slot.
    void kill_owner(unsigned slot);

 private:
    std::string id_of(const redis_server& s) const;
    void wait_until_whole();

    std::vector<std::unique_ptr<redis_server>> nodes_;
    std::vector<bool> dead_;
};

/// Asks `holds` again and again. Throws std::runtime_error naming `what` when it does not hold in time.
template <class Condition>
void wait_for(const char* what, Condition holds, std::chrono::seconds limit = std::chrono::seconds{60})
{
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!holds()) {
        if (std::chrono::steady_clock::now() > end) throw std::runtime_error{std::string{"not in time: "} + what};
        std::this_thread::sleep_for(std::chrono::milliseconds{20});
    }
}

}  // namespace larder::testing
