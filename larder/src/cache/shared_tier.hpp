// SPDX-License-Identifier: MIT
// L2: the entries' bytes in Redis, by the scripts of lua/. Works on every transport of redis::client: each script
// touches one key, and what goes out together (an entry and its tags) is one pipeline. Thread-safe as the client is.
// Throws only when the coroutine is cancelled.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <larder/cache/relay.hpp>
#include <larder/redis/client.hpp>
#include <larder/runtime.hpp>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "envelope.hpp"
#include "freshness.hpp"

namespace larder::detail {

/// Of the loop that this thread runs.
inline int this_channel() noexcept
{
    const auto loop = runtime::this_loop();
    return loop == runtime::no_loop ? 0 : static_cast<int>(loop);
}

/// Who holds a lease: 32 hexadecimal digits of 128 random bits.
std::string random_token();

enum class acquire_mode : std::uint8_t { load, refresh, replace, peek };

struct acquire_question {
    std::string key;
    acquire_mode what = acquire_mode::load;
    std::int64_t known = 0;               ///< when the copy that is known was created
    std::string overtaken{};              ///< a token whose lease may be taken over
    std::atomic<int>* channel = nullptr;  ///< set, when the answer is parsed, to the channel by which it came
};

struct acquire_answer {
    enum class state : std::uint8_t { unreachable, hit, granted, busy, throttled, miss, foreign };
    state what = state::unreachable;
    std::string bytes;  ///< of the entry; empty: there is none
    std::chrono::milliseconds fresh_left{0};
    std::chrono::milliseconds stale_left{0};
    std::chrono::milliseconds lease_left{0};
    std::int64_t now = 0;  ///< of Redis's clock, ms
};

struct tag_question {
    std::string tag;
    std::chrono::milliseconds keep;  ///< how long its version lives
};

struct shared_tier_options {
    std::chrono::milliseconds deadline;
    bool has_epochs;  ///< it is one server; of several, and over REST, all entries are of the first epoch
    bool relayed;     ///< only relays begin epochs, and they vouch for what is read
    std::function<boot_time()> now;
};

class shared_tier {
 public:
    /// Requires: both references outlive this.
    shared_tier(redis::client& client, freshness& t, shared_tier_options o)
        : client_{client}, freshness_{t}, options_{std::move(o)}, epoch_{options_.has_epochs ? "" : first_epoch}
    {}

    /// Asks which epoch it is, and tells trust. False: not known.
    boost::asio::awaitable<bool> heartbeat(std::chrono::milliseconds deadline);
    /// Whoever asks next must learn it first: it may be another server, or another life of it.
    void forget_epoch();
    /// Empty: not known.
    std::string epoch() const;

    struct answers {
        std::vector<acquire_answer> entries;              ///< as many as asked
        std::vector<std::optional<tag_version>> tags;     ///< as many as asked
        std::string epoch;                                ///< in which the entries were asked for
        std::uint64_t generation = freshness::untracked;  ///< in which the question was sent
        int channel = -1;                                 ///< by which the answers came
        std::uint64_t pushes = 0;                         ///< freshness::pushes() when the first was parsed
        boot_time confirmed_as_of{};                      ///< all that was committed before then shows in the answers

        void forget()
        {
            std::fill(entries.begin(), entries.end(), acquire_answer{});
            std::fill(tags.begin(), tags.end(), std::nullopt);
        }
    };
    /// One round trip. Requires: `lease` is the token's.
    boost::asio::awaitable<answers> ask(std::vector<acquire_question> entries, std::vector<tag_question> tags,
                                        std::string_view token, std::chrono::milliseconds lease);

    enum class done : std::uint8_t { unreachable, no, yes };
    boost::asio::awaitable<done> fill(std::string_view key, std::string_view token, std::chrono::milliseconds ttl,
                                      std::string_view bytes);
    boost::asio::awaitable<done> release(std::string_view key, std::string_view token,
                                         std::chrono::milliseconds retry_after);
    boost::asio::awaitable<done> renew(std::string_view key, std::string_view token, std::chrono::milliseconds lease);
    boost::asio::awaitable<done> set(std::string_view key, std::chrono::milliseconds ttl, std::string_view bytes);
    /// With the epoch under which it is confirmed, if that is known for sure.
    boost::asio::awaitable<confirmation> unlink(std::vector<std::string> keys);

    // For relays; the scripts' comments say what they do.
    bool relayed() const noexcept { return options_.relayed && options_.has_epochs; }
    struct pass {
        bool ours = false;
        std::string epoch;
        std::string run;
    };
    boost::asio::awaitable<pass> begin_pass(const std::string& id, const std::string& who, bool in_any_case);
    boost::asio::awaitable<bool> end_pass(const std::string& id, const std::string& who, const std::string& epoch);
    boost::asio::awaitable<bool> begin_epoch(const std::string& epoch);

    /// Calls f(key) for each key that matches and whose string is an entry of ours with a value, until it returns
    /// false. A SCAN over all keys; one that comes twice is given once.
    boost::asio::awaitable<void> scan(std::string glob, const std::function<bool(const std::string&)>& f);

    static constexpr std::string_view epoch_key = "larder:epoch";
    static constexpr std::string_view watermark_key = "larder:watermark";
    static constexpr std::string_view turn_key = "larder:relay";
    static constexpr std::string_view tag_prefix = "larder:tag:";
    static std::string key_of_tag(std::string_view tag) { return std::string{tag_prefix} + std::string{tag}; }

 private:
    boost::asio::awaitable<void> ask_once(answers& out, const std::vector<acquire_question>& entries,
                                          const std::vector<tag_question>& tags, std::string_view token,
                                          std::chrono::milliseconds lease);
    boost::asio::awaitable<done> run(redis::request what);
    /// Whether the connection has been heard in this epoch.
    bool heard_on(int channel, const std::string& epoch) const;
    redis::exec_options in_time() const noexcept { return {options_.deadline}; }

    redis::client& client_;
    freshness& freshness_;
    const shared_tier_options options_;
    mutable std::mutex mutex_;
    std::string epoch_;                                        ///< the latest that was heard
    std::string latest_;                                       ///< the same, also when it has to be learnt anew
    std::array<std::string, freshness::most_channels> heard_;  ///< by channel
};

}  // namespace larder::detail
