// SPDX-License-Identifier: MIT
// Makes problem responses. Start with the overloads of problem(): from a code, from a failure, and from an exception.
// The view of the request's route shows them. failure_of() decides what a client may learn about an exception; its text
// goes only to the log.
#include <agora/http/problem.hpp>
#include <agora/http/problem_codes.hpp>
#include <agora/http/view.hpp>
#include <agora/log.hpp>

namespace agora::http {
namespace {

problem_details describe(const request& r, unsigned status, std::string_view code, std::string_view detail)
{
    problem_details p;
    p.title = reason_phrase(status);
    p.status = status;
    p.detail = detail;
    p.instance = r.path;
    p.code = code;
    p.request_id = r.request_id;
    return p;
}

response show(const request& r, const problem_details& p)
{
    const view& by = r.shown_by != nullptr ? *r.shown_by : as_json;
    auto made = by.show_problem(p);
    response answer{static_cast<unsigned>(p.status), by.problem_type(), std::move(made.body)};
    answer.page = std::move(made.page);
    return answer;
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
    auto answer = show(r, describe(r, code.status, code.name, detail));
    add_standard_headers(answer);
    return answer;
}

response problem(const request& r, const failure& f)
{
    auto p = describe(r, f.status, f.code, f.detail);
    p.fields = f.fields;
    auto answer = show(r, p);
    add_standard_headers(answer, f.retry_after, f.challenge);
    return answer;
}

response quota_exceeded(const request& r, std::string_view policy)
{
    const auto& code = problems::rate_limited;
    auto p = describe(r, code.status, code.name, "too many requests; Retry-After says when to try again");
    p.type = "https://iana.org/assignments/http-problem-types#quota-exceeded";
    p.exceeded_rate_limit = policy;
    return show(r, p);
}

response problem(const request& r, std::exception_ptr e, exception_mapper known)
{
    failure why = internal_failure();
    try {
        std::rethrow_exception(e);
    } catch (const std::exception& x) {
        log::error("{} {} failed: {} (request {})", to_string(r.method), r.path, x.what(), r.request_id);
        why = failure_of(x, known);
    } catch (...) {
        log::error("{} {} failed (request {})", to_string(r.method), r.path, r.request_id);
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
        case 301:
            return "Moved Permanently";
        case 302:
            return "Found";
        case 303:
            return "See Other";
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
        case 410:
            return "Gone";
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
