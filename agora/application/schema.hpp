// SPDX-License-Identifier: MIT
// What a database needs before this program serves from it: the migrations, then the data steps, which are listed here.
#pragma once

#include <agora/storage/data_steps.hpp>
#include <agora/storage/migrate.hpp>
#include <string>
#include <vector>

namespace agora::application {

/// Runs both. Resumable, and safe beside other processes that do the same or serve. `applied` has the names of both.
storage::asio::awaitable<storage::migration_report> bring_up_to_date(storage::database& db);

/// The data steps that are not finished; all of them when the schema is older than they are. Changes nothing.
storage::asio::awaitable<std::vector<std::string>> pending_steps(storage::database& db);

}  // namespace agora::application
