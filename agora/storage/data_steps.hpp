// SPDX-License-Identifier: MIT
// Changes of stored rows that need the program: converting texts, folding case. A step runs in batches, each of them
// one transaction that also writes how far it is; a process that dies loses its batch at most, and the next run goes on
// there. Any number of processes may run the steps, beside nodes that serve: they take turns by batch, and what a batch
// makes untrue goes through the outbox. A finished step never runs again, so a step also has to be true of the rows
// that are written later.
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
    std::string_view name;  ///< in the table data_steps; never changes
    /// Changes some rows whose ids are greater than `after`, names the invalidations, and returns the last id that
    /// it has looked at; nothing when there are no more. May be called again for rows that it has changed: the
    /// transaction is repeated after a conflict.
    asio::awaitable<std::optional<std::int64_t>> (*run)(session& s, invalidations& invalidations, std::int64_t after);
};

/// Runs what is left of each step, in their order. Returns the names of those that had something left.
asio::awaitable<std::vector<std::string>> run_data_steps(database& db, std::span<const data_step> steps);

/// The names of the steps that are not finished.
asio::awaitable<std::vector<std::string>> pending_data_steps(database& db, std::span<const data_step> steps);

}  // namespace agora::storage
