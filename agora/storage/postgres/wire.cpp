// SPDX-License-Identifier: MIT
// Encodes parameters and decodes result columns. The order in encoded_params matters: every vector is reserved first,
// because values_ points into numbers_.
#include <agora/storage/postgres/wire.hpp>
#include <bit>
#include <charconv>

namespace agora::storage::postgres {

namespace {

// Type numbers from PostgreSQL's pg_type.dat.
constexpr Oid unknown_type = 0;
constexpr Oid int8_type = 20;
constexpr Oid text_type = 25;
constexpr Oid float8_type = 701;

constexpr int binary = 1;

[[noreturn]] void throw_bad_column(std::string_view name, std::string_view why)
{
    throw sql_error{errc::invalid, "postgresql: column '" + std::string{name} + "' is " + std::string{why}};
}

template <class T>
bool parse(std::string_view text, T& out)
{
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), out);
    return ec == std::errc{} && end == text.data() + text.size();
}

}  // namespace

encoded_params::encoded_params(const params& bound)
{
    const auto n = bound.values().size();
    types_.reserve(n);
    values_.reserve(n);
    lengths_.reserve(n);
    numbers_.reserve(n);
    formats_.assign(n, binary);
    for (const value& v : bound.values()) {
        int length = sizeof(std::uint64_t);
        if (const auto* i = std::get_if<std::int64_t>(&v)) {
            types_.push_back(int8_type);
            values_.push_back(store_number(static_cast<std::uint64_t>(*i)));
        } else if (const auto* d = std::get_if<double>(&v)) {
            types_.push_back(float8_type);
            values_.push_back(store_number(std::bit_cast<std::uint64_t>(*d)));
        } else if (const auto* text = std::get_if<std::string>(&v)) {
            types_.push_back(text_type);
            values_.push_back(text->data());
            length = static_cast<int>(text->size());
        } else {
            types_.push_back(unknown_type);
            values_.push_back(nullptr);
        }
        lengths_.push_back(length);
    }
}

const char* encoded_params::store_number(std::uint64_t bits)
{
    auto& bytes = numbers_.emplace_back();
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(bits >> (56 - 8 * i) & 0xff);
    return bytes.data();
}

std::string encoded_params::key_of(std::string_view sql) const
{
    std::string key;
    key.reserve(sql.size() + types_.size());
    key = sql;
    for (const Oid type : types_) {
        key += type == int8_type ? '\1' : type == text_type ? '\2' : type == float8_type ? '\3' : '\4';
    }
    return key;
}

std::string_view result_reader::text(int i) const
{
    if (is_null(i)) throw_bad_column(name(i), "null");
    return {PQgetvalue(r_, row_, i), static_cast<std::size_t>(PQgetlength(r_, row_, i))};
}

std::int64_t result_reader::int64(int i) const
{
    const auto digits = text(i);
    if (digits == "t" || digits == "f") return digits == "t" ? 1 : 0;  // as in SQLite, where booleans are integers
    std::int64_t v = 0;
    if (!parse(digits, v)) throw_bad_column(name(i), "not an integer");
    return v;
}

double result_reader::real(int i) const
{
    double v = 0;
    if (!parse(text(i), v)) throw_bad_column(name(i), "not a number");
    return v;
}

std::int64_t affected_rows(PGresult* r)
{
    if (std::string_view{PQcmdStatus(r)}.starts_with("SELECT")) return 0;
    std::int64_t n = 0;
    parse(std::string_view{PQcmdTuples(r)}, n);
    return n;
}

}  // namespace agora::storage::postgres
