// SPDX-License-Identifier: MIT
// Runs the data steps. Each batch is one transaction that locks the step's row in data_steps, changes rows, records the
// invalidations in the outbox, and stores the new position.
#include <agora/storage/data_steps.hpp>
#include <algorithm>
#include <limits>

namespace agora::storage {

namespace {

/// Returns true when the step is finished.
asio::awaitable<bool> run_batch(session& s, const data_step& step)
{
    co_await s.exec("INSERT INTO data_steps (name, position) VALUES ($1, $2) ON CONFLICT DO NOTHING", step.name,
                    std::numeric_limits<std::int64_t>::min());
    // The UPDATE locks the row: another process that runs the same step waits until this batch ends.
    const auto after = co_await s.first<std::int64_t>(
        "UPDATE data_steps SET position = position WHERE name = $1 AND finished_at IS NULL RETURNING position",
        step.name);
    if (!after) co_return true;
    invalidations invalidations;
    const auto reached = co_await step.run(s, invalidations, *after);
    co_await leave_to_relays(s, invalidations);
    if (reached) {
        co_await s.exec("UPDATE data_steps SET position = $2 WHERE name = $1", step.name, *reached);
    } else {
        co_await s.exec("UPDATE data_steps SET finished_at = $2 WHERE name = $1", step.name,
                        larder::system_clock().wall());
    }
    co_return !reached;
}

}  // namespace

asio::awaitable<std::vector<std::string>> run_data_steps(database& db, std::span<const data_step> steps)
{
    auto pending = co_await pending_data_steps(db, steps);
    for (const data_step& step : steps) {
        bool finished = std::ranges::find(pending, step.name) == pending.end();
        while (!finished) finished = co_await db.write([&step](session& s) { return run_batch(s, step); });
    }
    co_return pending;
}

asio::awaitable<std::vector<std::string>> pending_data_steps(database& db, std::span<const data_step> steps)
{
    const auto done = co_await db.all<std::string>("SELECT name FROM data_steps WHERE finished_at IS NOT NULL");
    std::vector<std::string> pending;
    for (const data_step& step : steps) {
        if (std::ranges::find(done, step.name) == done.end()) pending.emplace_back(step.name);
    }
    co_return pending;
}

}  // namespace agora::storage
