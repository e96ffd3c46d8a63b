// SPDX-License-Identifier: MIT
// Maps the errors of the storage port to failures, with the problem codes that only the database causes. This is the
// only place that knows both. Start with database_failure().
#include <agora/application/database_failure.hpp>
#include <agora/http/problem.hpp>
#include <agora/http/problem_codes.hpp>
#include <agora/storage/error.hpp>

namespace agora::application {
namespace {

failure retry_in(std::chrono::seconds after, const problem_code& code, std::string detail)
{
    failure f{code, std::move(detail)};
    f.retry_after = after;
    return f;
}

failure failure_of(storage::errc e)
{
    using std::chrono::seconds;
    switch (e) {
        case storage::errc::unavailable:
        case storage::errc::stale_statement:
        case storage::errc::access_denied:
            return {problems::unavailable, "the database cannot be reached at the moment; try again"};
        case storage::errc::read_only:
            return retry_in(seconds{2}, problems::read_only, "the database is read-only at the moment; try again");
        case storage::errc::full:
            return retry_in(seconds{10}, problems::storage_full,
                            "the database has no space left for changes; try again later");
        case storage::errc::busy:
        case storage::errc::conflict:
            return {problems::busy, "the database is busy at the moment; try again"};
        case storage::errc::timeout:
            return {problems::timeout, "the database took too long; try again"};
        case storage::errc::corrupt:
            return {problems::storage_corrupt, "the stored data is corrupt; the operator has to restore it"};
        case storage::errc::bad_value:
            return {problems::malformed, "a value has characters or a size that cannot be stored"};
        case storage::errc::too_large:
            return {problems::too_large, "a value is too large to be stored"};
        case storage::errc::unique_violation:
        case storage::errc::foreign_key_violation:
        case storage::errc::not_null_violation:
        case storage::errc::check_violation:
        case storage::errc::invalid:
            break;  // a bug: the caller should have checked this before the statement
    }
    return http::internal_failure();
}

}  // namespace

std::optional<failure> database_failure(const std::exception& e)
{
    const auto* error = dynamic_cast<const boost::system::system_error*>(&e);
    if (error == nullptr || error->code().category() != storage::storage_category()) return std::nullopt;
    return failure_of(static_cast<storage::errc>(error->code().value()));
}

}  // namespace agora::application
