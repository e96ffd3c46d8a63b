// SPDX-License-Identifier: MIT
// Parses a header block that check_head() has accepted into a request, with Boost.Beast's basic_parser. It works in
// place: every field is a view into the buffer. head_parser.cpp is the only file that includes Beast.
#pragma once

#include <agora/http/request.hpp>
#include <string_view>

namespace agora::http {

/// Parses the block into `out`, whose views then point into `block`. False: Beast reads the block differently than
/// check_head() did; the request must be refused, because request smuggling depends on such differences. Fields of
/// `out` that do not come from the header (the client, its credentials) are kept, so a header may be parsed again after
/// its buffer has moved.
bool parse_head(std::string_view block, request& out);

}  // namespace agora::http
