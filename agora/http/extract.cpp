// SPDX-License-Identifier: MIT
// The parts of reading a handler's arguments that are not templates.
#include <agora/http/extract.hpp>
#include <agora/http/problem_codes.hpp>
#include <agora/http/target.hpp>

namespace agora::http::detail {

namespace {

/// The field code of a problem that the JSON reader has found.
const field_code& code_of(std::string_view problem)
{
    using namespace field_codes;
    for (const auto* c : {&unknown, &missing, &wrong_type, &out_of_range})
        if (c->name == problem) return *c;
    return invalid;
}

}  // namespace

failure to_failure(const larder::json::read_failure& f)
{
    if (f.syntax) return failure{problems::malformed_json, f.detail};
    std::vector<field_error> errors;
    for (const auto& p : f.fields) errors.emplace_back(p.path, code_of(p.code), p.message);
    return failure::invalid(std::move(errors));
}

failure bad_escape() { return {problems::bad_escape, "the path has a malformed percent escape"}; }

response not_immediate(const request& r) { return problem(r, problems::internal, "not an immediate handler"); }

std::optional<failure> check_json_type(const request& r)
{
    const auto type = r.header("content-type");
    if (iequals(larder::trimmed(type.substr(0, type.find(';')), " "), "application/json")) return std::nullopt;
    return failure{problems::unsupported_media_type, "send the body as application/json"};
}

std::optional<failure> check_form(const request& r)
{
    const auto type = r.header("content-type");
    if (!iequals(larder::trimmed(type.substr(0, type.find(';')), " "), "application/x-www-form-urlencoded"))
        return failure{problems::unsupported_media_type, "this form takes no files; send it as it is on the page"};
    if (!is_encoded_text(r.body))
        return failure{problems::bad_escape,
                       "the form is not encoded as browsers do it, or has bytes that are not UTF-8"};
    return std::nullopt;
}

std::optional<std::string> form_field(const request& r, std::string_view name)
{
    auto text = parameter_of(r.body, name);
    if (!text) return std::nullopt;
    // Browsers send "\r\n" for each line end.
    std::string lines;
    lines.reserve(text->size());
    for (std::size_t i = 0; i < text->size(); ++i) {
        if ((*text)[i] == '\r' && i + 1 < text->size() && (*text)[i + 1] == '\n') continue;
        lines += (*text)[i] == '\r' ? '\n' : (*text)[i];
    }
    return lines;
}

}  // namespace agora::http::detail
