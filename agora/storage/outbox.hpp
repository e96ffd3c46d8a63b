// SPDX-License-Identifier: MIT
// The single road from a committed change to what it makes untrue in the cache. The change's transaction writes a row
// that names the keys and tags; after the commit, and before the writer is answered, they are invalidated. If the
// process dies in between, or Redis is away, the row stands, and a relay (any node's) does it.
//
//     outbox.write([&](session& s, changes& c) -> asio::awaitable<outcome<post>> {
//         co_await s.exec("UPDATE posts ...");
//         c.add(by_id(id));
//         c.add(larder::tag{"posts"});
//     });
//
// Rows are deleted in batches by the relay: a row costs its insert in a transaction that is there anyway. Applying one
// twice costs a few misses. Thread-safe.
#pragma once

#include <agora/storage/db.hpp>
#include <atomic>
#include <larder/cache.hpp>
#include <map>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace agora::storage {

/// What a transaction makes untrue, gathered while it runs.
class invalidations {
 public:
    void add(const larder::entry_key& k) { what_.keys.emplace_back(k.text()); }
    void add(const larder::tag& t)
    {
        if (what_.tags.empty()) what_.tags.reserve(usual_tags);
        what_.tags.emplace_back(t.text());
    }
    /// For changes too many to name: nothing that is cached is served any more.
    void add_everything();
    const larder::written_invalidation& what() const noexcept { return what_; }
    bool empty() const noexcept { return what_.keys.empty() && what_.tags.empty(); }
    void clear() { what_ = {}; }
    larder::written_invalidation take() { return std::exchange(what_, {}); }

 private:
    static constexpr std::size_t usual_tags = 8;
    larder::written_invalidation what_;
};

/// For a process without a cache, beside nodes that have one: writes the row, and the nodes' relays apply it within a
/// second. To be called in the transaction of the change.
asio::awaitable<void> leave_to_relays(session& s, const invalidations& what);

class outbox final : private larder::change_log {
 public:
    /// Requires: both outlive this.
    outbox(database& db, larder::cache& cache);

    /// As database::write(). When this returns, what the changes name is invalidated, in this process in any case.
    template <class F>
    auto write(F body) -> decltype(body(std::declval<session&>(), std::declval<invalidations&>()))
    {
        invalidations what;
        std::int64_t row_id = 0;
        std::optional<larder::begun_invalidation> invalidations;
        using result = typename decltype(body(std::declval<session&>(), what))::value_type;
        auto recorded = [&](session& s) -> asio::awaitable<result> {
            what.clear();  // it may be run again
            invalidations.reset();
            result r = co_await body(s, what);
            if (committed(r) && !what.empty()) {
                row_id = co_await record(s, what);
                invalidations.emplace(cache_.begin_invalidation(what.take()));
            }
            co_return r;
        };
        std::exception_ptr unknown;
        std::optional<result> done;
        try {
            done.emplace(co_await db_.write(recorded));
        } catch (...) {
            unknown = std::current_exception();
        }
        // After a failure it may have been committed or not.
        if (invalidations) co_await apply(*std::move(invalidations), row_id);
        if (unknown) std::rethrow_exception(unknown);
        co_return *std::move(done);
    }

    database& db() noexcept { return db_; }

    /// What keeps the database from taking writes; nothing when all is well. While something does, one call a second
    /// tries a write, so that the trouble is known to have passed although nobody else writes.
    asio::awaitable<std::optional<errc>> trouble();

    /// Deletes the rows that are done, and makes one pass of the relay (larder/cache/relay.hpp). Throws when the
    /// database is away.
    asio::awaitable<larder::relay_report> relay();

 private:
    template <class R>
    static bool committed(const R& r)
    {
        if constexpr (requires { r.has_error(); }) return !r.has_error();
        return true;
    }
    asio::awaitable<std::int64_t> record(session& s, const invalidations& what);
    asio::awaitable<void> apply(larder::begun_invalidation invalidations, std::int64_t row_id);
    asio::awaitable<void> delete_done();
    asio::awaitable<void> try_a_write();
    asio::awaitable<void> look_for_other_writers();

    asio::awaitable<snapshot> read() override;
    asio::awaitable<bool> set_epoch(std::string old, std::string next) override;
    asio::awaitable<void> done(std::vector<std::int64_t> rows, std::string epoch) override;
    asio::awaitable<void> park(std::vector<std::int64_t> rows) override;

    database& db_;
    larder::cache& cache_;
    std::atomic<larder::steady_time> next_try_{larder::steady_time{}};
    std::atomic<std::int64_t> next_row_;  ///< from a random start of 62 bits, so that no number is used twice
    std::mutex mutex_;
    std::map<std::string, std::vector<std::int64_t>> done_;  ///< rows to delete, by the epoch they are confirmed under
    std::optional<std::int64_t> version_;                    ///< SQLite's: another one when another process has written
};

}  // namespace agora::storage
