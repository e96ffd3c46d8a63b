// SPDX-License-Identifier: MIT
// The state of one rule for each client, in this process. The table is divided into shards by the hash of the client's
// name. A shard is an LRU list with a map from names to list nodes, under one mutex. The table is bounded in bytes:
// beyond the limit, the least recently seen clients are dropped. Use it through client_table::with().
#pragma once

#include <array>
#include <list>
#include <string>
#include <unordered_map>

#include "../cache/seeded_hash.hpp"
#include "../cache/waiters.hpp"
#include "gcra.hpp"
#include "sliding_window.hpp"

namespace larder::detail {

struct client_state {
    sliding_window window;  ///< for exact rules that are counted in this process
    gcra bucket;            ///< for approximate rules that are counted in this process

    boot_time refused_until{};  ///< end of the last refusal by Redis
    boot_time recheck_at{};     ///< until then, hits are refused without calling Redis

    // For approximate rules in Redis: borrowed tokens.
    std::uint32_t tokens = 0;                      ///< borrowed tokens that are unused
    std::uint32_t left_in_redis = 0;               ///< tokens that were left in Redis when these were borrowed
    std::uint32_t batch = 1;                       ///< size of the last batch
    boot_time borrowed_at{};                       ///< when they were borrowed
    bool borrowing = false;                        ///< a caller is borrowing a batch
    std::vector<std::shared_ptr<waiter>> waiting;  ///< callers that wait for it
};

class client_table {
 public:
    client_table(std::size_t bytes, std::uint64_t seed) : shard_bytes_{bytes / shards}, seed_{seed} {}

    /// Calls f(client_state&) for `client`, creating its state if necessary, while holding the shard's lock.
    /// The state may have been dropped and created anew since the previous call.
    template <class F>
    auto with(std::string_view client, F&& f)
    {
        auto& s = shards_[seeded_hash(client, seed_) >> 61];
        const std::lock_guard lock{s.mutex};
        auto found = s.by_name.find(client);
        if (found == s.by_name.end()) {
            s.seen.emplace_front(std::string{client});
            found = s.by_name.emplace(s.seen.front().client, s.seen.begin()).first;
            s.bytes += sizeof(node) + map_bytes + client.size();
        } else {
            s.seen.splice(s.seen.begin(), s.seen, found->second);
        }
        auto& n = s.seen.front();
        const auto before = n.state.window.heap_bytes();
        const auto leave = [&] {
            s.bytes += n.state.window.heap_bytes() - before;
            while (s.bytes > shard_bytes_ && s.seen.size() > 1) s.drop(std::prev(s.seen.end()));
        };
        if constexpr (std::is_void_v<decltype(f(n.state))>) {
            f(n.state);
            leave();
        } else {
            auto out = f(n.state);
            leave();
            return out;
        }
    }

    void forget(std::string_view client)
    {
        auto& s = shards_[seeded_hash(client, seed_) >> 61];
        const std::lock_guard lock{s.mutex};
        const auto found = s.by_name.find(client);
        if (found != s.by_name.end()) s.drop(found->second);
    }

    std::size_t size() const
    {
        std::size_t n = 0;
        for (const auto& s : shards_) {
            const std::lock_guard lock{s.mutex};
            n += s.seen.size();
        }
        return n;
    }

 private:
    static constexpr std::size_t shards = 8;
    static constexpr std::size_t map_bytes = 64;  // approximate size of a map node and its bucket

    struct node {
        explicit node(std::string name) : client{std::move(name)} {}
        std::string client;
        client_state state;
    };
    struct shard {
        mutable std::mutex mutex;
        std::list<node> seen;  ///< the most recently seen client first
        std::unordered_map<std::string_view, std::list<node>::iterator> by_name;  ///< keys are views of `client`
        std::size_t bytes = 0;

        void drop(std::list<node>::iterator n)
        {
            for (auto& w : n->state.waiting) waiter::wake(std::move(w));
            bytes -= sizeof(node) + map_bytes + n->client.size() + n->state.window.heap_bytes();
            by_name.erase(n->client);
            seen.erase(n);
        }
    };

    const std::size_t shard_bytes_;
    const std::uint64_t seed_;
    std::array<shard, shards> shards_;
};

}  // namespace larder::detail
