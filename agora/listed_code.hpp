// SPDX-License-Identifier: MIT
// A list of all constants of one type in the program: of problem codes (problem_code.hpp) or of field codes
// (field_code.hpp). Each constant adds itself when it is made, so it needs no second entry elsewhere.
#pragma once

#include <vector>

namespace agora {

/// The base of T. Make only objects of namespace scope, so that the list is complete when main() begins; it is then
/// read-only and may be read from any thread. Constants of several sources may add themselves in any order, because the
/// list is empty before the first constructor runs.
template <class T>
class listed_code {
 protected:
    ~listed_code() = default;

    /// All constants, in no particular order.
    static std::vector<const T*> collect()
    {
        std::vector<const T*> codes;
        for (const auto* c = newest_; c != nullptr; c = c->older_) codes.push_back(static_cast<const T*>(c));
        return codes;
    }

 private:
    friend T;
    listed_code() noexcept : older_{newest_} { newest_ = this; }
    listed_code(const listed_code&) = delete;
    listed_code& operator=(const listed_code&) = delete;

    const listed_code* const older_;
    static inline constinit const listed_code* newest_ = nullptr;
};

}  // namespace agora
