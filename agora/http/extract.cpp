// SPDX-License-Identifier: MIT
// The parts of reading a handler's arguments that are not templates.
#include <agora/http/extract.hpp>

namespace agora::http::detail {

failure to_failure(const larder::json::read_failure& f)
{
    if (f.syntax) return failure{failure_kind::malformed, "malformed_json", f.detail};
    std::vector<field_error> errors;
    for (const auto& p : f.fields) errors.emplace_back(p.path, std::string{p.code}, p.message);
    return failure::invalid(std::move(errors));
}

std::optional<failure> check_json_type(const request& r)
{
    const auto type = r.header("content-type");
    if (iequals(larder::trimmed(type.substr(0, type.find(';')), " "), "application/json")) return std::nullopt;
    return failure{failure_kind::unsupported_type, "unsupported_media_type", "send the body as application/json"};
}

}  // namespace agora::http::detail
