// SPDX-License-Identifier: MIT
// Problems as JSON (json_view::show_problem()), and what a view does that makes no pages: nothing, so that admission
// and the encoder go on as usual.
#include <agora/http/request.hpp>
#include <agora/http/view.hpp>
#include <vector>

namespace agora::http {
namespace {

struct problem_field {
    std::string_view field;
    std::string_view code;
    std::string_view message;
};
BOOST_DESCRIBE_STRUCT(problem_field, (), (field, code, message))

struct validation_body : problem_details {
    std::vector<problem_field> errors;
};
BOOST_DESCRIBE_STRUCT(validation_body, (problem_details), (errors))

struct quota_body : problem_details {
    std::vector<std::string_view> violated_policies;
};
BOOST_DESCRIBE_STRUCT(quota_body, (problem_details), (violated_policies))

}  // namespace

void view::fill(std::string& out, const page_slot& slot, const request& r) const
{
    static_cast<void>(out);
    static_cast<void>(slot);
    static_cast<void>(r);
}

std::optional<response> view::ask_to_sign_in(const request& r) const
{
    static_cast<void>(r);
    return std::nullopt;
}

std::optional<response> view::arrive(const request& r) const
{
    static_cast<void>(r);
    return std::nullopt;
}

shown json_view::show_problem(const problem_details& p) const
{
    if (!p.fields.empty()) {
        validation_body body{p, {}};
        for (const auto& e : p.fields) body.errors.push_back({e.field, e.code, e.message});
        return {larder::json::to_string(body)};
    }
    if (p.exceeded_rate_limit.empty()) return {larder::json::to_string(p)};
    auto text = larder::json::to_string(quota_body{p, {p.exceeded_rate_limit}});
    // The name of the registered member has a hyphen, which a C++ identifier cannot have.
    const std::string_view here = "\"violated_policies\"";
    text.replace(text.rfind(here), here.size(), "\"violated-policies\"");
    return {std::move(text)};
}

}  // namespace agora::http
