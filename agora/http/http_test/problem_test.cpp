// SPDX-License-Identifier: MIT
// The problem responses to exceptions, and the list of problem codes.
#include <gtest/gtest.h>
#include <agora/http/problem.hpp>
#include <agora/http/problem_codes.hpp>
#include <larder/result.hpp>
#include <set>

namespace agora::http {
namespace {

TEST(problems, other_infrastructure_is_an_outage_and_the_rest_is_internal)
{
    const request r;
    const boost::system::system_error outage{larder::errc::timed_out};
    EXPECT_EQ(problem(r, std::make_exception_ptr(outage), nullptr).status, 503U);
    EXPECT_EQ(problem(r, std::make_exception_ptr(std::logic_error{"x"}), nullptr).status, 500U);
    EXPECT_EQ(problem(r, std::make_exception_ptr(42), nullptr).status, 500U);
}

TEST(problems, a_mapper_decides_about_the_exceptions_that_it_knows)
{
    const request r;
    const exception_mapper known = [](const std::exception& e) -> std::optional<failure> {
        if (dynamic_cast<const std::logic_error*>(&e) == nullptr) return std::nullopt;
        return failure{problems::overloaded, "full"};
    };
    const auto answer = problem(r, std::make_exception_ptr(std::logic_error{"secret"}), known);
    EXPECT_EQ(answer.status, 503U);
    EXPECT_NE(answer.body.find(R"("code":"overloaded")"), std::string::npos);
    EXPECT_EQ(answer.body.find("secret"), std::string::npos);
    EXPECT_EQ(problem(r, std::make_exception_ptr(std::runtime_error{"x"}), known).status, 500U);
}

TEST(problems, every_code_of_the_program_is_listed_once_and_says_what_to_do)
{
    std::set<std::string_view> names;
    for (const auto* c : problem_code::all()) {
        EXPECT_TRUE(names.insert(c->name).second) << c->name;
        EXPECT_GE(c->status, 400U) << c->name;
        EXPECT_NE(reason_phrase(c->status), "Unknown") << c->name;
        EXPECT_TRUE(c->meaning.ends_with('.') && c->advice.ends_with('.')) << c->name;
    }
    EXPECT_TRUE(names.contains("not_found") && names.contains("bad_host"));
}

TEST(problems, every_code_of_a_field_is_listed_once_with_its_meaning)
{
    std::set<std::string_view> names;
    for (const auto* c : field_code::all()) {
        EXPECT_TRUE(names.insert(c->name).second) << c->name;
        EXPECT_TRUE(c->meaning.ends_with('.')) << c->name;
    }
    EXPECT_TRUE(names.contains("invalid") && names.contains("wrong_type"));
}

}  // namespace
}  // namespace agora::http
