// SPDX-License-Identifier: MIT
// One fetch of one entry by the leader of its flight: what is read from Redis or made by the loader goes to L1, to
// Redis and to the callers that wait. These are the steps; fetch_fsm.hpp decides which is next, and fetch_all.hpp takes
// them. Invariants: the tags are sampled before the load, so an invalidation during the load is noticed. A value goes
// into L1 only while its flight is attached, and into Redis only under the lease; an invalidation ends both. A result
// that lost either is returned to the callers that waited for it, but not kept.
#pragma once

#include "core.hpp"
#include "fetch_fsm.hpp"
#include "lease.hpp"
#include "tag_snapshot.hpp"

namespace larder::detail {

/// How a fetch begins.
struct fetch_start {
    std::shared_ptr<const record> held{};      ///< the copy in L1 that may be served if the load fails; may be null
    std::shared_ptr<const record> replaced{};  ///< a copy to be replaced: one that is no newer is not accepted
    std::string token{};                       ///< the token for leases, if several fetches share one; else empty
    std::string overtaken{};  ///< the token of the flight that this one has replaced: its lease may be taken over
    /// The load runs until it ends, or until its hard time-out. By default it belongs to its caller, and ends when the
    /// caller stops waiting.
    bool outlives_caller = false;
};

class fetch {
 public:
    /// Requires: the references outlive this object.
    fetch(std::shared_ptr<cache::core> c, std::shared_ptr<flight> f, const entry_key& k, const value_type& t,
          fetch_start s);
    ~fetch();
    fetch(const fetch&) = delete;
    fetch& operator=(const fetch&) = delete;

    /// Stores a value that was not loaded (cache::set). Returns false if it could not be stored in Redis.
    boost::asio::awaitable<bool> put(std::shared_ptr<record> value);

    // The steps, in the order in which run() of fetch_all.hpp takes them:

    fetch_state state() const noexcept { return fsm_.state(); }
    /// Records the numbers of the tags before the load, without asking Redis.
    void sample();
    acquire_question question() const;
    std::vector<tag_question> tag_questions();
    /// Processes the answers to question() and tag_questions(), which were sent at `asked`. Returns the next state;
    /// `finished`: the flight is finished with a copy from Redis.
    fetch_state take(acquire_answer a, std::span<const std::optional<tag_version>> tags, const reply_context& from,
                     boot_time asked);
    /// The question was sent, but its answer will not be processed: gives back the lease that may have been granted.
    void lose_answer() { lease{core_, key_.text(), token_}.release(); }
    /// Decides whether to go on waiting for the process that is loading the entry; `asking`: yes, after pause().
    fetch_state wait(steady_time now);
    steady_time::duration pause() const noexcept { return fsm_.pause(); }
    bool stops_early() const { return fsm_.stops_early(old_may_serve()); }
    std::chrono::milliseconds load_limit(bool early) const noexcept { return fsm_.load_limit(early); }
    /// The bulkhead that limits the loads of the region.
    bulkhead& places() const { return core_->places_for(in_); }
    void renew_lease() noexcept { lease_.renew(); }
    /// The load succeeded: stores the value in L1 and Redis and finishes the flight.
    void loaded(std::shared_ptr<record> value, boot_time began);
    /// The load failed: finishes the flight with the old copy if that may be served, else with the failure.
    void failed(std::exception_ptr why);
    /// Processes the answers to a question with acquire_mode::peek: returns the entry if it is fresh, else null.
    /// Finishes the flight either way.
    std::shared_ptr<const record> peeked(acquire_answer a, std::span<const std::optional<tag_version>> tags,
                                         const reply_context& from, boot_time asked);
    bool uses_redis() const noexcept { return redis_; }
    const std::string& token() const noexcept { return token_; }

 private:
    copy_state read(const acquire_answer& a, boot_time asked, std::shared_ptr<record>& out);
    void take_tags(std::span<const std::optional<tag_version>> tags, const reply_context& from, boot_time asked);
    bool pending() const;
    bool old_may_serve() const;
    void serve_old(const served_copy& s);
    void finish(std::shared_ptr<const record> r, fetched how);
    bool keep(const std::shared_ptr<const record>& r);
    std::chrono::milliseconds life(bool negative) const noexcept;
    void date(record& r, boot_time began) const;
    std::string packed(const record& r, std::string payload) const;
    void publish(std::shared_ptr<const record> r, std::string payload);

    std::shared_ptr<cache::core> core_;
    std::shared_ptr<flight> flight_;
    const entry_key& key_;
    const value_type& type_;
    region_state& in_;
    const region_options& options_;
    fetch_fsm fsm_;
    tag_snapshot tags_;
    std::shared_ptr<const record> held_;  ///< the copy in L1
    std::shared_ptr<const record> old_;   ///< the copy that may be served if the load fails: from L1 or from Redis
    const std::string overtaken_;
    bool redis_;                  ///< Redis is asked, and gets the value
    std::string token_;           ///< of the lease; empty without Redis
    lease lease_;                 ///< granted to this fetch
    reply_context reply_;         ///< of the last reply
    std::int64_t redis_now_ = 0;  ///< Redis's clock in the last reply, ms
};

}  // namespace larder::detail
