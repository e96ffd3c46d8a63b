// SPDX-License-Identifier: MIT
// Makes RFC 9457 problem responses. Start with the overloads of problem(): from a code, from a failure, and from an
// exception. failure_of() decides what a client may learn about an exception; its text goes only to the log.
#include <spdlog/spdlog.h>
#include <agora/http/problem.hpp>
#include <agora/http/problem_codes.hpp>
#include <boost/describe.hpp>
#include <larder/json.hpp>

namespace agora::http {
namespace {

struct problem_field {
    std::string field;
    std::string code;
    std::string message;
};
BOOST_DESCRIBE_STRUCT(problem_field, (), (field, code, message))

/// The members of RFC 9457 3.1, followed by this API's own: code and request_id.
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

void add_standard_headers(response& answer, std::chrono::seconds retry_after = std::chrono::seconds{1},
                          std::string_view challenge = {})
{
    if (answer.status == 503 || answer.status == 429)
        answer.headers.emplace_back("Retry-After", std::to_string(retry_after.count()));
    if (answer.status == 401 && challenge.empty()) challenge = "Bearer";
    if (!challenge.empty()) answer.headers.emplace_back("WWW-Authenticate", challenge);
}

failure failure_of(const std::exception& e, exception_mapper known)
{
    if (known != nullptr) {
        if (auto found = known(e)) return *std::move(found);
    }
    if (dynamic_cast<const boost::system::system_error*>(&e) != nullptr)
        return {problems::unavailable, "a service that this server depends on is unavailable at the moment; try again"};
    return internal_failure();
}

}  // namespace

failure internal_failure()
{
    return {problems::internal, "the server failed to handle this request; its log has the request id"};
}

response problem(const request& r, const problem_code& code, std::string_view detail)
{
    response answer{code.status, problem_type, larder::json::to_string(describe(r, code.status, code.name, detail))};
    add_standard_headers(answer);
    return answer;
}

response problem(const request& r, const failure& f)
{
    if (f.fields.empty()) {
        response answer{f.status, problem_type, larder::json::to_string(describe(r, f.status, f.code, f.detail))};
        add_standard_headers(answer, f.retry_after, f.challenge);
        return answer;
    }
    validation_body body;
    static_cast<problem_body&>(body) = describe(r, f.status, f.code, f.detail);
    for (const auto& e : f.fields) body.errors.push_back({e.field, e.code, e.message});
    return {f.status, problem_type, larder::json::to_string(body)};
}

response quota_exceeded(const request& r, std::string_view policy)
{
    quota_body body;
    const auto& code = problems::rate_limited;
    static_cast<problem_body&>(body) =
        describe(r, code.status, code.name, "too many requests; Retry-After says when to try again");
    body.type = "https://iana.org/assignments/http-problem-types#quota-exceeded";
    body.violated_policies.push_back(policy);
    auto text = larder::json::to_string(body);
    // The name of the registered member has a hyphen, which a C++ identifier cannot have.
    const std::string_view here = "\"violated_policies\"";
    text.replace(text.rfind(here), here.size(), "\"violated-policies\"");
    return {code.status, problem_type, std::move(text)};
}

response problem(const request& r, std::exception_ptr e, exception_mapper known)
{
    failure why = internal_failure();
    try {
        std::rethrow_exception(e);
    } catch (const std::exception& x) {
        spdlog::error("{} {} failed: {} (request {})", to_string(r.method), r.path, x.what(), r.request_id);
        why = failure_of(x, known);
    } catch (...) {
        spdlog::error("{} {} failed (request {})", to_string(r.method), r.path, r.request_id);
    }
    return problem(r, why);
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
