// SPDX-License-Identifier: MIT
// L2: reads and writes entries in Redis with the scripts of lua/. Works on every transport of redis::client, because
// each script touches one key, and an entry is read together with its tags in one pipeline. Thread-safe as the client
// is. Functions throw only when the coroutine is cancelled. Invariant: a reply is used only if its connection has
// answered a heartbeat in the epoch that the question named; read() repeats the question otherwise. Start at read().
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <larder/cache/outbox.hpp>
#include <larder/redis/client.hpp>
#include <larder/runtime.hpp>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "envelope.hpp"
#include "freshness.hpp"
#include "questions.hpp"

namespace larder::detail {

/// The channel of the loop that this thread runs.
inline int this_channel() noexcept
{
    const auto loop = runtime::this_loop();
    return loop == runtime::no_loop ? 0 : static_cast<int>(loop);
}

/// A new owner token for leases: 128 random bits as 32 hexadecimal digits.
std::string random_token();

struct shared_tier_options {
    std::chrono::milliseconds deadline;  ///< for each step with Redis
    bool has_epochs;                     ///< a single server; with Cluster and REST all entries belong to `first_epoch`
    bool relayed;  ///< there is an outbox: only relays begin epochs, and the watermark confirms freshness
    std::function<boot_time()> now;
};

class shared_tier {
 public:
    /// Requires: both references outlive this.
    shared_tier(redis::client& client, freshness& t, shared_tier_options o)
        : client_{client}, freshness_{t}, options_{std::move(o)}, epoch_{options_.has_epochs ? "" : first_epoch}
    {}

    /// Reads the epoch and the watermark, and reports them to `freshness`. Returns false if there is no epoch, or no
    /// usable reply.
    boost::asio::awaitable<bool> heartbeat(std::chrono::milliseconds deadline);
    /// Requires a heartbeat before the next question, because this may be another server, or the same after a restart.
    void forget_epoch();
    /// The current epoch; empty if it is not known.
    std::string epoch() const;

    struct answers {
        std::vector<acquire_answer> entries;           ///< one for each question
        std::vector<std::optional<tag_version>> tags;  ///< one for each question; nullopt: no reply
        reply_context context;

        void forget()
        {
            std::fill(entries.begin(), entries.end(), acquire_answer{});
            std::fill(tags.begin(), tags.end(), std::nullopt);
        }
    };
    /// Reads entries and tags in one pipeline. `token` and `lease`: the lease to take if an entry has to be loaded.
    boost::asio::awaitable<answers> read(std::vector<acquire_question> entries, std::vector<tag_question> tags,
                                         std::string_view token, std::chrono::milliseconds lease);

    /// The outcome of a write; `no`: refused, for example because the lease is lost.
    enum class done : std::uint8_t { unreachable, no, yes };
    boost::asio::awaitable<done> fill(std::string_view key, std::string_view token, std::chrono::milliseconds ttl,
                                      std::string_view bytes);
    boost::asio::awaitable<done> release(std::string_view key, std::string_view token,
                                         std::chrono::milliseconds retry_after);
    boost::asio::awaitable<done> renew(std::string_view key, std::string_view token, std::chrono::milliseconds lease);
    boost::asio::awaitable<done> set(std::string_view key, std::chrono::milliseconds ttl, std::string_view bytes);
    /// Deletes keys. The confirmation names the epoch in which they were deleted, if that is certain.
    boost::asio::awaitable<confirmation> unlink(std::vector<std::string> keys);

    // For relays: the scripts lua/relay_*.lua.
    bool relayed() const noexcept { return options_.relayed && options_.has_epochs; }
    struct pass {
        bool ours = false;  ///< the pass has begun; false: it is another relay's turn, or Redis did not answer
        std::string epoch;  ///< the value of the epoch key; may be empty
        std::string run;    ///< the run id of the server
    };
    boost::asio::awaitable<pass> begin_pass(const std::string& id, const std::string& who, bool in_any_case);
    boost::asio::awaitable<bool> end_pass(const std::string& id, const std::string& who, const std::string& epoch);
    boost::asio::awaitable<bool> begin_epoch(const std::string& epoch);

    /// Calls f(key) once for each key that matches and holds an entry with a value, until f returns false. This is a
    /// SCAN over all keys of the database.
    boost::asio::awaitable<void> scan(std::string glob, const std::function<bool(const std::string&)>& f);

    static constexpr std::string_view epoch_key = "larder:epoch";
    static constexpr std::string_view watermark_key = "larder:watermark";
    static constexpr std::string_view turn_key = "larder:relay";
    static constexpr std::string_view tag_prefix = "larder:tag:";
    static std::string key_of_tag(std::string_view tag) { return std::string{tag_prefix} + std::string{tag}; }

 private:
    boost::asio::awaitable<void> read_once(answers& out, const std::vector<acquire_question>& entries,
                                           const std::vector<tag_question>& tags, std::string_view token,
                                           std::chrono::milliseconds lease);
    boost::asio::awaitable<done> run(redis::request what);
    /// Returns whether the channel has answered a heartbeat in this epoch.
    bool has_answered_heartbeat(int channel, const std::string& epoch) const;
    redis::exec_options in_time() const noexcept { return {options_.deadline}; }

    redis::client& client_;
    freshness& freshness_;
    const shared_tier_options options_;
    mutable std::mutex mutex_;
    std::string epoch_;   ///< the epoch in the latest heartbeat; empty after forget_epoch()
    std::string latest_;  ///< the same, but kept by forget_epoch()
    std::array<std::string, freshness::most_channels>
        heartbeat_epochs_;  ///< by channel: the epoch in its latest heartbeat
};

}  // namespace larder::detail
