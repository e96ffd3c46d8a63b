// SPDX-License-Identifier: MIT
#include <agora/features/users/users.hpp>
#include <algorithm>

namespace agora::users {

std::string normalized_username(std::string_view written)
{
    std::string name{written};
    std::ranges::transform(name, name.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return name;
}

bool is_username(std::string_view normalized) noexcept
{
    return !normalized.empty() && std::ranges::all_of(normalized, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
    });
}

asio::awaitable<outcome<user>> one(store& s, std::int64_t id)
{
    std::optional<user> found = co_await s.find(id);
    if (!found) co_return failure::not_found("this user");
    co_return std::move(*found);
}

asio::awaitable<outcome<user>> by_name(store& s, std::string_view written)
{
    const std::string name = normalized_username(written);
    if (!is_username(name)) co_return failure::not_found("this user");
    std::optional<user> found = co_await s.find_by_name(name);
    if (!found) co_return failure::not_found("this user");
    co_return std::move(*found);
}

}  // namespace agora::users
