// SPDX-License-Identifier: MIT
// What a client may learn about an exception of the database.
#pragma once

#include <agora/outcome.hpp>
#include <exception>
#include <optional>

namespace agora::application {

/// The problem for an error of the database: 503 when it is unreachable, busy, full or read-only, 400 or 413 when a
/// value cannot be stored, otherwise 500. nullopt: not an error of the database. An http::exception_mapper.
std::optional<failure> database_failure(const std::exception& e);

}  // namespace agora::application
