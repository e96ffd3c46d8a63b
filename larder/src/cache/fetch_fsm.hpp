// SPDX-License-Identifier: MIT
// The decisions of a fetch: whether to ask Redis, to wait for another process, to load, or to serve a copy. No I/O;
// both clocks are arguments. fetch.hpp does what is decided here, for one key or for several at once.
//
//    state     event                                                       next state
//    asking    answered: hit, and the copy is good                         finished, with the copy
//              answered: Redis is unreachable, or the copy has another     loading
//                schema
//              answered: the copy is unusable, no lease, for the first     asking, for a lease that replaces the copy
//                time
//              answered: throttled after a failed load                     finished with the old copy, else loading
//              answered: another process loads, and a good copy is fresh   finished, with the copy
//                or may be served while it is revalidated
//              answered: another process loads                             waiting
//              answered: anything else                                     loading
//    waiting   wait: there is time left                                    asking, after a pause
//              wait: time is up                                            finished with the old copy, else loading
//    loading   end, failed                                                 finished
//
// "The old copy": one that may be served if the load fails; there may be none. A copy is unusable if it is corrupt,
// invalid or unconfirmed.
#pragma once

#include <optional>

#include "flights.hpp"
#include "questions.hpp"

namespace larder::detail {

enum class fetch_state : std::uint8_t { asking, waiting, loading, finished };

/// What kind of copy an answer contains.
enum class copy_state : std::uint8_t { none, good, corrupt, invalid, unconfirmed, another_schema };

struct fetch_limits {
    std::chrono::milliseconds while_revalidate;
    std::chrono::milliseconds retry_after;   ///< pause after a failed load
    std::chrono::milliseconds soft_timeout;  ///< 0: none
    std::chrono::milliseconds hard_timeout;
    bool outlives_caller;  ///< the load goes on after the soft time-out, which then only ends the callers' wait
};

/// What the decision about an answer depends on.
struct fetch_facts {
    acquire_answer::state what;
    copy_state copy = copy_state::none;
    boot_time fresh_until{};   ///< of the copy
    std::int64_t created = 0;  ///< of the copy, ms of Redis's clock
    std::chrono::milliseconds lease_left{0};
    boot_time asked{};           ///< when the question was sent
    bool old_may_serve = false;  ///< needed only for `throttled`
};

/// How a fetch ends that serves a copy.
struct served_copy {
    fetched how = fetched::nothing;
    std::optional<boot_time> retry_at;  ///< no caller may load the entry before this
};

class fetch_fsm {
 public:
    explicit fetch_fsm(const fetch_limits& l) : limits_{l} {}

    fetch_state state() const noexcept { return state_; }
    /// The question to ask next.
    acquire_mode mode() const noexcept { return mode_; }
    std::int64_t known() const noexcept { return known_; }
    /// A copy in Redis that was created at this time or earlier is not accepted. Requires: nothing was asked yet.
    void refresh(std::int64_t created) noexcept;
    /// Redis is not to be asked.
    void skip_redis() noexcept { state_ = fetch_state::loading; }

    /// Requires: asking.
    fetch_state answered(const fetch_facts& f) noexcept;
    /// Decides whether to wait longer, at the time `now`, which is after the answer. Requires: waiting.
    fetch_state wait(steady_time now, bool old_may_serve) noexcept;
    /// How long to pause before the next question.
    steady_time::duration pause() const noexcept { return pause_; }
    /// How the fetch ends, if it has finished without a load.
    const served_copy& served() const noexcept { return served_; }

    /// Whether callers stop waiting at the soft time-out while the load goes on.
    bool load_outlives_soft_timeout() const noexcept;
    /// Whether the load ends at the soft time-out with the old copy. Only loads that belong to their caller do.
    bool stops_early(bool old_may_serve) const noexcept;
    /// The time limit of the load.
    std::chrono::milliseconds load_limit(bool stops_early) const noexcept;
    /// The load has failed, and the old copy may be served, which counts as fresh until `fresh_until`.
    served_copy failed(boot_time now, boot_time fresh_until) noexcept;
    void end() noexcept { state_ = fetch_state::finished; }

 private:
    fetch_state finish(const served_copy& s) noexcept;

    fetch_limits limits_;
    fetch_state state_ = fetch_state::asking;
    acquire_mode mode_ = acquire_mode::load;
    std::int64_t known_ = 0;
    bool asked_to_replace_ = false;
    served_copy served_;
    std::chrono::milliseconds lease_left_{0};  ///< of the process that is loading the entry
    std::optional<steady_time> wait_until_;    ///< no longer than the lease was to last at the first answer
    std::chrono::milliseconds next_pause_{2};
    steady_time::duration pause_{0};
};

}  // namespace larder::detail
