// SPDX-License-Identifier: MIT
// Invalidations that are written in the transaction that makes them necessary (an outbox), so that none is lost when
// the process dies, and the relay that applies what was left. A cache of such a program has
// cache_options::relayed, and believes Redis only as far as relays vouch for it.
//
//     auto begun = cache.begin_invalidation(what);         // before COMMIT
//     ...COMMIT, with `what` in a row of the log...
//     auto done = co_await begun.apply();          // before the writer is answered; then delete the row
//
//     for (;;) { co_await cache.relay(log); co_await larder::sleep_for(500ms); }     // on every node
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/describe/class.hpp>
#include <cstdint>
#include <larder/cache/arguments.hpp>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace larder {

class cache;

/// Whether an invalidation has reached Redis.
enum class invalidation : std::uint8_t {
    confirmed,  ///< nobody will read the old value from Redis any more
    pending,  ///< Redis did not answer: done in this process, where it is tried again until it succeeds or the cache is
              ///< closed
};

/// What is to be invalidated, as text: to be kept with the change that makes it untrue, and applied later, perhaps by
/// another process.
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
    std::string epoch;  ///< of the Redis where it is confirmed; empty: not known, or there are none
};

namespace detail {
class invalidation_state;
}

/// What a transaction is about to make untrue: while it exists, and until Redis has confirmed, this process reads it
/// from its source, takes nothing of it from Redis and puts nothing there.
class [[nodiscard]] begun_invalidation {
 public:
    explicit begun_invalidation(std::unique_ptr<detail::invalidation_state> a);
    begun_invalidation(begun_invalidation&&) noexcept;
    begun_invalidation& operator=(begun_invalidation&&) noexcept;
    /// Withdraws it, if it was not applied.
    ~begun_invalidation();
    /// Invalidates; once.
    boost::asio::awaitable<confirmation> apply();

 private:
    std::unique_ptr<detail::invalidation_state> state_;
};

/// The table where invalidations are written, as a relay sees it. What its functions throw, relay() throws.
class change_log {
 public:
    struct row {
        std::int64_t id = 0;
        std::optional<written_invalidation> what;  ///< none: it cannot be read
    };
    struct snapshot {
        std::vector<row> rows;  ///< all that are committed
        std::string epoch;  ///< what set_epoch() has written last; read after the rows, or in one snapshot with them
    };
    virtual boost::asio::awaitable<snapshot> read() = 0;
    /// Replaces `old` if it stands there. False: it does not.
    virtual boost::asio::awaitable<bool> set_epoch(std::string old, std::string next) = 0;
    /// Deletes the rows, if `epoch` (its first 16 characters) stands there; without one in any case.
    virtual boost::asio::awaitable<void> done(std::vector<std::int64_t> rows, std::string epoch) = 0;
    /// Puts rows that cannot be read aside.
    virtual boost::asio::awaitable<void> park(std::vector<std::int64_t> rows) = 0;

 protected:
    ~change_log() = default;
};

struct relay_report {
    std::size_t applied = 0;
    std::size_t left = 0;      ///< Redis did not confirm them
    std::size_t parked = 0;    ///< could not be read: everything was dropped instead
    bool began_anew = false;   ///< everything was dropped: it was another Redis, or too much, or could not be read
    bool published = false;    ///< Redis says now that all from before the pass is applied
    bool others_turn = false;  ///< another node is at it
    bool idle = false;         ///< the cache is not used, and nothing was done
};

}  // namespace larder
