// SPDX-License-Identifier: MIT
// Typed JSON: described structs to text and back, without a tree in between.
//
//     struct post { std::int64_t id; std::string title; std::optional<std::string> category; };
//     BOOST_DESCRIBE_STRUCT(post, (), (id, title, category))
//     std::string text = larder::json::to_string(p);
//     auto read = larder::json::read<post>(text);      // boost::system::result<post, read_failure>
//
// Known types: bool, integers, double, strings, larder::timestamp (RFC 3339), described enums (their names),
// std::optional (null when empty), std::vector, std::map with string keys, described structs, id_text and raw_json.
// Pure functions, thread-safe. Only src/json/reader.cpp sees Boost.JSON.
#pragma once

#include <larder/json/read.hpp>
#include <larder/json/schema.hpp>
#include <larder/json/write.hpp>
