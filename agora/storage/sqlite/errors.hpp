// SPDX-License-Identifier: MIT
// Maps SQLite's result codes to storage::errc with one table.
#pragma once

#include <agora/storage/error.hpp>

namespace agora::storage::sqlite {

/// `extended` is the extended result code; `system` is the errno of the failed call, or 0. An extended code without a
/// row of its own has the meaning of its primary code.
errc meaning_of(int extended, int system = 0) noexcept;

}  // namespace agora::storage::sqlite
