// SPDX-License-Identifier: MIT
// What a client may learn about an exception of the database.
#pragma once

#include <agora/outcome.hpp>
#include <exception>
#include <optional>

namespace agora::problems {

inline const problem_code read_only{"read_only", 503,
                                    "The database accepts no changes at the moment, for example during a failover.",
                                    "Wait for the seconds in Retry-After, then send the request again."};
inline const problem_code storage_full{"storage_full", 503, "The database has no space left for changes.",
                                       "Try again later; the operator has to make space."};
inline const problem_code busy{"busy", 503, "The database is busy, or the change conflicted with others too often.",
                               "Wait for the seconds in Retry-After, then send the request again."};
inline const problem_code timeout{"timeout", 503, "The database took too long.",
                                  "Wait for the seconds in Retry-After, then send the request again."};
inline const problem_code storage_corrupt{"storage_corrupt", 500, "The stored data is corrupt.",
                                          "Report it to the operator, who has to restore a backup."};
inline const problem_code malformed{"malformed", 400, "A value has characters or a size that cannot be stored.",
                                    "Correct the value and send the request again."};
inline const problem_code too_large{"too_large", 413, "A value is too large to be stored.", "Send a smaller value."};

}  // namespace agora::problems

namespace agora::application {

/// The problem for an error of the database: 503 when it is unreachable, busy, full or read-only, 400 or 413 when a
/// value cannot be stored, otherwise 500. nullopt: not an error of the database. An http::exception_mapper.
std::optional<failure> database_failure(const std::exception& e);

}  // namespace agora::application
