// SPDX-License-Identifier: MIT
// The one table from SQLite's result codes to storage::errc.
#pragma once

#include <agora/storage/error.hpp>

namespace agora::storage::sqlite {

/// `extended` is the extended result code, `system` the errno of the failed call, or 0. An extended code without a row
/// of its own means what its primary code means.
errc meaning_of(int extended, int system = 0) noexcept;

}  // namespace agora::storage::sqlite
