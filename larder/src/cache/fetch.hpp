// SPDX-License-Identifier: MIT
// One fetch of one entry by the leader of its flight: reads Redis, else runs the loader, then stores in L1 and Redis.
// Invariants: the tags' versions are sampled before the load, so an invalidation during the load is noticed. A value
// goes into L1 only while its flight is attached, and into Redis only under the lease; an invalidation ends both. A
// result that lost either is returned to the callers that waited for it, but not kept.
// Start at run(). many.cpp uses the parts of a fetch for several keys at once.
#pragma once

#include "core.hpp"

namespace larder::detail {

class fetch {
 public:
    /// `held`: the copy in L1 that is to be refreshed, or that may be served if the load fails; may be null.
    /// Requires: all references outlive this object.
    fetch(std::shared_ptr<cache::core> c, std::shared_ptr<flight> f, const entry_key& k, const value_type& t,
          std::shared_ptr<const record> held);
    /// The same with a token that several fetches share.
    fetch(std::shared_ptr<cache::core> c, std::shared_ptr<flight> f, const entry_key& k, const value_type& t,
          std::shared_ptr<const record> held, const std::string& token);
    ~fetch();
    fetch(const fetch&) = delete;
    fetch& operator=(const fetch&) = delete;

    /// Fetches the entry and finishes the flight, with a value or a failure. Throws only when the coroutine is
    /// cancelled.
    boost::asio::awaitable<void> run(loader& by);
    /// Stores a value that was not loaded (cache::set). Returns false if it could not be stored in Redis.
    boost::asio::awaitable<bool> put(std::shared_ptr<record> value);

    /// Refreshes: a copy in Redis that is no newer than this record is not accepted as the result.
    void replace(const record& r);
    /// Makes the load independent of its caller: it runs until it ends, or until its hard time-out. By default the load
    /// belongs to its caller, and ends when the caller stops waiting.
    void outlive_caller() { outlives_caller_ = true; }
    /// Allows this fetch to take over the lease of the flight that its own flight has replaced.
    void overtake(std::string token) { overtaken_ = std::move(token); }

    // The parts of run(), for loads of several keys at once:

    /// Records the state of the tags before the load, without asking Redis.
    void sample();
    /// What to do after the reply of Redis.
    enum class next : std::uint8_t { finished, load, ask_again, wait };
    acquire_question question() const;
    std::vector<tag_question> tag_questions();
    /// Processes the reply to question() and tag_questions(), which were sent at `asked`.
    next take(acquire_answer a, std::span<const std::optional<tag_version>> tags, boot_time asked);
    /// The load succeeded: stores the value in L1 and Redis and finishes the flight.
    void loaded(std::shared_ptr<record> value, boot_time began);
    /// The load failed: finishes the flight with the old copy if that may be served, else with the failure.
    void failed(std::exception_ptr why);
    /// Processes the reply to a question with acquire_mode::peek: returns the entry if it is fresh, else null. Finishes
    /// the flight either way.
    std::shared_ptr<const record> peeked(acquire_answer a, std::span<const std::optional<tag_version>> tags,
                                         boot_time asked);
    /// Sets the epoch and generation of the reply. Must be called before take() and peeked().
    void set_context(const shared_tier::answers& got);
    bool uses_redis() const { return redis_; }
    const std::string& token() const noexcept { return token_; }

 private:
    /// What kind of copy Redis has returned.
    enum class copy : std::uint8_t { none, good, corrupt, invalid, unconfirmed, another_schema };

    /// Asks Redis, and waits while another process is loading the entry. Returns true if that finished the flight,
    /// false if the entry has to be loaded here.
    boost::asio::awaitable<bool> ask_redis();
    boost::asio::awaitable<void> load(loader& by);
    /// Renews the lease while the load is running. Returns at `until`, the time limit of the load.
    boost::asio::awaitable<void> watch(steady_time until);
    copy read(const acquire_answer& a, boot_time asked, std::shared_ptr<record>& out);
    void take_tags(std::span<const std::optional<tag_version>> tags, boot_time asked);
    bool pending() const;
    bool old_may_serve() const;
    bool caller_stops_early() const;
    void finish_with_stale(boot_time retry_at, fetched how);
    void finish(std::shared_ptr<const record> r, fetched how);
    bool keep(const std::shared_ptr<const record>& r);
    std::chrono::milliseconds life(bool negative) const noexcept;
    void date(record& r, boot_time began) const;
    std::string packed(const record& r, std::string payload) const;
    void publish(std::shared_ptr<const record> r, std::string payload);
    void release_lease(std::chrono::milliseconds retry_after);

    std::shared_ptr<cache::core> core_;
    std::shared_ptr<flight> flight_;
    const entry_key& key_;
    const value_type& type_;
    region_state& in_;
    const region_options& options_;
    std::vector<std::shared_ptr<tag_slot>> slots_;
    std::vector<std::size_t> asked_slots_;  ///< indices into slots_ of the tags that the last question asked for
    std::vector<tag_stamp> stamps_;
    std::vector<tag_version> versions_;
    std::shared_ptr<const record> held_;  ///< the copy in L1
    std::shared_ptr<const record> old_;   ///< the copy that may be served if the load fails: from L1 or from Redis
    std::string token_;
    std::string overtaken_;
    acquire_mode mode_ = acquire_mode::load;
    std::int64_t known_ = 0;
    std::string epoch_;                                ///< epoch of the last reply
    std::uint64_t generation_ = freshness::untracked;  ///< generation in which the last question was sent
    std::uint64_t questioned_ = freshness::untracked;  ///< generation in which tag_questions() was called
    int channel_ = -1;                                 ///< channel that the last reply arrived on
    std::uint64_t pushes_ = 0;                         ///< freshness::pushes() when the last reply was parsed
    std::int64_t redis_now_ = 0;                       ///< Redis's clock in the last reply, ms
    bool redis_;
    bool outlives_caller_ = false;
    bool leased_ = false;
    bool perhaps_leased_ = false;       ///< the reply was lost, so the lease may have been granted
    boot_time confirmed_as_of_{};       ///< the last reply reflects every invalidation from before this time
    boot_time tags_confirmed_as_of_{};  ///< the same for the oldest of the tag versions that were not read again
    bool asked_twice_ = false;
    std::chrono::milliseconds pause_{2};
    std::chrono::milliseconds lease_left_{0};
    steady_time wait_until_{};
};

}  // namespace larder::detail
