// SPDX-License-Identifier: MIT
// The only path from a committed change to the cache invalidations that it causes. The transaction that makes the
// change also writes a row that names the affected keys and tags. They are invalidated after the commit, before the
// client gets its response. If the process dies in between, or Redis is unreachable, the row stays, and a relay on any
// node applies it later.
//
//     outbox.write([&](session& s, invalidations& c) -> asio::awaitable<outcome<post>> {
//         co_await s.exec("UPDATE posts ...");
//         c.add(by_id(id));
//         c.add(larder::tag{"posts"});
//     });
//
// The relay deletes rows in batches. A row costs one insert, in a transaction that is needed anyway. Applying a row
// twice is harmless and costs a few cache misses. Thread-safe.
#pragma once

#include <agora/storage/db.hpp>
#include <atomic>
#include <larder/cache/outbox.hpp>
#include <map>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace agora::storage {

/// The keys and tags that a transaction invalidates, collected while it runs.
class invalidations {
 public:
    void add(const larder::entry_key& k) { what_.keys.emplace_back(k.text()); }
    void add(const larder::tag& t)
    {
        if (what_.tags.empty()) what_.tags.reserve(usual_tags);
        what_.tags.emplace_back(t.text());
    }
    /// For changes that affect too many entries to name: invalidates the whole cache.
    void add_everything();
    const larder::written_invalidation& what() const noexcept { return what_; }
    bool empty() const noexcept { return what_.keys.empty() && what_.tags.empty(); }
    void clear() { what_ = {}; }
    larder::written_invalidation take() { return std::exchange(what_, {}); }

 private:
    static constexpr std::size_t usual_tags = 8;
    larder::written_invalidation what_;
};

/// For a process that has no cache and runs beside nodes that do: writes only the row, and a node's relay applies it
/// within a second. Call it in the transaction that makes the change.
asio::awaitable<void> leave_to_relays(session& s, const invalidations& what);

class outbox final : private larder::change_log {
 public:
    /// Requires: `db` and `cache` outlive this object.
    outbox(database& db, larder::cache& cache);

    /// Like database::write(). When this returns, everything that `body` added to its invalidations is invalidated, at
    /// least in this process. `body` may run again after a serialization conflict.
    template <class F>
    auto write(F body) -> decltype(body(std::declval<session&>(), std::declval<invalidations&>()))
    {
        invalidations what;
        std::int64_t row_id = 0;
        std::optional<larder::begun_invalidation> invalidations;
        using result = typename decltype(body(std::declval<session&>(), what))::value_type;
        auto recorded = [&](session& s) -> asio::awaitable<result> {
            what.clear();  // a repeated run starts from nothing
            invalidations.reset();
            result r = co_await body(s, what);
            if (committed(r) && !what.empty()) {
                row_id = co_await record(s, what);
                invalidations.emplace(larder::cache_outbox{cache_}.begin_invalidation(what.take()));
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
        // After an exception the transaction may or may not have been committed, so the invalidations are applied
        // anyway.
        if (invalidations) co_await apply(*std::move(invalidations), row_id);
        if (unknown) std::rethrow_exception(unknown);
        co_return *std::move(done);
    }

    database& db() noexcept { return db_; }

    /// The reason why the database accepts no writes; nullopt when it does. While there is one, one call per second
    /// tries a write, so that the recovery is noticed even if nothing else writes.
    asio::awaitable<std::optional<errc>> check_writable();

    /// Deletes the rows that have been applied, then makes one pass of the relay (larder/cache/outbox.hpp). Throws when
    /// the database is unreachable.
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
    asio::awaitable<void> check_foreign_writes();

    asio::awaitable<snapshot> read() override;
    asio::awaitable<bool> set_epoch(std::string old, std::string next) override;
    asio::awaitable<void> done(std::vector<std::int64_t> rows, std::string epoch) override;
    asio::awaitable<void> park(std::vector<std::int64_t> rows) override;

    database& db_;
    larder::cache& cache_;
    std::atomic<larder::steady_time> next_try_{larder::steady_time{}};
    std::atomic<std::int64_t> next_row_;  ///< starts at a random 62-bit number, so that no number is used twice
    std::mutex mutex_;
    std::map<std::string, std::vector<std::int64_t>> done_;  ///< rows to delete, by the epoch they were confirmed in
    std::optional<std::int64_t> foreign_writes_;             ///< as last seen; see database::foreign_writes()
};

}  // namespace agora::storage
