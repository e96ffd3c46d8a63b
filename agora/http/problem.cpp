// SPDX-License-Identifier: MIT
#include <spdlog/spdlog.h>
#include <agora/http/problem.hpp>
#include <agora/storage/db.hpp>
#include <boost/describe.hpp>
#include <boost/system/system_error.hpp>
#include <larder/json.hpp>

namespace agora::http {
namespace {

struct problem_field {
    std::string field;
    std::string code;
    std::string message;
};
BOOST_DESCRIBE_STRUCT(problem_field, (), (field, code, message))

/// RFC 9457 3.1, and this API's own members after it.
struct problem_body {
    std::string_view type = "about:blank";
    std::string_view title;
    std::int64_t status = 0;
    std::string_view detail;
    std::string_view instance;
    std::string_view code;
    std::string_view request_id;
};
BOOST_DESCRIBE_STRUCT(problem_body, (), (type, title, status, detail, instance, code, request_id))

struct validation_body : problem_body {
    std::vector<problem_field> errors;
};
BOOST_DESCRIBE_STRUCT(validation_body, (problem_body), (errors))

struct quota_body : problem_body {
    std::vector<std::string_view> violated_policies;
};
BOOST_DESCRIBE_STRUCT(quota_body, (problem_body), (violated_policies))

constexpr std::string_view problem_type = "application/problem+json";

problem_body describe(const request& r, unsigned status, std::string_view code, std::string_view detail)
{
    problem_body b;
    b.title = reason_phrase(status);
    b.status = status;
    b.detail = detail;
    b.instance = r.path;
    b.code = code;
    b.request_id = r.request_id;
    return b;
}

unsigned status_of(failure_kind k) noexcept
{
    switch (k) {
        case failure_kind::malformed:
            return 400;
        case failure_kind::unauthenticated:
            return 401;
        case failure_kind::forbidden:
            return 403;
        case failure_kind::not_found:
            return 404;
        case failure_kind::conflict:
            return 409;
        case failure_kind::stale:
            return 412;
        case failure_kind::too_large:
            return 413;
        case failure_kind::unsupported_type:
            return 415;
        case failure_kind::invalid:
            return 422;
        case failure_kind::precondition_required:
            return 428;
        case failure_kind::too_many:
            return 429;
        case failure_kind::unavailable:
            return 503;
    }
    return 500;
}

void add_standard_headers(response& answer, std::chrono::seconds retry_after = std::chrono::seconds{1})
{
    if (answer.status == 503 || answer.status == 429)
        answer.headers.emplace_back("Retry-After", std::to_string(retry_after.count()));
    if (answer.status == 401) answer.headers.emplace_back("WWW-Authenticate", "Bearer");
}

bool is_outage(const std::exception& e)
{
    if (const auto* sql = dynamic_cast<const storage::sql_error*>(&e)) {
        return sql->reason() == storage::sql_error::kind::busy || sql->reason() == storage::sql_error::kind::timeout;
    }
    return dynamic_cast<const boost::system::system_error*>(&e) != nullptr;
}

}  // namespace

response problem(const request& r, unsigned status, std::string_view code, std::string_view detail)
{
    response answer{status, problem_type, larder::json::to_string(describe(r, status, code, detail))};
    add_standard_headers(answer);
    return answer;
}

response problem(const request& r, const failure& f)
{
    const auto status = status_of(f.kind);
    if (f.fields.empty()) {
        response answer{status, problem_type, larder::json::to_string(describe(r, status, f.code, f.detail))};
        add_standard_headers(answer, f.retry_after);
        return answer;
    }
    validation_body body;
    static_cast<problem_body&>(body) = describe(r, status, f.code, f.detail);
    for (const auto& e : f.fields) body.errors.push_back({e.field, e.code, e.message});
    return {status, problem_type, larder::json::to_string(body)};
}

response quota_exceeded(const request& r, std::string_view policy)
{
    quota_body body;
    static_cast<problem_body&>(body) =
        describe(r, 429, "rate_limited", "too many requests; Retry-After says when to try again");
    body.type = "https://iana.org/assignments/http-problem-types#quota-exceeded";
    body.violated_policies.push_back(policy);
    auto text = larder::json::to_string(body);
    // The registered member has a hyphen, which no name in C++ can have.
    const std::string_view here = "\"violated_policies\"";
    text.replace(text.rfind(here), here.size(), "\"violated-policies\"");
    return {429, problem_type, std::move(text)};
}

response problem(const request& r, std::exception_ptr e)
{
    try {
        std::rethrow_exception(e);
    } catch (const std::exception& x) {
        spdlog::error("{} {} failed: {} (request {})", to_string(r.method), r.path, x.what(), r.request_id);
        if (is_outage(x))
            return problem(r, 503, "unavailable", "a part of the server is away at the moment; try again");
    } catch (...) {
        spdlog::error("{} {} failed (request {})", to_string(r.method), r.path, r.request_id);
    }
    return problem(r, 500, "internal", "the server failed on this request; its log has the request id");
}

std::string_view reason_phrase(unsigned status) noexcept
{
    switch (status) {
        case 200:
            return "OK";
        case 201:
            return "Created";
        case 202:
            return "Accepted";
        case 204:
            return "No Content";
        case 304:
            return "Not Modified";
        case 400:
            return "Bad Request";
        case 401:
            return "Unauthorized";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 408:
            return "Request Timeout";
        case 409:
            return "Conflict";
        case 412:
            return "Precondition Failed";
        case 413:
            return "Content Too Large";
        case 414:
            return "URI Too Long";
        case 415:
            return "Unsupported Media Type";
        case 417:
            return "Expectation Failed";
        case 422:
            return "Unprocessable Content";
        case 428:
            return "Precondition Required";
        case 429:
            return "Too Many Requests";
        case 431:
            return "Request Header Fields Too Large";
        case 500:
            return "Internal Server Error";
        case 501:
            return "Not Implemented";
        case 503:
            return "Service Unavailable";
        case 505:
            return "HTTP Version Not Supported";
        default:
            return "Unknown";
    }
}

}  // namespace agora::http
