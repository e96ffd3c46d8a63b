// SPDX-License-Identifier: MIT
// Reads a header block that check_head() has passed into a request: Boost.Beast's basic_parser in place, every
// field a view into the buffer. One of the few files whose source includes Beast.
#pragma once

#include <agora/http/request.hpp>
#include <string_view>

namespace agora::http {

/// False when Beast reads the block differently than check_head() did (then it is refused: two readers that
/// disagree are what smuggling lives on). Views in `out` point into `block`. What is known of the client stays as it
/// is, so that a head may be read again after its buffer has moved.
bool parse_head(std::string_view block, request& out);

}  // namespace agora::http
