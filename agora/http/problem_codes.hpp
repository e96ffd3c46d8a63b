// SPDX-License-Identifier: MIT
// The problem codes of the server itself: of the protocol, of the routes, and of admission. See agora/problem_code.hpp.
#pragma once

#include <agora/problem_code.hpp>

namespace agora::problems {

// Requests that violate the protocol. The connection is closed after the response.
inline const problem_code bad_request_line{"bad_request_line", 400,
                                           "The request line is not a method, a target and an HTTP version.",
                                           "Correct the HTTP client, or the proxy before the server."};
inline const problem_code bad_request_target{"bad_request_target", 400,
                                             "The target of the request is neither a path nor an http or https URL.",
                                             "Send a path that begins with a slash."};
inline const problem_code bad_header{"bad_header", 400, "A header line is not a name, a colon and a value.",
                                     "Correct the HTTP client. Header values must not contain line breaks."};
inline const problem_code bad_content_length{"bad_content_length", 400,
                                             "Content-Length is not one number, or occurs with different values.",
                                             "Send the size of the body in bytes, once."};
inline const problem_code bad_transfer_encoding{
    "bad_transfer_encoding", 400,
    "Transfer-Encoding names another coding than chunked, or occurs together with Content-Length or in HTTP/1.0.",
    "Send the body with Content-Length, or chunked."};
inline const problem_code bad_host{"bad_host", 400, "The Host field is missing, occurs twice or is not valid.",
                                   "Send exactly one Host field, with the host name of the server."};
inline const problem_code repeated_field{
    "repeated_field", 400, "A header field that may occur only once, such as Authorization, occurs more than once.",
    "Send the field once."};
inline const problem_code bad_request{"bad_request", 400, "The request cannot be parsed.",
                                      "Correct the HTTP client, or the proxy before the server."};
inline const problem_code bad_chunk{"bad_chunk", 400, "The body is chunked, but the chunks are malformed.",
                                    "Correct the HTTP client, or send the body with Content-Length."};
inline const problem_code request_timeout{"request_timeout", 408, "The request did not arrive in time.",
                                          "Open a new connection and send the request again."};
inline const problem_code uri_too_long{"uri_too_long", 414, "The request line is too long.",
                                       "Send fewer or shorter parameters."};
inline const problem_code expectation_failed{"expectation_failed", 417,
                                             "The Expect field names an expectation other than 100-continue.",
                                             "Omit the Expect field."};
inline const problem_code headers_too_large{"headers_too_large", 431, "The header is too large or has too many fields.",
                                            "Send fewer or shorter header fields and cookies."};
inline const problem_code http_version_not_supported{"http_version_not_supported", 505,
                                                     "The server supports only HTTP/1.1 and HTTP/1.0.",
                                                     "Send the request as HTTP/1.1."};

// Requests that no route can serve.
inline const problem_code bad_escape{
    "bad_escape", 400, "The path or the query has a malformed percent escape, or decodes to bytes that are not text.",
    "Encode the parameters as UTF-8 and then as percent escapes."};
inline const problem_code method_not_allowed{"method_not_allowed", 405,
                                             "The path exists, but does not support this method.",
                                             "Use one of the methods in the Allow field of the response."};
inline const problem_code not_implemented{"not_implemented", 501, "The server does not implement this method.",
                                          "Use one of GET, HEAD, POST, PUT, PATCH, DELETE and OPTIONS."};
inline const problem_code body_too_large{"body_too_large", 413, "The body is larger than the route accepts.",
                                         "Send a smaller body."};
inline const problem_code unsupported_content_encoding{"unsupported_content_encoding", 415,
                                                       "The body has a content coding that the server does not decode.",
                                                       "Send the body uncompressed or compressed with gzip."};
inline const problem_code bad_content_encoding{"bad_content_encoding", 400,
                                               "Content-Encoding says gzip, but the body is not valid gzip data.",
                                               "Compress the body, or omit Content-Encoding."};
inline const problem_code unsupported_media_type{"unsupported_media_type", 415,
                                                 "Content-Type does not say that the body is JSON, or an HTML form.",
                                                 "Send JSON with the header field Content-Type: application/json."};
inline const problem_code malformed_json{"malformed_json", 400,
                                         "The body is not valid JSON. The member detail says where.",
                                         "Correct the body and send the request again."};

// Admission: authentication, roles and limits.
inline const problem_code credentials_needed{"credentials_needed", 401, "The route is not open to guests.",
                                             "Sign in, or send Authorization: Bearer with an access token or API key."};
inline const problem_code bad_credentials{"bad_credentials", 401,
                                          "The Authorization field uses a scheme other than Bearer.",
                                          "Send Authorization: Bearer with an access token or API key."};
inline const problem_code forbidden{"forbidden", 403,
                                    "The caller lacks the role for this request, or used a read-only API key.",
                                    "Use an account with the necessary role, or an API key that may write."};
inline const problem_code foreign_form{"foreign_form", 403,
                                       "A form of this site was sent from a page of another site (CSRF).",
                                       "Open the form on this site and send it from there."};
inline const problem_code rate_limited{
    "rate_limited", 429, "The caller has sent more requests than a rate limit allows. violated-policies names it.",
    "Wait for the seconds in Retry-After, then send the request again."};
inline const problem_code too_many_connections{"too_many_connections", 429,
                                               "One network has too many open connections.",
                                               "Close idle connections, and reuse open ones."};
inline const problem_code overloaded{"overloaded", 503, "The server has as many open connections as it may have.",
                                     "Try again after a second or more, with growing pauses."};

// Failures of the server, or of services that it depends on.
inline const problem_code unavailable{"unavailable", 503,
                                      "A service that the server depends on cannot be reached, such as the database.",
                                      "Wait for the seconds in Retry-After, then send the request again."};
inline const problem_code internal{"internal", 500,
                                   "The server failed to handle the request because of an error in it.",
                                   "Report the request_id to the operator; the log of the server has it, too."};

}  // namespace agora::problems
