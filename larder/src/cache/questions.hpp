// SPDX-License-Identifier: MIT
// What a fetch asks Redis, and what Redis answers: plain data between the decisions (fetch_fsm.hpp, tag_snapshot.hpp)
// and the pipeline (shared_tier.hpp).
#pragma once

#include <atomic>
#include <chrono>
#include <larder/clock.hpp>
#include <string>

#include "freshness.hpp"

namespace larder::detail {

/// How to read an entry; lua/acquire.lua describes the modes.
enum class acquire_mode : std::uint8_t { load, refresh, replace, peek };

struct acquire_question {
    std::string key;
    acquire_mode what = acquire_mode::load;
    std::int64_t known = 0;               ///< creation time of the caller's copy, ms of Redis's clock; 0: it has none
    std::string overtaken{};              ///< a token whose lease may be taken over; or empty
    std::atomic<int>* channel = nullptr;  ///< set to the channel of the reply when that is parsed; may be null
};

struct acquire_answer {
    enum class state : std::uint8_t { unreachable, hit, granted, busy, throttled, miss, foreign };
    state what = state::unreachable;
    std::string bytes;  ///< the entry; empty: there is none
    std::chrono::milliseconds fresh_left{0};
    std::chrono::milliseconds stale_left{0};
    std::chrono::milliseconds lease_left{0};
    std::int64_t now = 0;  ///< Redis's clock, ms
};

struct tag_question {
    std::string tag;
    std::chrono::milliseconds keep;  ///< after this long without a read, the tag's version expires
};

/// What the answers of one pipeline depend on. Epoch, generation and time are captured before the questions are sent.
struct reply_context {
    std::string epoch;                                ///< the epoch that the questions named
    std::uint64_t generation = freshness::untracked;  ///< the generation when the questions were sent
    boot_time confirmed_as_of{};                      ///< the answers reflect all invalidations from before this
    int channel = -1;                                 ///< the channel that the answers arrived on
    std::uint64_t pushes = 0;                         ///< freshness::pushes() when the first answer was parsed
};

}  // namespace larder::detail
