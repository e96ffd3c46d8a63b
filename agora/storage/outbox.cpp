// SPDX-License-Identifier: MIT
// The outbox: rows are written by record(), applied after the commit by apply(), and deleted in batches by the relay.
// Invariant: if there is a Redis, a row is deleted only after Redis has confirmed its invalidations in the epoch that
// the database names.
// Start at outbox::write() in outbox.hpp, then relay() at the end of this file.
#include <agora/storage/outbox.hpp>
#include <larder/json.hpp>

#include <algorithm>
#include <random>
#include <span>

namespace agora::storage {
namespace {

struct outbox_row {
    std::int64_t id;
    std::string payload;
};
BOOST_DESCRIBE_STRUCT(outbox_row, (), (id, payload))

constexpr std::size_t ranges_in_a_transaction = 500;

struct row_range {
    std::int64_t first;
    std::int64_t last;
};

/// Covers exactly these numbers. Consecutive numbers share a range, which is common because a process counts upwards.
std::vector<row_range> ranges_of(std::vector<std::int64_t> rows)
{
    std::ranges::sort(rows);
    std::vector<row_range> out;
    for (const auto id : rows) {
        if (out.empty() || id > out.back().last + 1) out.push_back({id, id});
        out.back().last = id;
    }
    return out;
}

std::int64_t random_start()
{
    std::random_device random;
    return static_cast<std::int64_t>((std::uint64_t{random()} << 32U | random()) >> 2U);
}

}  // namespace

outbox::outbox(database& db, larder::cache& cache) : db_{db}, cache_{cache}, next_row_{random_start()} {}

void invalidations::add_everything()
{
    // Every entry carries this tag, and no program can use its name; see larder/src/cache/region_table.hpp.
    what_.tags.emplace_back("@");
}

asio::awaitable<void> leave_to_relays(session& s, const invalidations& what)
{
    if (what.empty()) co_return;
    const std::string payload = larder::json::to_string(what.what());
    co_await s.exec("INSERT INTO outbox (id, kind, payload, created_at) VALUES ($1, 'invalidate', $2, $3)",
                    random_start(), std::string_view{payload}, larder::system_clock().wall());
}

asio::awaitable<std::int64_t> outbox::record(session& s, const invalidations& what)
{
    const std::int64_t id = next_row_++;
    const std::string payload = larder::json::to_string(what.what());
    co_await s.exec("INSERT INTO outbox (id, kind, payload, created_at) VALUES ($1, 'invalidate', $2, $3)", id,
                    std::string_view{payload}, larder::system_clock().wall());
    co_return id;
}

asio::awaitable<void> outbox::apply(larder::begun_invalidation invalidations, std::int64_t row_id)
{
    const auto result = co_await invalidations.apply();
    if (result.how != larder::invalidation::confirmed) co_return;
    const std::lock_guard lock{mutex_};
    done_[result.epoch].push_back(row_id);
}

asio::awaitable<void> outbox::done(std::vector<std::int64_t> rows, std::string epoch)
{
    // Not "id <= last", because a transaction that commits later may have a smaller row number.
    const auto all = ranges_of(std::move(rows));
    for (std::size_t i = 0; i < all.size(); i += ranges_in_a_transaction) {
        const auto some = std::span{all}.subspan(i, std::min(ranges_in_a_transaction, all.size() - i));
        auto remove = [&](session& s) -> asio::awaitable<bool> {
            for (const auto& r : some) {
                if (epoch.empty()) {
                    co_await s.exec("DELETE FROM outbox WHERE id BETWEEN $1 AND $2", r.first, r.last);
                } else {
                    co_await s.exec(
                        "DELETE FROM outbox WHERE id BETWEEN $1 AND $2"
                        " AND EXISTS (SELECT 1 FROM cache_epoch WHERE SUBSTR(epoch, 1, 16) = $3)",
                        r.first, r.last, std::string_view{epoch});
                }
            }
            co_return true;
        };
        co_await db_.write(remove);
    }
}

asio::awaitable<void> outbox::delete_done()
{
    decltype(done_) all;
    {
        const std::lock_guard lock{mutex_};
        all.swap(done_);
    }
    for (auto& [epoch, rows] : all) co_await done(std::move(rows), epoch);
}

asio::awaitable<larder::change_log::snapshot> outbox::read()
{
    snapshot out;
    // Rows are read before the epoch. Each statement has a snapshot of its own, so every row that was deleted before
    // the first statement was deleted in the epoch that the second one finds, or in an earlier one.
    auto both = [&](session& s) -> asio::awaitable<bool> {
        out = {};
        const auto rows = co_await s.all<outbox_row>("SELECT id, payload FROM outbox WHERE kind = 'invalidate'");
        for (const auto& r : rows) {
            auto what = larder::json::read<larder::written_invalidation>(r.payload);
            out.rows.push_back({r.id, what ? std::optional{*std::move(what)} : std::nullopt});
        }
        const auto epoch = co_await s.first<std::string>("SELECT epoch FROM cache_epoch");
        out.epoch = epoch.value_or("");
        co_return true;
    };
    co_await db_.read(both);
    co_return out;
}

asio::awaitable<bool> outbox::set_epoch(std::string old, std::string next)
{
    const auto n = co_await db_.write([&](session& s) {
        return s.exec("UPDATE cache_epoch SET epoch = $1 WHERE epoch = $2", std::string_view{next},
                      std::string_view{old});
    });
    co_return n == 1;
}

asio::awaitable<void> outbox::park(std::vector<std::int64_t> rows)
{
    for (const auto id : rows)
        co_await db_.write([&](session& s) { return s.exec("UPDATE outbox SET kind = 'parked' WHERE id = $1", id); });
}

/// For a cache in memory, to which nothing announces the writes of another process.
asio::awaitable<void> outbox::check_foreign_writes()
{
    const auto start = larder::system_clock().steady();
    const auto found = co_await db_.foreign_writes();
    if (!found) co_return;
    if (foreign_writes_ && foreign_writes_ != found) co_await cache_.clear();
    foreign_writes_ = found;
    larder::cache_outbox{cache_}.confirm_applied(start);
}

asio::awaitable<std::optional<errc>> outbox::check_writable()
{
    constexpr auto between_tries = std::chrono::seconds{1};
    const auto found = db_.write_error();
    if (!found || found == errc::corrupt) co_return found;
    const auto now = std::chrono::steady_clock::now();
    auto next = next_try_.load();
    if (now < next || !next_try_.compare_exchange_strong(next, now + between_tries)) co_return found;
    try {
        co_await try_a_write();
    } catch (const sql_error&) {  // the database's condition remembers the reason
    }
    co_return db_.write_error();
}

/// Writes a row as large as a long post, so that the last free page of a full disk is not mistaken for free space.
asio::awaitable<void> outbox::try_a_write()
{
    constexpr std::size_t size = 64 * 1024;
    std::string filler;
    std::mt19937_64 random{std::random_device{}()};
    // Random, because a database may compress repeated data.
    while (filler.size() < size) filler += std::to_string(random());
    const std::int64_t id = next_row_++;
    auto insert = [&](session& s) {
        return s.exec("INSERT INTO outbox (id, kind, payload, created_at) VALUES ($1, 'probe', $2, $3)", id,
                      std::string_view{filler}, larder::system_clock().wall());
    };
    co_await db_.write(insert);
    // Also deletes the probe of a process that died between the two writes.
    auto remove = [](session& s) { return s.exec("DELETE FROM outbox WHERE kind = 'probe'"); };
    co_await db_.write(remove);
}

asio::awaitable<larder::relay_report> outbox::relay()
{
    const larder::cache_outbox cached{cache_};
    const bool in_use = !cached.is_idle();
    if (in_use && !cached.on_redis()) co_await check_foreign_writes();
    co_await delete_done();
    co_return co_await cached.relay(*this);
}

}  // namespace agora::storage
