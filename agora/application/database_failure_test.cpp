// SPDX-License-Identifier: MIT
// The problem response for each error of the database.
#include <gmock/gmock.h>
#include <agora/application/database_failure.hpp>
#include <agora/http/problem.hpp>
#include <agora/storage/error.hpp>
#include <larder/result.hpp>

namespace agora::application {
namespace {

using storage::errc;
using ::testing::HasSubstr;

TEST(database_failures, each_error_of_the_database_has_an_answer)
{
    struct {
        errc error;
        unsigned status;
        const char* code;
    } const expected[] = {
        {errc::unavailable, 503, "unavailable"},
        {errc::read_only, 503, "read_only"},
        {errc::full, 503, "storage_full"},
        {errc::busy, 503, "busy"},
        {errc::timeout, 503, "timeout"},
        {errc::conflict, 503, "busy"},
        {errc::stale_statement, 503, "unavailable"},
        {errc::access_denied, 503, "unavailable"},
        {errc::corrupt, 500, "storage_corrupt"},
        {errc::unique_violation, 500, "internal"},
        {errc::foreign_key_violation, 500, "internal"},
        {errc::not_null_violation, 500, "internal"},
        {errc::check_violation, 500, "internal"},
        {errc::bad_value, 400, "malformed"},
        {errc::too_large, 413, "too_large"},
        {errc::invalid, 500, "internal"},
    };
    const http::request r;
    for (const auto& e : expected) {
        const storage::sql_error thrown{e.error, "SELECT secret"};
        const auto answer = http::problem(r, std::make_exception_ptr(thrown), &database_failure);
        EXPECT_EQ(answer.status, e.status) << to_string(e.error);
        EXPECT_THAT(answer.body, HasSubstr(std::string{"\"code\":\""} + e.code + "\"")) << to_string(e.error);
        EXPECT_EQ(answer.body.find("secret"), std::string::npos);
        const bool retry = std::ranges::any_of(answer.headers, [](const auto& h) { return h.first == "Retry-After"; });
        EXPECT_EQ(retry, e.status == 503) << to_string(e.error);
    }
    EXPECT_EQ(std::size(expected), static_cast<std::size_t>(errc::invalid)) << "every error code is in the table";
}

TEST(database_failures, other_exceptions_are_not_its_business)
{
    EXPECT_FALSE(database_failure(boost::system::system_error{larder::errc::timed_out}));
    EXPECT_FALSE(database_failure(std::logic_error{"x"}));
}

}  // namespace
}  // namespace agora::application
