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
#include <larder/cache.hpp>
#include <mutex>
#include <vector>

namespace agora::storage {

/// What a transaction makes untrue, gathered while it runs.
class changes {
 public:
    void add(const larder::entry_key& k) { what_.keys.emplace_back(k.text()); }
    void add(const larder::tag& t) { what_.tags.emplace_back(t.text()); }
    const larder::written_invalidation& what() const noexcept { return what_; }
    bool empty() const noexcept { return what_.keys.empty() && what_.tags.empty(); }
    void clear() { what_ = {}; }

 private:
    larder::written_invalidation what_;
};

struct relay_report {
    std::size_t applied = 0;
    std::size_t left = 0;    ///< Redis did not confirm them
    std::size_t parked = 0;  ///< could not be read: everything was dropped instead
};

class outbox {
 public:
    static constexpr std::size_t most_pending = 10'000;  ///< rows; with more everything is dropped instead

    /// Requires: both outlive this.
    outbox(database& db, larder::cache& cache) : db_{db}, cache_{cache} {}

    /// As database::write(). When this returns, what the changes name is invalidated, in this process in any case.
    template <class F>
    auto write(F body) -> decltype(body(std::declval<session&>(), std::declval<changes&>()))
    {
        changes what;
        std::int64_t row = 0;
        using result = typename decltype(body(std::declval<session&>(), what))::value_type;
        auto recorded = [&](session& s) -> asio::awaitable<result> {
            what.clear();  // it may be run again
            result r = co_await body(s, what);
            row = 0;
            if (committed(r) && !what.empty()) row = co_await record(s, what);
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
        if (unknown ? !what.empty() : row != 0) co_await apply(what, row);
        if (unknown) std::rethrow_exception(unknown);
        co_return *std::move(done);
    }

    database& db() noexcept { return db_; }

    /// Applies all rows that stand there, and deletes those that are done. Throws when the database is away.
    asio::awaitable<relay_report> relay();

 private:
    template <class R>
    static bool committed(const R& r)
    {
        if constexpr (requires { r.has_error(); }) return !r.has_error();
        return true;
    }
    static asio::awaitable<std::int64_t> record(session& s, const changes& what);
    asio::awaitable<void> apply(changes what, std::int64_t row);
    void note_done(std::int64_t row);
    asio::awaitable<void> delete_rows(std::vector<std::int64_t> rows);

    database& db_;
    larder::cache& cache_;
    std::mutex mutex_;
    std::vector<std::int64_t> done_;  ///< rows to delete
};

}  // namespace agora::storage
