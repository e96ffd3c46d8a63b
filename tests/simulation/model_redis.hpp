// SPDX-License-Identifier: MIT
// A model of Redis 7.0 in memory: the commands that the cache's protocol uses, tracking, and scripts, which run in the
// same version of Lua (5.1). Replies are the same, byte for byte, as a real server's; model_redis_test.cpp compares
// them. Start at execute().
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

struct lua_State;

namespace larder::simulation {

class model_redis {
 public:
    /// The state of one connection.
    struct session {
        std::uint64_t id = 0;
        bool resp3 = false;
        bool tracked = false;
        bool noloop = false;
        std::string out;  ///< replies and pushes, to be taken by the caller
    };
    struct entry {
        std::string value;
        std::int64_t expires = 0;  ///< ms; 0: never
    };
    using contents = std::map<std::string, entry, std::less<>>;

    /// `now_us`: the wall clock.
    model_redis(std::string run_id, std::function<std::int64_t()> now_us);
    ~model_redis();
    model_redis(const model_redis&) = delete;
    model_redis& operator=(const model_redis&) = delete;

    session& connect();
    void disconnect(session& s);
    /// Runs one command. Appends the reply to s.out, and pushes to the `out` of the sessions that track a key.
    void execute(session& s, const std::vector<std::string>& command);

    bool master = true;
    /// The data, as a replica or a file would contain it.
    const contents& all() const noexcept { return keys_; }
    void restore(contents c) { keys_ = std::move(c); }
    /// Removes a key as an eviction (maxmemory) does.
    void evict(const std::string& key);
    std::map<std::uint64_t, std::unique_ptr<session>>& sessions() noexcept { return sessions_; }

 private:
    using words = std::vector<std::string>;
    struct answer;
    class lua;

    std::int64_t now_ms() const { return now_us_() / 1000; }
    entry* find(const std::string& key);
    void changed(const std::string& key);
    void remember(const std::string& key);
    answer run(const words& w);
    answer run_key(const std::string& name, const words& w);
    answer run_set(const words& w);
    answer run_server(const std::string& name, const words& w);
    answer evaluate(const std::string& name, const words& w);
    static void write(std::string& out, const answer& a, bool resp3);

    std::string run_id_;
    std::function<std::int64_t()> now_us_;
    contents keys_;
    std::map<std::string, std::set<std::uint64_t>, std::less<>> tracking_;
    std::map<std::uint64_t, std::unique_ptr<session>> sessions_;
    std::uint64_t last_id_ = 0;
    session* current_ = nullptr;
    const words* script_ = nullptr;        ///< the command that runs a script; null: none is running
    std::vector<std::string> told_after_;  ///< pushes to the calling session, which come after the reply
    std::unique_ptr<lua> lua_;
};

}  // namespace larder::simulation
