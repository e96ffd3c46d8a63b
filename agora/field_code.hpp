// SPDX-License-Identifier: MIT
// The codes of single fields in the problem `invalid_fields`: why a field was refused. Those that several folders need
// are below; a code that one folder needs is a constant there, in namespace agora::field_codes. As with problem codes
// (problem_code.hpp), each constant adds itself to the list that `agora errors` prints and docs/reference/errors.md is
// made from, and a field_error can be made only from such a constant.
#pragma once

#include <agora/listed_code.hpp>
#include <algorithm>
#include <string_view>
#include <vector>

namespace agora {

/// Make only objects of namespace scope, from literals. The list is complete when main() begins, and is then read-only.
class field_code : public listed_code<field_code> {
 public:
    /// `meaning_text` says in a whole sentence why the field was refused.
    field_code(std::string_view code_name, std::string_view meaning_text) noexcept
        : name{code_name}, meaning{meaning_text}
    {}

    const std::string_view name;  ///< snake_case; never changes, because clients compare it
    const std::string_view meaning;

    /// All codes of the program, by name.
    static std::vector<const field_code*> all()
    {
        auto codes = collect();
        std::ranges::sort(codes, {}, &field_code::name);
        return codes;
    }
};

namespace field_codes {

inline const field_code invalid{"invalid", "The value does not have the form that the message describes."};
inline const field_code missing{"missing", "The body lacks this field, which is not optional."};
inline const field_code out_of_range{"out_of_range", "The number is too large or too small."};
inline const field_code required{"required", "The field is empty."};
inline const field_code too_long{"too_long", "The text is longer than the message says."};
inline const field_code unknown{"unknown",
                                "The body has no field of this name, or the value names nothing that exists."};
inline const field_code wrong_type{"wrong_type", "The value has another type, such as text instead of a number."};

}  // namespace field_codes
}  // namespace agora
