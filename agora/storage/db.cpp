// SPDX-License-Identifier: MIT
// The error for a query whose columns do not match its row type.
#include <agora/storage/db.hpp>

namespace agora::storage {

void throw_column_mismatch(std::string_view member, std::string_view column)
{
    std::string text = "the query returns column '" + std::string{column} + "' where the row type has member '";
    text.append(member) += "'";
    throw sql_error{errc::invalid, text};
}

}  // namespace agora::storage
