// SPDX-License-Identifier: MIT
// What a header field means that comes in more than one line, decided for each field that is read: one table, which
// docs/concepts/requests.md shows. And the elements of list fields (RFC 9110 5.6.1).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace agora::http {

enum class repeated : std::uint8_t {
    refuse,   ///< 400: two readers could believe different lines
    combine,  ///< the lines are one list (RFC 9110 5.3)
    first,    ///< only the first line is looked at: nothing is decided by it
};

struct field_rule {
    std::string_view name;
    repeated when;
};

/// Fields that are not here are not read. Sorted by the length of the name, so that few names are compared.
inline constexpr std::array field_rules{
    field_rule{"host", repeated::refuse},
    field_rule{"accept", repeated::combine},
    field_rule{"cookie", repeated::combine},  // by `;`: HTTP/2 splits it (RFC 9113 8.2.3)
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

/// The rule of a field by its name, in any case; null: the field is not read.
const field_rule* find_field_rule(std::string_view name) noexcept;

/// What may hide a comma in an element of a list.
enum class quoting : std::uint8_t {
    none,
    tags,     ///< quotes; a backslash is a character like any other (RFC 9110 8.8.3)
    strings,  ///< quotes; a backslash hides the next character (RFC 9110 5.6.4)
};

/// Takes the next element off a list, without white space around it; empty at the end.
std::string_view next_element(std::string_view& list, quoting q = quoting::none) noexcept;

/// Without blanks and tabs around it.
std::string_view trim_blanks(std::string_view text) noexcept;

}  // namespace agora::http
