// SPDX-License-Identifier: MIT
// Changes of stored rows that SQL alone cannot make, such as converting texts or folding case. A step runs in batches.
// Each batch is one transaction that also stores the position it has reached, so a process that dies loses at most its
// current batch, and the next run continues from there. Several processes may run the steps at once, beside nodes that
// serve requests: they alternate by batch, and the invalidations that a batch causes go through the outbox.
// A finished step never runs again, so code that writes new rows must already write them in the new form.
#pragma once

#include <agora/storage/outbox.hpp>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace agora::storage {

struct data_step {
    std::string_view name;  ///< key in the table data_steps; never changes
    /// Changes some rows whose ids are greater than `after`, adds the invalidations this causes, and returns the last
    /// id that it has looked at, or nullopt when no rows are left. May be called again for the same rows, because the
    /// transaction is repeated after a conflict.
    asio::awaitable<std::optional<std::int64_t>> (*run)(session& s, invalidations& invalidations, std::int64_t after);
};

/// Runs the unfinished part of each step, in the order given. Returns the names of the steps that were not finished.
asio::awaitable<std::vector<std::string>> run_data_steps(database& db, std::span<const data_step> steps);

/// The names of the steps that are not finished.
asio::awaitable<std::vector<std::string>> pending_data_steps(database& db, std::span<const data_step> steps);

}  // namespace agora::storage
