// SPDX-License-Identifier: MIT
// Typed JSON: converts described structs to text and back, without building a document tree.
//
//     struct post { std::int64_t id; std::string title; std::optional<std::string> category; };
//     BOOST_DESCRIBE_STRUCT(post, (), (id, title, category))
//     std::string text = larder::json::to_string(p);
//     auto read = larder::json::read<post>(text);      // boost::system::result<post, read_failure>
//
// Supported types: bool, integers, double, strings, larder::timestamp (RFC 3339), described enums (as their names),
// std::optional (null when empty), std::vector, std::map with string keys, described structs, id_text and raw_json.
// Pure functions, thread-safe. Only src/json/reader.cpp includes Boost.JSON.
#pragma once

#include <larder/json/read.hpp>
#include <larder/json/schema.hpp>
#include <larder/json/write.hpp>
