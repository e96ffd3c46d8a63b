// SPDX-License-Identifier: MIT
#include <agora/storage/outbox.hpp>
#include <larder/json.hpp>

#include <algorithm>

namespace agora::storage {
namespace {

struct outbox_row {
    std::int64_t id;
    std::string payload;
};
BOOST_DESCRIBE_STRUCT(outbox_row, (), (id, payload))

constexpr std::size_t rows_in_a_delete = 500;

}  // namespace

asio::awaitable<std::int64_t> outbox::record(session& s, const changes& what)
{
    const std::string payload = larder::json::to_string(what.what());
    const auto id = co_await s.first<std::int64_t>(
        "INSERT INTO outbox (kind, payload, created_at) VALUES ('invalidate', $1, $2) RETURNING id",
        std::string_view{payload}, larder::system_clock().wall());
    co_return id.value_or(0);
}

void outbox::note_done(std::int64_t row)
{
    const std::lock_guard lock{mutex_};
    done_.push_back(row);
}

asio::awaitable<void> outbox::apply(changes what, std::int64_t row)
{
    const auto done = co_await cache_.invalidate(what.what());
    if (done == larder::invalidation::confirmed && row != 0) note_done(row);
}

asio::awaitable<void> outbox::delete_rows(std::vector<std::int64_t> rows)
{
    for (std::size_t i = 0; i < rows.size(); i += rows_in_a_delete) {
        // Not "id <= last": a row of a transaction that commits later may have a smaller number.
        std::string sql = "DELETE FROM outbox WHERE id IN (";
        for (std::size_t j = i; j < std::min(rows.size(), i + rows_in_a_delete); ++j)
            sql += (j == i ? "" : ",") + std::to_string(rows[j]);
        sql += ")";
        co_await db_.write([&](session& s) { return s.exec(sql); });
    }
}

asio::awaitable<relay_report> outbox::relay()
{
    relay_report report;
    std::vector<std::int64_t> done;
    {
        const std::lock_guard lock{mutex_};
        done.swap(done_);
    }
    std::sort(done.begin(), done.end());
    const std::size_t noted = done.size();  // what this pass adds stands behind them
    const auto rows =
        co_await db_.all<outbox_row>("SELECT id, payload FROM outbox WHERE kind = 'invalidate' ORDER BY id");
    bool everything = rows.size() > most_pending;
    std::vector<std::int64_t> unreadable;
    for (const auto& r : rows) {
        const auto end = done.begin() + static_cast<std::ptrdiff_t>(noted);
        if (everything || std::binary_search(done.begin(), end, r.id)) continue;
        auto what = larder::json::read<larder::written_invalidation>(r.payload);
        if (!what) {
            unreadable.push_back(r.id);
            continue;
        }
        const auto confirmed = co_await cache_.invalidate(*std::move(what));
        if (confirmed == larder::invalidation::confirmed) {
            done.push_back(r.id);
            ++report.applied;
        } else {
            ++report.left;
        }
    }
    everything = everything || !unreadable.empty();
    if (everything) {
        const auto cleared = co_await cache_.clear();
        if (cleared == larder::invalidation::confirmed && rows.size() > most_pending)
            for (const auto& r : rows) done.push_back(r.id);
    }
    for (const auto id : unreadable)
        co_await db_.write([&](session& s) { return s.exec("UPDATE outbox SET kind = 'parked' WHERE id = $1", id); });
    report.parked = unreadable.size();
    if (!done.empty()) co_await delete_rows(std::move(done));
    co_return report;
}

}  // namespace agora::storage
