// SPDX-License-Identifier: MIT
// From DATABASE_URL to a database that is ready: the one place that knows both drivers.
#pragma once

#include <agora/application/config.hpp>
#include <agora/storage/db.hpp>
#include <chrono>
#include <larder/runtime.hpp>
#include <memory>

namespace agora::application {

/// Makes the data folder when it is missing. Throws config_error when it cannot be made or written into.
void make_data_folder(const config& c);

/// Makes the data folder and connects. The schema is not looked at. Throws config_error when DATABASE_URL cannot be
/// used, and what the driver throws when the database is away. A statement that runs longer than the timeout is ended.
std::unique_ptr<storage::database> open_database(const config& c, larder::runtime& loops,
                                                 std::chrono::milliseconds statement_timeout = std::chrono::seconds{5});

}  // namespace agora::application
