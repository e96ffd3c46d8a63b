// SPDX-License-Identifier: MIT
// Conditional edits (RFC 9110 13.1.1): whoever edits a row names the version that the edit was made from, so that
// two editors cannot overwrite each other unseen. Pure functions.
#pragma once

#include <agora/outcome.hpp>
#include <cstdint>
#include <string_view>

namespace agora::rest {

/// 428 when the If-Match field is absent (empty), 412 when it names other versions than `current`.
outcome<void> check_if_match(std::string_view header, std::int64_t current);

/// The 412 of an edit that lost against another one.
failure stale_edit();

}  // namespace agora::rest
