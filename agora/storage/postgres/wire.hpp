// SPDX-License-Identifier: MIT
// Encodes parameters for the server and decodes the rows that it returns. Parameters are sent in binary, so that the
// server rejects a text that contains a NUL instead of truncating it. Results arrive as text.
#pragma once

#include <libpq-fe.h>

#include <agora/storage/db.hpp>
#include <array>

namespace agora::storage::postgres {

/// The parameter arrays that libpq expects. They point into `bound`, which must outlive this object.
class encoded_params {
 public:
    explicit encoded_params(const params& bound);
    encoded_params(const encoded_params&) = delete;
    encoded_params& operator=(const encoded_params&) = delete;

    int count() const noexcept { return static_cast<int>(types_.size()); }
    const Oid* types() const noexcept { return types_.data(); }
    const char* const* values() const noexcept { return values_.data(); }
    const int* lengths() const noexcept { return lengths_.data(); }
    const int* formats() const noexcept { return formats_.data(); }

    /// The cache key of a prepared statement. The same text with other parameter types is another statement.
    std::string key_of(std::string_view sql) const;

 private:
    const char* store_number(std::uint64_t bits);

    std::vector<Oid> types_;
    std::vector<const char*> values_;
    std::vector<int> lengths_;
    std::vector<int> formats_;
    std::vector<std::array<char, 8>> numbers_;  // reserved up front, because values_ points into it
};

/// The rows of one result in text format.
class result_reader final : public column_reader {
 public:
    explicit result_reader(const PGresult* r) : r_{r} {}
    void set_row(int row) noexcept { row_ = row; }

    int count() const override { return PQnfields(r_); }
    std::string_view name(int i) const override { return PQfname(r_, i); }
    bool is_null(int i) const override { return PQgetisnull(r_, row_, i) != 0; }
    std::int64_t int64(int i) const override;
    double real(int i) const override;
    std::string_view text(int i) const override;

 private:
    const PGresult* r_;
    int row_ = 0;
};

/// The number of rows that a statement inserted, changed or deleted; 0 for a SELECT.
std::int64_t affected_rows(PGresult* r);

}  // namespace agora::storage::postgres
