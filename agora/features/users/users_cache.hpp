// SPDX-License-Identifier: MIT
// Cache regions of users: which responses are cached under which keys, and the tags by which changes invalidate them.
#pragma once

#include <agora/api/keys.hpp>
#include <agora/features/users/users.hpp>
#include <agora/storage/outbox.hpp>

namespace agora::users {

inline constexpr larder::region_options profile_options{
    .ttl = std::chrono::minutes{15}, .tags = {"user:{0}"}, .stale = api::public_answers};
inline constexpr larder::region_options list_options{
    .ttl = std::chrono::seconds{180}, .tags = {"users"}, .stale = api::public_answers};

inline constexpr api::response_region<std::int64_t> by_id{"user:{}", profile_options};
/// A profile as a signed-in user sees it. Key: user id, viewer.
inline constexpr api::response_region<std::int64_t, api::viewer> seen_by_id{"user:{}:{}", profile_options};
inline constexpr api::response_region<std::string> by_username{
    "user:name:{}", {.ttl = std::chrono::minutes{15}, .tags = {"username:{0}"}, .stale = api::public_answers}};
/// Key: skip, limit, search, viewer.
inline constexpr api::response_region<std::int64_t, std::int64_t, std::optional<std::string>, api::viewer> lists{
    "users:list:{}:{}:{}:{}", list_options};
/// Lists that were requested with a cursor or a total. Key: skip, limit, other parameters, viewer.
inline constexpr api::response_region<std::int64_t, std::int64_t, std::string, api::viewer> other_lists{
    "users:list:{}:{}:{}:{}:more", list_options};

}  // namespace agora::users
