// SPDX-License-Identifier: MIT
// The codes of problem responses (RFC 9457): what programs decide by. A code is a constant beside the code that needs
// it, in a source or a header of its folder:
//
//     namespace agora::problems {
//     inline const problem_code stale{"stale", 412, "The object has changed.", "Read it again and repeat the edit."};
//     }
//
// Each constant adds itself to the list that `agora errors` prints and docs/reference/errors.md is made from, so a code
// needs no second entry elsewhere. A failure or a problem response can be made only from such a constant.
#pragma once

#include <agora/listed_code.hpp>
#include <algorithm>
#include <string_view>
#include <tuple>
#include <vector>

namespace agora {

/// Make only objects of namespace scope, from literals. The list is complete when main() begins, and is then read-only.
class problem_code : public listed_code<problem_code> {
 public:
    /// `meaning_text` says what happened and `advice_text` what the caller should do, each in whole sentences.
    problem_code(std::string_view code_name, unsigned http_status, std::string_view meaning_text,
                 std::string_view advice_text) noexcept
        : name{code_name}, status{http_status}, meaning{meaning_text}, advice{advice_text}
    {}

    const std::string_view name;  ///< snake_case; never changes, because clients compare it
    const unsigned status;
    const std::string_view meaning;
    const std::string_view advice;

    /// All codes of the program, by status and name.
    static std::vector<const problem_code*> all()
    {
        auto codes = collect();
        std::ranges::sort(codes, {}, [](const problem_code* c) { return std::tuple{c->status, c->name}; });
        return codes;
    }
};

}  // namespace agora
