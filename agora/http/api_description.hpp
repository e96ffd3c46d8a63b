// SPDX-License-Identifier: MIT
// The API as people and generators see it: every operation with its parameters, answers, problems and limits. It is
// made from the route table, so it says what the server does; what a table cannot know, such as the meaning of the
// sections, comes with it as `documentation`. The OpenAPI document (openapi.hpp) and the page /docs are both made from
// this, so they agree. Made once, after the last route was added. Requires: the router outlives the description.
#pragma once

#include <agora/http/router.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace agora::http {

/// A section of the routes; see router::section().
struct documented_tag {
    std::string_view name;
    std::string_view title;
    std::string_view meaning;  ///< whole sentences
};

/// A part of the introduction: a heading, and paragraphs with `code` in backticks.
struct documented_topic {
    std::string_view title;
    std::string_view text;
};

/// A request or a response body that was recorded from the demo community.
struct documented_example {
    std::string_view operation;  ///< id of the operation
    std::string_view part;       ///< "request", or the status of the response
    std::string_view json;
};

/// The problems that the server has for many operations. The constants belong to folders above this one.
struct shared_problems {
    std::span<const problem_code* const> credentials;   ///< wherever a client may authenticate
    std::span<const problem_code* const> cookies;       ///< changes that a session cookie authenticates
    std::span<const problem_code* const> idempotency;   ///< requests that may have an Idempotency-Key
    std::span<const problem_code* const> dependencies;  ///< of every operation
};

/// What the route table does not say. All views are static text, or outlive the description.
struct documentation {
    std::string_view title;
    std::string_view version;
    std::string_view session_cookie;  ///< the name of the cookie that authenticates browsers
    std::span<const documented_topic> introduction{};
    std::span<const documented_tag> tags{};
    std::span<const documented_example> examples{};
    shared_problems problems{};
};

struct described_parameter {
    std::string_view name;
    std::string_view place;  ///< "path", "query" or "header"
    bool required = false;
    larder::json::schema_node type;
    larder::json::member_facts facts;
};

/// A response with a body of this type, or with one of these problems.
struct described_answer {
    unsigned status = 0;
    const larder::json::schema_node* body = nullptr;  ///< null: no body, or a problem
    std::vector<const problem_code*> problems{};      ///< sorted by name
};

struct described_operation {
    const route* from = nullptr;
    std::string id;  ///< such as "list_posts"
    std::vector<described_parameter> parameters;
    std::vector<described_answer> answers;  ///< by status
};

class api_description {
 public:
    api_description(const router& routes, const documentation& d);

    const documentation& about() const noexcept { return about_; }
    /// The sections, those without a text last.
    const std::vector<documented_tag>& tags() const noexcept { return tags_; }
    /// In the order in which the routes were added.
    const std::vector<described_operation>& operations() const noexcept { return operations_; }
    /// Null: there is no such example.
    const documented_example* example(std::string_view operation, std::string_view part) const noexcept;

 private:
    const documentation about_;
    std::vector<documented_tag> tags_;
    std::vector<described_operation> operations_;
};

/// Who may call a route, in a sentence.
std::string_view access_of(const route& r) noexcept;

/// What a route limits, each in a sentence: how often it may be called, and how large a body may be.
std::vector<std::string> limits_of(const route& r);

/// "1 h", "5 min" or "90 s".
std::string duration_text(std::chrono::milliseconds d);

}  // namespace agora::http
