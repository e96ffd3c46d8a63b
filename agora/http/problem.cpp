// SPDX-License-Identifier: MIT
// Makes RFC 9457 problem responses. Start with the overloads of problem(): from a status, from a failure, and from an
// exception. answer_of() decides what a client may learn about an exception; its text goes only to the log.
#include <spdlog/spdlog.h>
#include <agora/http/problem.hpp>
#include <agora/storage/error.hpp>
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

void add_standard_headers(response& answer, std::chrono::seconds retry_after = std::chrono::seconds{1},
                          std::string_view challenge = {})
{
    if (answer.status == 503 || answer.status == 429)
        answer.headers.emplace_back("Retry-After", std::to_string(retry_after.count()));
    if (answer.status == 401 && challenge.empty()) challenge = "Bearer";
    if (!challenge.empty()) answer.headers.emplace_back("WWW-Authenticate", challenge);
}

/// The response to an exception.
struct error_answer {
    unsigned status = 500;
    std::string_view code = "internal";
    std::string_view detail = "the server failed to handle this request; its log has the request id";
    std::chrono::seconds retry_after{1};  ///< used for a 503
};

error_answer answer_of(storage::errc e) noexcept
{
    using std::chrono::seconds;
    switch (e) {
        case storage::errc::unavailable:
        case storage::errc::stale_statement:
        case storage::errc::access_denied:
            return {503, "unavailable", "the database cannot be reached at the moment; try again"};
        case storage::errc::read_only:
            return {503, "read_only", "the database is read-only at the moment; try again", seconds{2}};
        case storage::errc::full:
            return {503, "storage_full", "the database has no space left for changes; try again later", seconds{10}};
        case storage::errc::busy:
        case storage::errc::conflict:
            return {503, "busy", "the database is busy at the moment; try again"};
        case storage::errc::timeout:
            return {503, "timeout", "the database took too long; try again"};
        case storage::errc::corrupt:
            return {500, "storage_corrupt", "the stored data is corrupt; the operator has to restore it"};
        case storage::errc::bad_value:
            return {400, "malformed", "a value has characters or a size that cannot be stored"};
        case storage::errc::too_large:
            return {413, "too_large", "a value is too large to be stored"};
        case storage::errc::unique_violation:
        case storage::errc::foreign_key_violation:
        case storage::errc::not_null_violation:
        case storage::errc::check_violation:
        case storage::errc::invalid:
            break;  // a bug: the caller should have checked this before the statement
    }
    return {};
}

error_answer answer_of(const std::exception& e) noexcept
{
    const auto* infrastructure = dynamic_cast<const boost::system::system_error*>(&e);
    if (infrastructure == nullptr) return {};
    const auto& code = infrastructure->code();
    if (code.category() == storage::storage_category()) return answer_of(static_cast<storage::errc>(code.value()));
    return {503, "unavailable", "a service that this server depends on is unavailable at the moment; try again"};
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
        add_standard_headers(answer, f.retry_after, f.challenge);
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
    // The name of the registered member has a hyphen, which a C++ identifier cannot have.
    const std::string_view here = "\"violated_policies\"";
    text.replace(text.rfind(here), here.size(), "\"violated-policies\"");
    return {429, problem_type, std::move(text)};
}

response problem(const request& r, std::exception_ptr e)
{
    error_answer answer_body;
    try {
        std::rethrow_exception(e);
    } catch (const std::exception& x) {
        spdlog::error("{} {} failed: {} (request {})", to_string(r.method), r.path, x.what(), r.request_id);
        answer_body = answer_of(x);
    } catch (...) {
        spdlog::error("{} {} failed (request {})", to_string(r.method), r.path, r.request_id);
    }
    response answer{answer_body.status, problem_type,
                    larder::json::to_string(describe(r, answer_body.status, answer_body.code, answer_body.detail))};
    add_standard_headers(answer, answer_body.retry_after);
    return answer;
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
