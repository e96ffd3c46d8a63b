// SPDX-License-Identifier: MIT
// What the parts of the page share: how texts, types and JSON are shown. Pure.
#pragma once

#include <agora/html/html.hpp>
#include <larder/json/schema.hpp>
#include <string>
#include <string_view>

namespace agora::docs {

/// A text, with `code` in backticks.
void write_prose(html::writer& out, std::string_view text);

/// The name of a type, such as "integer" or "list of Post", with a link to the schema of an object.
void write_type(html::writer& out, const larder::json::schema_node& type);

/// What else limits a value: bounds, the allowed words and the default. Nothing if nothing is known.
void write_constraints(html::writer& out, const larder::json::schema_node& type,
                       const larder::json::member_facts& facts);

/// JSON with a line for each member.
std::string indented(std::string_view json);

}  // namespace agora::docs
