// SPDX-License-Identifier: MIT
#include <agora/storage/db.hpp>

namespace agora::storage {

void throw_column_mismatch(std::string_view member, std::string_view column)
{
    std::string text = "the query's column '" + std::string{column} + "' stands where the struct has '";
    text.append(member) += "'";
    throw sql_error{errc::invalid, text};
}

}  // namespace agora::storage
