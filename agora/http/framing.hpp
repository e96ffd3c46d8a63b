// SPDX-License-Identifier: MIT
// The strict check over a raw HTTP/1.x header block (RFC 9112), before any parser sees it. Two servers that read
// one byte stream differently can be made to answer the wrong person (request smuggling), so whatever RFC 9112
// leaves to lenience is refused here: obs-fold, bare CR or LF, space before a colon, two lengths, unknown codings.
// Pure function; no allocation.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace agora::http {

struct framing_limits {
    std::size_t request_line = 8 * 1024;   ///< bytes; over it: 414
    std::size_t header_block = 16 * 1024;  ///< bytes with the request line; over it: 431
    std::size_t fields = 100;              ///< over it: 431
};

/// Why a message is refused; the connection is closed after the answer.
struct refusal {
    unsigned status = 0;
    std::string_view code;
    std::string_view detail;
};

struct head_facts {
    std::size_t size = 0;  ///< bytes of the block with its blank line
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

/// Looks at the front of `bytes`. `incomplete` also stands for "nothing wrong so far".
head_check check_head(std::string_view bytes, const framing_limits& limits) noexcept;

/// One field line without its CRLF; false when it is not `name: value` (RFC 9112 5, RFC 9110 5.5).
bool split_field(std::string_view line, std::string_view& name, std::string_view& value) noexcept;

}  // namespace agora::http
