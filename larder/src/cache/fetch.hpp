// SPDX-License-Identifier: MIT
// One fetch of one entry by the leader of its flight: Redis, then the loader, then back to Redis.
// The order matters. The tags' versions are sampled before the load, so that an invalidation during the load shows. A
// value goes into L1 only while its flight is attached, and into Redis only under the lease, both of which an
// invalidation takes away. What comes out of a load that lost either is given to those who waited, and kept nowhere.
#pragma once

#include "core.hpp"

namespace larder::detail {

class fetch {
 public:
    /// `held`: a copy in L1 that is to be refreshed, or may replace a failure. All references outlive this.
    fetch(std::shared_ptr<cache::core> c, std::shared_ptr<flight> f, const entry_key& k, const value_type& t,
          std::shared_ptr<const record> held);
    /// The same with a token that several share.
    fetch(std::shared_ptr<cache::core> c, std::shared_ptr<flight> f, const entry_key& k, const value_type& t,
          std::shared_ptr<const record> held, const std::string& token);
    ~fetch();
    fetch(const fetch&) = delete;
    fetch& operator=(const fetch&) = delete;

    /// Finishes the flight, with a value or a failure. Throws only when the coroutine is cancelled.
    boost::asio::awaitable<void> run(loader& by);
    /// Stores a value that nobody loaded. False: it did not get to Redis.
    boost::asio::awaitable<bool> put(std::shared_ptr<record> value);

    /// What Redis has is no answer if it is this value.
    void replace(const record& r);
    /// It is the cache's: whoever waits no longer, it goes on until it ends or its hard time-out. Else it is its
    /// caller's, and ends when the caller stops waiting.
    void outlive_caller() { outlives_caller_ = true; }
    /// The lease of an overtaken load of this process may be taken over.
    void overtake(std::string token) { overtaken_ = std::move(token); }

    // In parts, for the loads of several keys at once:

    /// Notes what the tags are before the load, without Redis.
    void sample();
    /// What to do after taking in what Redis said.
    enum class next : std::uint8_t { finished, load, ask_again, wait };
    acquire_question question() const;
    std::vector<tag_question> tag_questions();
    next take(acquire_answer a, std::span<const std::optional<tag_version>> tags, boot_time asked);
    /// The value is there: stores it everywhere and lands.
    void loaded(std::shared_ptr<record> value, boot_time began);
    /// The load failed: lands with an old copy if there is one that may be served, else with the failure.
    void failed(std::exception_ptr why);
    /// Of a question with wish::peek: what is there and fresh, or null. Lands either way.
    std::shared_ptr<const record> peeked(acquire_answer a, std::span<const std::optional<tag_version>> tags,
                                         boot_time asked);
    /// Of which epoch and generation the answers are; before take() and peeked().
    void set_context(const shared_tier::answers& got);
    bool uses_redis() const { return redis_; }
    const std::string& token() const noexcept { return token_; }

 private:
    enum class copy : std::uint8_t { none, good, corrupt, invalid, unconfirmed, another_schema };

    boost::asio::awaitable<bool> ask_redis();
    boost::asio::awaitable<void> load(loader& by);
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
    std::vector<std::size_t> asked_slots_;  ///< whose versions the last question asked for
    std::vector<tag_stamp> stamps_;
    std::vector<tag_version> versions_;
    std::shared_ptr<const record> held_;  ///< what L1 had
    std::shared_ptr<const record> old_;   ///< what may be served if the load fails: that, or what Redis had
    std::string token_;
    std::string overtaken_;
    acquire_mode mode_ = acquire_mode::load;
    std::int64_t known_ = 0;
    std::string epoch_;                                ///< of the last answer
    std::uint64_t generation_ = freshness::untracked;  ///< in which it was asked
    std::uint64_t questioned_ = freshness::untracked;  ///< in which it was made up what to ask for
    int channel_ = -1;                                 ///< by which it came
    std::uint64_t pushes_ = 0;                         ///< freshness::pushes() when it was parsed
    std::int64_t redis_now_ = 0;                       ///< Redis's clock at the last question
    bool redis_;
    bool outlives_caller_ = false;
    bool leased_ = false;
    bool perhaps_leased_ = false;       ///< the answer did not come
    boot_time confirmed_as_of_{};       ///< all that was invalidated before then shows in what Redis answered
    boot_time tags_confirmed_as_of_{};  ///< the same of the oldest of the tags' versions that were not asked for anew
    bool asked_twice_ = false;
    std::chrono::milliseconds pause_{2};
    std::chrono::milliseconds lease_left_{0};
    steady_time wait_until_{};
};

}  // namespace larder::detail
