// SPDX-License-Identifier: MIT
// The strict check of a raw HTTP/1.x header block (RFC 9112), before any parser sees it. When two servers read the same
// bytes differently, an attacker can get the response that belongs to another client (request smuggling). So everything
// that RFC 9112 lets a recipient tolerate is refused here: obs-fold, bare CR or LF, white space before a colon, two
// lengths, unknown codings. Start with check_head(). Pure functions; no allocation.
#pragma once

#include <agora/problem_code.hpp>
#include <cstdint>
#include <optional>
#include <string_view>

namespace agora::http {

struct framing_limits {
    std::size_t request_line = 8 * 1024;   ///< bytes; 414 above it
    std::size_t header_block = 16 * 1024;  ///< bytes, including the request line; 431 above it
    std::size_t fields = 100;              ///< 431 above it
};

/// Why a request is refused. The connection is closed after the response.
struct refusal {
    const problem_code* code = nullptr;
    std::string_view detail;
};

struct head_facts {
    std::size_t size = 0;  ///< bytes of the block, including the empty line that ends it
    std::uint64_t content_length = 0;
    bool chunked = false;
    bool keep_alive = true;
    bool expects_continue = false;
};

enum class head_state { incomplete, complete, refused };

struct head_check {
    head_state state = head_state::incomplete;
    head_facts facts;
    refusal why;
};

/// Checks the header block at the front of `bytes`. `incomplete` means that its end has not arrived, and that nothing
/// is wrong with it so far.
head_check check_head(std::string_view bytes, const framing_limits& limits) noexcept;

/// Splits a field line without its CRLF. False: it is not `name: value` (RFC 9112 5, RFC 9110 5.5).
bool split_field(std::string_view line, std::string_view& name, std::string_view& value) noexcept;

}  // namespace agora::http
