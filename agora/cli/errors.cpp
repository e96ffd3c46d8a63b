// SPDX-License-Identifier: MIT
// `agora errors`: lists the code of every problem response with its status, its meaning and what to do, and the codes
// of refused fields; as text for a terminal or as the Markdown of docs/reference/errors.md.
#include <fmt/format.h>
#include <agora/cli/cli.hpp>
#include <agora/field_code.hpp>
#include <agora/http/problem.hpp>
#include <agora/problem_code.hpp>

namespace agora::cli {

namespace {

constexpr std::string_view page_head =
    "# Errors\n\nThis page is made by `./dev docs` from the program; `agora errors` prints the same list. A failed "
    "request gets a\nproblem (RFC 9457, `application/problem+json`). Its member `code` is one of the codes below, and "
    "is what a program\nshould decide by: codes never change their meaning. `detail` is one sentence for people and "
    "may change. `request_id`\nfinds the request in the log of the server. The problem `invalid_fields` has `errors`, "
    "a list of `field`, `code` and\n`message`; the codes of fields are at the end of this page. Responses with 429 and "
    "503 say in `Retry-After` how\nmany seconds to wait.\n";

void print_as_page(const problem_code& c, bool first_of_status)
{
    if (first_of_status)
        fmt::print("\n## {} {}\n\n| code | meaning | what to do |\n|---|---|---|\n", c.status,
                   http::reason_phrase(c.status));
    fmt::print("| `{}` | {} | {} |\n", c.name, c.meaning, c.advice);
}

void print_as_text(const problem_code& c, bool first_of_status)
{
    if (first_of_status) fmt::print("\n{} {}\n", c.status, http::reason_phrase(c.status));
    fmt::print("  {:28} {}\n  {:28} {}\n", c.name, c.meaning, "", c.advice);
}

void print_field_codes(bool markdown)
{
    fmt::print("{}", markdown
                         ? "\n## Codes of fields\n\nIn `errors` of the problem `invalid_fields`. `message` says what "
                           "the field may hold.\n\n| code | meaning |\n|---|---|\n"
                         : "\nThe codes of fields, in errors of the problem invalid_fields.\n");
    for (const auto* c : field_code::all()) {
        if (markdown) {
            fmt::print("| `{}` | {} |\n", c->name, c->meaning);
        } else {
            fmt::print("  {:28} {}\n", c->name, c->meaning);
        }
    }
}

}  // namespace

int run_errors(bool markdown)
{
    fmt::print("{}", markdown ? page_head : "The codes of problem responses, by status.\n");
    unsigned status = 0;
    for (const auto* c : problem_code::all()) {
        const bool first_of_status = c->status != status;
        status = c->status;
        if (markdown) {
            print_as_page(*c, first_of_status);
        } else {
            print_as_text(*c, first_of_status);
        }
    }
    print_field_codes(markdown);
    return 0;
}

}  // namespace agora::cli
