// SPDX-License-Identifier: MIT
// Brings a database to the state that this program needs: the migrations, then the data steps, whose list is here.
#pragma once

#include <agora/storage/data_steps.hpp>
#include <agora/storage/migrate.hpp>
#include <string>
#include <vector>

namespace agora::application {

/// Runs both. Can be resumed, and may run beside other processes that do the same or serve requests. The report's
/// `applied` has the names of both.
storage::asio::awaitable<storage::migration_report> bring_up_to_date(storage::database& db);

/// The names of the unfinished data steps; all of them when the schema is older than this program's. Changes nothing.
storage::asio::awaitable<std::vector<std::string>> pending_steps(storage::database& db);

}  // namespace agora::application
