// SPDX-License-Identifier: MIT
// Opens the database that DATABASE_URL names. The only file that knows both drivers.
#pragma once

#include <agora/application/config.hpp>
#include <agora/storage/db.hpp>
#include <chrono>
#include <larder/runtime.hpp>
#include <memory>

namespace agora::application {

/// Creates the data folder when it is missing. Throws config_error when it cannot be created or written to.
void make_data_folder(const config& c);

/// Creates the data folder and opens the database. Does not check the schema. Throws config_error when DATABASE_URL
/// cannot be used, and the driver's error when the database is unreachable. A statement that runs longer than
/// `statement_timeout` is cancelled.
std::unique_ptr<storage::database> open_database(const config& c, larder::runtime& loops,
                                                 std::chrono::milliseconds statement_timeout = std::chrono::seconds{5});

}  // namespace agora::application
