// SPDX-License-Identifier: MIT
// What the server does when a header field appears in more than one line, decided for each field that it reads.
// docs/concepts/requests.md shows the table. Also: splitting list fields into elements (RFC 9110 5.6.1).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace agora::http {

enum class repeated : std::uint8_t {
    refuse,   ///< 400, because a proxy and this server could use different lines
    combine,  ///< all lines form one list (RFC 9110 5.3)
    first,    ///< only the first line is used; no decision depends on these fields
};

struct field_rule {
    std::string_view name;
    repeated when;
};

/// All fields that the server reads. Sorted by the length of the name, so that a lookup compares few names.
inline constexpr std::array field_rules{
    field_rule{"host", repeated::refuse},
    field_rule{"accept", repeated::combine},
    field_rule{"cookie", repeated::combine},  // joined with `;`, because HTTP/2 splits it (RFC 9113 8.2.3)
    field_rule{"expect", repeated::combine},
    field_rule{"origin", repeated::refuse},
    field_rule{"if-match", repeated::combine},
    field_rule{"forwarded", repeated::combine},
    field_rule{"connection", repeated::combine},
    field_rule{"user-agent", repeated::first},
    field_rule{"content-type", repeated::refuse},
    field_rule{"x-csrf-token", repeated::refuse},
    field_rule{"x-request-id", repeated::first},
    field_rule{"authorization", repeated::refuse},
    field_rule{"if-none-match", repeated::combine},
    field_rule{"content-length", repeated::refuse},
    field_rule{"sec-fetch-site", repeated::refuse},
    field_rule{"accept-encoding", repeated::combine},
    field_rule{"idempotency-key", repeated::refuse},
    field_rule{"x-forwarded-for", repeated::combine},
    field_rule{"content-encoding", repeated::combine},
    field_rule{"transfer-encoding", repeated::refuse},
    field_rule{"access-control-request-method", repeated::refuse},
    field_rule{"access-control-request-headers", repeated::combine},
};

/// The rule for a field; the name is compared case-insensitively. Null: the server does not read this field.
const field_rule* find_field_rule(std::string_view name) noexcept;

/// How an element of a list may contain a comma.
enum class quoting : std::uint8_t {
    none,     ///< it may not
    tags,     ///< inside quotes; a backslash is an ordinary character (RFC 9110 8.8.3)
    strings,  ///< inside quotes; a backslash escapes the next character (RFC 9110 5.6.4)
};

/// Removes the next element from the front of a list and returns it without the white space around it. Empty: the list
/// has no more elements.
std::string_view next_element(std::string_view& list, quoting q = quoting::none) noexcept;

/// The text without spaces and tabs at its ends.
std::string_view trim_blanks(std::string_view text) noexcept;

}  // namespace agora::http
