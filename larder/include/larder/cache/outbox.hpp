// SPDX-License-Identifier: MIT
// Invalidations through an outbox: they are written in the same transaction as the change that causes them, so none is
// lost when the process dies, and a relay applies those that were left over. Such a program sets
// cache_options::relayed; its cache then trusts values from Redis only up to the time that a relay has confirmed.
//
//     larder::cache_outbox outbox{cache};
//     auto begun = outbox.begin_invalidation(what);         // before COMMIT
//     ...COMMIT, with `what` in a row of the log...
//     auto done = co_await begun.apply();          // before replying to the client; then delete the row
//
//     for (;;) { co_await outbox.relay(log); co_await larder::sleep_for(500ms); }     // on every node
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/describe/class.hpp>
#include <cstdint>
#include <larder/cache.hpp>
#include <larder/cache/arguments.hpp>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace larder {

/// An invalidation as text: stored together with the change that causes it, and applied later, possibly by another
/// process.
struct written_invalidation {
    written_invalidation() = default;
    written_invalidation(list_of<std::string> k, list_of<std::string> t)
        : keys{std::move(k).take()}, tags{std::move(t).take()}
    {}
    std::vector<std::string> keys;
    std::vector<std::string> tags;
};
BOOST_DESCRIBE_STRUCT(written_invalidation, (), (keys, tags))

struct [[nodiscard]] confirmation {
    invalidation how = invalidation::pending;
    std::string epoch;  ///< epoch of the Redis that confirmed it; empty: unknown, or epochs are not used
};

namespace detail {
class invalidation_state;
}

/// The invalidation that a transaction is about to cause. While this object exists, and until Redis has confirmed the
/// invalidation, this process loads the affected entries from their source and neither reads them from Redis nor stores
/// them there.
class [[nodiscard]] begun_invalidation {
 public:
    explicit begun_invalidation(std::unique_ptr<detail::invalidation_state> a);
    begun_invalidation(begun_invalidation&&) noexcept;
    begun_invalidation& operator=(begun_invalidation&&) noexcept;
    /// Withdraws the invalidation if apply() was not called.
    ~begun_invalidation();
    /// Invalidates. May be called once.
    boost::asio::awaitable<confirmation> apply();

 private:
    std::unique_ptr<detail::invalidation_state> state_;
};

/// The outbox table as a relay sees it. Exceptions from its functions are rethrown by relay().
class change_log {
 public:
    struct row {
        std::int64_t id = 0;
        std::optional<written_invalidation> what;  ///< nullopt: the row cannot be parsed
    };
    struct snapshot {
        std::vector<row> rows;  ///< all committed rows
        std::string epoch;      ///< the last set_epoch(); must be read after the rows, or in one snapshot with them
    };
    virtual boost::asio::awaitable<snapshot> read() = 0;
    /// Replaces the epoch with `next` if it is `old`. Returns false if it is not.
    virtual boost::asio::awaitable<bool> set_epoch(std::string old, std::string next) = 0;
    /// Deletes the rows if the stored epoch begins with `epoch` (16 characters); an empty `epoch` always matches.
    virtual boost::asio::awaitable<void> done(std::vector<std::int64_t> rows, std::string epoch) = 0;
    /// Moves rows that cannot be parsed out of the way.
    virtual boost::asio::awaitable<void> park(std::vector<std::int64_t> rows) = 0;

 protected:
    ~change_log() = default;
};

struct relay_report {
    std::size_t applied = 0;
    std::size_t left = 0;      ///< rows that Redis did not confirm
    std::size_t parked = 0;    ///< rows that could not be parsed; every entry was invalidated instead
    bool began_anew = false;   ///< every entry was invalidated: another Redis, too many rows, or unreadable ones
    bool published = false;    ///< Redis now says that everything from before the pass is applied
    bool others_turn = false;  ///< another node is relaying
    bool idle = false;         ///< the cache is idle; nothing was done
};

/// The write protocol of a cache. Copyable and cheap, as a reference is. Thread-safe. Requires: the cache
/// outlives this object.
class cache_outbox {
 public:
    explicit cache_outbox(cache& of) : cache_{of} {}

    /// Announces an invalidation. Call it before COMMIT.
    begun_invalidation begin_invalidation(written_invalidation w) const;
    /// Makes one pass over the log: applies its invalidations, deletes the rows, and publishes the time up to which
    /// everything is applied. Call it every half second on every node. Only one node does the work at a time; on the
    /// others the call returns quickly.
    boost::asio::awaitable<relay_report> relay(change_log& log) const;
    /// For a cache in memory: confirms that everything other processes changed before `since` has been invalidated
    /// here. Entries are served until the staleness bound has passed since the latest such time, or since their own
    /// load began if that is later.
    void confirm_applied(boot_time since) const;
    bool on_redis() const noexcept;
    /// Whether the cache was neither read nor written for cache_options::idle_after. While it is idle, relay() does
    /// nothing and no heartbeats are sent.
    bool is_idle() const noexcept;

 private:
    cache& cache_;
};

}  // namespace larder
